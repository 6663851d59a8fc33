#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# Runs every fuzz target for a short while: scripts/fuzz.sh [TIME], default 5s.
# First it runs their seeds and looks whether these reach the parsers that
# internal/parsers_test.go lists; with the time 0 it does only that.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-5s}
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-fuzz-XXXXXX")
trap 'rm -rf "$work"' EXIT
cache="$(go env GOCACHE)/fuzz/redial" # what was found to be interesting is tried again

# Targets are found, not listed, so that a new one cannot be forgotten.
targets=$(git ls-files -co --exclude-standard -- '*_test.go' | xargs -r grep -HoE '^func Fuzz[A-Za-z0-9_]+\(f ' || true)
[ -n "$targets" ] || { echo "no fuzz target was found" >&2; exit 1; }
packages=$(cut -d: -f1 <<<"$targets" | xargs -n1 dirname | sort -u)

# shellcheck disable=SC2086 # one word for each package
go test -run '^Fuzz' -covermode atomic -coverprofile "$work/reached" $(sed 's#^#./#' <<<"$packages")
REDIAL_FUZZ_PROFILE="$work/reached" go test -count 1 -run 'TestTargetsReachTheirParsers' ./internal
if [ "$time" = 0 ]; then
  echo "the seeds of $(wc -l <<<"$targets") fuzz targets"
  exit
fi

# Each package is built once, for all of its targets.
while read -r package; do
  go test -c -fuzz . -o "$work/fuzz.test" "./$package"
  for name in $(grep "^$package/[^/]*:" <<<"$targets" | grep -oE 'Fuzz[A-Za-z0-9_]+'); do
    echo "fuzz $package $name"
    # In its own directory, where a failing input is written to testdata/fuzz.
    (cd "$package" && "$work/fuzz.test" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$time" -test.fuzzcachedir "$cache/$package") \
      >"$work/out" 2>&1 && continue
    # On a busy machine the end of the time itself can be told as a failure; one
    # that was found names its input.
    if grep -q 'context deadline exceeded' "$work/out" && ! grep -qE 'Failing input|panic|testdata' "$work/out"; then continue; fi
    tail -n 60 "$work/out"
    exit 1
  done
done <<<"$packages"
echo "$(wc -l <<<"$targets") fuzz targets"
