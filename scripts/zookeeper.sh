#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# A ZooKeeper of its own, for ClickHouse servers that are replicas of each other:
#
#   scripts/zookeeper.sh install         Debian's zookeeper, and a Java runtime where there is none
#   scripts/zookeeper.sh start DIR       on loopback, a free port, data in DIR; prints host:port
#   scripts/zookeeper.sh stop  DIR       asks it to end and waits
#
# DIR keeps the port. The last start's log is DIR/log.
set -euo pipefail

say() { echo "zookeeper: $*" >&2; }

jar=/usr/share/java/zookeeper.jar

have() { [ -f "$jar" ] && command -v java >/dev/null; }

install() {
  have && return
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get) packages=(zookeeper) log
  command -v java >/dev/null || packages+=(default-jre-headless)
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      apt=(sudo -n "${apt[@]}")
    else
      say "missing; as root run: apt-get install ${packages[*]}"
      exit 1
    fi
  fi
  command -v apt-get >/dev/null || { say "missing, and this is not a Debian machine: https://zookeeper.apache.org"; exit 1; }
  say "installing ${packages[*]}"
  log=$(mktemp)
  if ! { "${apt[@]}" -qq install -y --no-install-recommends "${packages[@]}" ||
    { "${apt[@]}" -qq update && "${apt[@]}" -qq install -y --no-install-recommends "${packages[@]}"; }; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  rm -f "$log"
  have || { say "installed, yet there is no $jar"; exit 1; }
}

# listens tells whether somebody listens on a loopback port.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start() {
  have || { say "there is no ZooKeeper; run scripts/zookeeper.sh install"; exit 1; }
  local dir port pid
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  for _ in 1 2 3; do
    if [ ! -s "$dir/port" ]; then
      port=$((20000 + RANDOM % 12000))
      listens "$port" && continue
      echo "$port" >"$dir/port"
    fi
    port=$(cat "$dir/port")
    cat >"$dir/zoo.cfg" <<CFG
dataDir=$dir/data
clientPort=$port
clientPortAddress=127.0.0.1
tickTime=500
admin.enableServer=false
CFG
    (cd "$dir" && exec java -Xmx256m -cp "$jar" org.apache.zookeeper.server.quorum.QuorumPeerMain "$dir/zoo.cfg") >"$dir/log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$dir/pid"
    for _ in $(seq 300); do
      if kill -0 "$pid" 2>/dev/null && listens "$port"; then
        disown "$pid"
        echo "127.0.0.1:$port"
        return
      fi
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    grep -q "Address already in use" "$dir/log" || break
    rm -f "$dir/port" # somebody was faster
  done
  tail -n 20 "$dir/log" >&2
  say "did not start"
  exit 1
}

stop() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || { say "nothing was started in $1"; exit 1; }
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
  rm -f "$1/pid"
}

case "${1:-}" in
install) install ;;
start) start "${2:?DIR}" ;;
stop) stop "${2:?DIR}" ;;
*) sed -n '5,11p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2 ;;
esac
