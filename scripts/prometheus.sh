#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# Debian's prometheus and promtool for tests, unpacked into build/tools: installing
# the package would start a service.
#
#   scripts/prometheus.sh install
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "prometheus: $*" >&2; }

case "${1:-}" in
install) ;;
*) sed -n '5,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
have() { command -v "$1" >/dev/null || [ -x "build/tools/$1" ]; }
have prometheus && have promtool && exit
command -v apt-get >/dev/null || { say "missing, and this is not a Debian machine: https://prometheus.io/download"; exit 1; }

tools=$PWD/build/tools
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
fetch() { (cd "$dir" && apt-get -qq download prometheus) >"$dir/log" 2>&1 </dev/null; }
update() {
  if [ "$(id -u)" -eq 0 ]; then
    apt-get -qq update
  elif command -v sudo >/dev/null; then
    sudo -n apt-get -qq update
  fi
}
say "fetching Debian's prometheus"
if ! fetch && ! { update >"$dir/log" 2>&1 </dev/null && fetch; }; then
  tail -n 20 "$dir/log" >&2
  say "could not be had; run apt-get update, or put prometheus and promtool on the PATH"
  exit 1
fi
dpkg-deb -x "$dir"/prometheus_*.deb "$dir/root"
mkdir -p "$tools"
for one in prometheus promtool; do
  mv "$dir/root/usr/bin/$one" "$tools/.$one" # whole when it has its name
  mv "$tools/.$one" "$tools/$one"
done
