#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# A PostgreSQL server of its own to measure beside, without systemd:
#
#   scripts/postgres.sh install         Debian's postgresql, when there is none
#   scripts/postgres.sh start DIR       data in DIR, a socket there and no network; prints DIR
#   scripts/postgres.sh stop  DIR       asks it to end and waits
#
# psql -h DIR bench talks to it. It is started by the user postgres where this is root.
set -euo pipefail

say() { echo "postgres: $*" >&2; }

bin() {
  local dir
  for dir in /usr/lib/postgresql/*/bin; do
    [ -x "$dir/initdb" ] && { echo "$dir"; return; }
  done
  command -v initdb >/dev/null && dirname "$(command -v initdb)"
}

install_it() {
  [ -n "$(bin)" ] && return
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || { say "missing; as root run: apt-get install postgresql"; exit 1; }
    apt=(sudo -n "${apt[@]}")
  fi
  command -v apt-get >/dev/null || { say "missing, and this is not a Debian machine: https://www.postgresql.org/download"; exit 1; }
  say "installing postgresql"
  # The package starts a cluster of its own unless that is turned off.
  mkdir -p /etc/postgresql-common/createcluster.d 2>/dev/null && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/none.conf || true
  "${apt[@]}" -qq install -y --no-install-recommends postgresql >&2 </dev/null || { "${apt[@]}" -qq update && "${apt[@]}" -qq install -y --no-install-recommends postgresql; } >&2 </dev/null
}

as() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

start() {
  local dir bin
  bin=$(bin)
  [ -n "$bin" ] || { say "there is no initdb; run scripts/postgres.sh install"; exit 1; }
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  cd "$dir" # which the user postgres can enter
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$dir"
    as test -x "$dir" || { say "the user postgres cannot enter $dir"; exit 1; }
  fi
  [ -s "$dir/data/PG_VERSION" ] || as "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-locale -E UTF8 >"$dir/log" 2>&1 || { tail -n 20 "$dir/log" >&2; exit 1; }
  as "$bin/pg_ctl" -D "$dir/data" -l "$dir/log.server" -w -t 120 -o "-c listen_addresses= -c unix_socket_directories=$dir -c shared_buffers=256MB" start >&2 </dev/null || { tail -n 20 "$dir/log.server" >&2; exit 1; }
  psql -h "$dir" -U postgres -qAt -c 'CREATE DATABASE bench' postgres >&2
  echo "$dir"
}

stop() { cd "$1" && as "$(bin)/pg_ctl" -D "$PWD/data" -w -t 120 -m fast stop >&2 </dev/null; }

case "${1-}" in
install) install_it ;;
start) start "${2:?DIR}" ;;
stop) stop "${2:?DIR}" ;;
*) sed -n 5,13p "$0" | sed 's/^# \?//' >&2; exit 2 ;;
esac
