#!/usr/bin/env bash
# Runs every fuzz target for a short while: scripts/fuzz.sh [TIME], default 5s.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-5s}

# Targets are found, not listed, so that a new one cannot be forgotten.
targets=$(git ls-files -co --exclude-standard -- '*_test.go' | xargs -r grep -HoE '^func Fuzz[A-Za-z0-9_]+\(f ' || true)
[ -n "$targets" ] || { echo "no fuzz target was found" >&2; exit 1; }
while IFS=: read -r file line; do
  name=${line#func }
  name=${name%(*}
  echo "fuzz $(dirname "$file") $name"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./$(dirname "$file")"
done <<<"$targets"
echo "$(wc -l <<<"$targets") fuzz targets"
