#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# What the scripts have in common that install and run a server for tests. It is sourced;
# say is the script's own.

# apt_install SITE PACKAGE... installs Debian's packages; SITE is where others find them.
apt_install() {
  local site=$1 apt=(env DEBIAN_FRONTEND=noninteractive apt-get) log
  shift
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      apt=(sudo -n "${apt[@]}")
    else
      say "missing; as root run: apt-get install $*"
      exit 1
    fi
  fi
  command -v apt-get >/dev/null || { say "missing, and this is not a Debian machine: $site"; exit 1; }
  say "installing $*"
  log=$(mktemp)
  if ! { "${apt[@]}" -qq install -y --no-install-recommends "$@" ||
    { "${apt[@]}" -qq update && "${apt[@]}" -qq install -y --no-install-recommends "$@"; }; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  rm -f "$log"
}

# listens tells whether somebody listens on a loopback port.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free prints a loopback port that nobody listens on.
free() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    listens "$port" || { echo "$port"; return; }
  done
  say "no free port was found"
  exit 1
}

# end DIR SIGNAL ends the server of DIR and no other.
end() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || { say "nothing was started in $1"; exit 1; }
  kill "-$2" "$pid" 2>/dev/null || { ended "$1" "$pid"; return 0; }
  for _ in $(seq 300); do
    kill -0 "$pid" 2>/dev/null || { ended "$1" "$pid"; return 0; }
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
  ended "$1" "$pid"
}

# ended forgets a server that is gone, unless another has been started in its place.
ended() { [ "$(cat "$1/pid" 2>/dev/null)" != "$2" ] || rm -f "$1/pid"; }
