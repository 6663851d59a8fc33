#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# A ClickHouse server of its own for tests and trials, without systemd:
#
#   scripts/clickhouse.sh install         Debian's clickhouse-server, when there is none
#   scripts/clickhouse.sh start DIR       on loopback, free ports, data in DIR; prints its URL
#   scripts/clickhouse.sh stop  DIR       asks it to end and waits
#   scripts/clickhouse.sh kill  DIR       SIGKILL
#   scripts/clickhouse.sh replicas DIR    two servers, DIR/a and DIR/b, which are the
#                                         replicas of the cluster "main", and their
#                                         ZooKeeper, DIR/zookeeper; prints the URL of both
#
# DIR keeps the ports, so that a server that is started again is found where it
# was. The last start's log is DIR/log.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin"

say() { echo "clickhouse: $*" >&2; }
# shellcheck source=scripts/servers.sh
. "$(dirname "$0")/servers.sh"

# The server's own command; current packages have one binary for everything.
server() {
  if command -v clickhouse-server >/dev/null; then
    exec clickhouse-server "$@"
  fi
  exec clickhouse server "$@"
}

have() { command -v clickhouse-server >/dev/null || command -v clickhouse >/dev/null; }

install() {
  have && return
  apt_install https://clickhouse.com/docs/install clickhouse-server
  have || { say "installed, yet there is no clickhouse-server"; exit 1; }
}

configure() {
  local dir=$1
  cat >"$dir/users.xml" <<XML
<yandex>
  <profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
  <users><default>
    <password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota>
  </default></users>
  <quotas><default></default></quotas>
</yandex>
XML
  cat >"$dir/config.xml" <<XML
<yandex>
  <logger><level>warning</level><console>true</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>$(cat "$dir/port")</tcp_port>
  <http_port>$(cat "$dir/http_port")</http_port>
  <path>$dir/data/</path>
  <tmp_path>$dir/tmp/</tmp_path>
  <user_files_path>$dir/user_files/</user_files_path>
  <format_schema_path>$dir/format_schemas/</format_schema_path>
  <users_config>$dir/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>UTC</timezone>
  <mark_cache_size>67108864</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_concurrent_queries>200</max_concurrent_queries>
$(cat "$dir/cluster.xml" 2>/dev/null)
</yandex>
XML
}

answers() { [ "$(exec 2>/dev/null; timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf "GET /ping HTTP/1.0\r\n\r\n" >&3; grep -ao "^Ok" <&3' "$1")" = Ok ]; }

start() {
  have || { say "there is no clickhouse-server; run scripts/clickhouse.sh install"; exit 1; }
  local dir pid
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  mkdir -p "$dir"/{data,tmp,user_files,format_schemas}
  for _ in 1 2 3; do
    [ -s "$dir/port" ] || { free >"$dir/port"; free >"$dir/http_port"; }
    configure "$dir"
    (cd "$dir" && server --config-file="$dir/config.xml") >"$dir/log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$dir/pid"
    for _ in $(seq 600); do
      if answers "$(cat "$dir/http_port")"; then
        disown "$pid"
        echo "clickhouse://127.0.0.1:$(cat "$dir/port")"
        return
      fi
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    grep -q "Address already in use" "$dir/log" || break
    rm -f "$dir/port" "$dir/http_port" # somebody was faster
  done
  tail -n 20 "$dir/log" >&2
  say "did not start"
  exit 1
}

# replicas starts two servers that have the same tables.
replicas() {
  local dir zookeeper name
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  zookeeper=$("$(dirname "$0")/zookeeper.sh" start "$dir/zookeeper")
  for name in a b; do
    mkdir -p "$dir/$name"
    for port in port http_port interserver_port; do
      [ -s "$dir/$name/$port" ] || free >"$dir/$name/$port"
    done
  done
  for name in a b; do
    cat >"$dir/$name/cluster.xml" <<XML
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <interserver_http_port>$(cat "$dir/$name/interserver_port")</interserver_http_port>
  <zookeeper><node><host>${zookeeper%:*}</host><port>${zookeeper#*:}</port></node><session_timeout_ms>3000</session_timeout_ms></zookeeper>
  <macros><shard>1</shard><replica>$name</replica></macros>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <remote_servers><main><shard><internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>$(cat "$dir/a/port")</port></replica>
    <replica><host>127.0.0.1</host><port>$(cat "$dir/b/port")</port></replica>
  </shard></main></remote_servers>
XML
  done
  start "$dir/a" >/dev/null
  start "$dir/b" >/dev/null
  echo "clickhouse://127.0.0.1:$(cat "$dir/a/port"),127.0.0.1:$(cat "$dir/b/port")"
}

case "${1:-}" in
install) install ;;
start) start "${2:?DIR}" ;;
stop) end "${2:?DIR}" TERM ;;
kill) end "${2:?DIR}" KILL ;;
replicas) replicas "${2:?DIR}" ;;
*) sed -n '5,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
