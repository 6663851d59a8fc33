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
# shellcheck source=scripts/servers.sh
. "$(dirname "$0")/servers.sh"

jar=/usr/share/java/zookeeper.jar

have() { [ -f "$jar" ] && command -v java >/dev/null; }

# serves tells whether a ZooKeeper answers on a loopback port. It listens before it does,
# and cuts off who comes then.
serves() { [ -n "$(exec 2>/dev/null; timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf srvr >&3; grep -a "^Mode:" <&3' "$1")" ]; }

install() {
  have && return
  local packages=(zookeeper)
  command -v java >/dev/null || packages+=(default-jre-headless)
  apt_install https://zookeeper.apache.org "${packages[@]}"
  have || { say "installed, yet there is no $jar"; exit 1; }
}

start() {
  have || { say "there is no ZooKeeper; run scripts/zookeeper.sh install"; exit 1; }
  local dir port pid
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  for _ in 1 2 3; do
    [ -s "$dir/port" ] || free >"$dir/port"
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
      if kill -0 "$pid" 2>/dev/null && serves "$port"; then
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

case "${1:-}" in
install) install ;;
start) start "${2:?DIR}" ;;
stop) end "${2:?DIR}" TERM ;;
*) sed -n '5,11p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2 ;;
esac
