#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# Installs what the tests need beyond Go on a Debian machine, and only what is
# missing: a C compiler (the race detector), Node with npm, Chromium, Firefox, nftables
# and iproute2 (cutting networks), openssl (a throw-away certificate), systemd, dpkg and ca-certificates (the Debian package), nginx, Caddy and HAProxy,
# coturn, ClickHouse, Prometheus,
# and the locked npm packages. Says what to run when it may not install.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "install: $*" >&2; }

command -v go >/dev/null || { say "Go 1.26 or newer is needed: https://go.dev/doc/install"; exit 1; }

node_ok() { command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null; }

missing=()
need() { # need COMMAND PACKAGE...
  local command=$1
  shift
  command -v "$command" >/dev/null || PATH="$PATH:/usr/sbin:/sbin" command -v "$command" >/dev/null || missing+=("$@")
}
need gcc gcc libc6-dev
need make make
need chromium chromium
need firefox-esr firefox-esr
need nft nftables
need ip iproute2
need openssl openssl
need update-ca-certificates ca-certificates
need systemd-analyze systemd
need dpkg-deb dpkg
need nginx nginx-light
need caddy caddy
need haproxy haproxy
need turnserver coturn
node_ok || missing+=(nodejs npm)

if [ ${#missing[@]} -gt 0 ]; then
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      apt=(sudo -n "${apt[@]}")
    else
      say "missing: ${missing[*]}; as root run: apt-get install ${missing[*]}"
      exit 1
    fi
  fi
  command -v apt-get >/dev/null || { say "missing: ${missing[*]}; this is not a Debian machine, install them by hand"; exit 1; }
  say "installing ${missing[*]}"
  log=$(mktemp)
  if ! { "${apt[@]}" -qq update && "${apt[@]}" -qq install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  rm -f "$log"
fi
scripts/clickhouse.sh install
scripts/prometheus.sh install
node_ok || { say "Node 20 or newer is needed and this release of Debian has $(node -v 2>/dev/null || echo none): https://nodejs.org"; exit 1; }

# Packages come exactly from the lock files; an unchanged lock installs nothing.
for dir in web e2e examples/playwright examples/react; do
  [ -f "$dir/package-lock.json" ] || continue
  cmp -s "$dir/package-lock.json" "$dir/node_modules/.installed-from" && continue
  say "npm ci in $dir"
  log=$(mktemp)
  if ! npm ci --prefix "$dir" --no-audit --no-fund --loglevel=error >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  rm -f "$log"
  cp "$dir/package-lock.json" "$dir/node_modules/.installed-from"
done
