#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# Runs every test there is, installing what they need, and stops at the first
# stage that fails. Nothing has to be prepared by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
# Nobody debugs what is built here, and the tables for that are a sixth of compiling.
lean=-gcflags=all=-dwarf=false
export CI=true GOFLAGS="${GOFLAGS:--buildvcs=false} $lean"
export CGO_ENABLED=0 # as it is released; the race detector alone needs C
PATH="$PATH:/usr/sbin:/sbin"
exec </dev/null

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
logs=$(mktemp -d "${TMPDIR:-/tmp}/redial-test-XXXXXX")
began=$SECONDS
echo "logs: $logs"

# stage NAME COMMAND... runs quietly and shows the end of its log on failure.
stage() {
  local name=$1 at=$SECONDS status=0
  shift
  printf '%-12s ' "$name"
  "$@" >"$logs/$name.log" 2>&1 || status=$?
  ended "$name" "$status" "$at"
}

# begin NAME COMMAND... runs beside the stages up to finish NAME.
declare -A beside since
begin() {
  local name=$1
  shift
  "$@" >"$logs/$name.log" 2>&1 &
  beside[$name]=$! since[$name]=$SECONDS
}

finish() {
  local status=0
  printf '%-12s ' "$1"
  wait "${beside[$1]}" || status=$?
  ended "$1" "$status" "${since[$1]}"
}

# ended NAME STATUS BEGAN says how a stage ended, and ends everything if it failed.
ended() {
  if [ "$2" = 0 ]; then
    printf 'ok    %4ds\n' $((SECONDS - $3))
    return
  fi
  printf 'FAIL  %4ds\n' $((SECONDS - $3))
  tail -n 80 "$logs/$1.log"
  wait # for what runs beside, which would go on using the machine
  # Last, for whoever sees only the end: what failed, and what it said.
  grep -A 4 -E '^ *--- FAIL|^FAIL.+|^panic:|DATA RACE|^not ok' "$logs/$1.log" | tail -n 40 || true
  echo "stage $1 failed after $((SECONDS - began)) s; the whole log is $logs/$1.log"
  exit 1
}

formatted() {
  local files
  files=$(git ls-files -co --exclude-standard -- '*.go' | xargs -r gofmt -l)
  [ -z "$files" ] || { echo "not formatted (make fmt):"; echo "$files"; return 1; }
}

# node_tests runs `npm test` of every package of web and of the examples.
node_tests() {
  local manifest
  for manifest in web/package.json web/*/package.json examples/*/package.json; do
    [ -f "$manifest" ] || continue
    if node -e 'process.exit(JSON.parse(require("fs").readFileSync(process.argv[1])).scripts?.test ? 0 : 1)' "$manifest"; then
      npm --prefix "$(dirname "$manifest")" test || return 1
    fi
  done
}

begin install scripts/install.sh # waits for disks and servers, mostly
stage gofmt formatted
stage modules go mod tidy -diff
# One program for all the tests that start it.
stage build go build -o "$logs/redial" ./cmd/redial
export REDIAL_BINARY="$logs/redial" REDIAL_E2E_BIN="$logs/redial"
stage vet go vet ./...
stage vet-release go -C release vet ./...
finish install
stage web npm --prefix web run check
stage e2e-types npm --prefix e2e run check
begin web-tests node_tests
stage staticcheck go run "$staticcheck" ./...
finish web-tests
# The seeds of fuzz targets run with the packages; whether they reach their parsers,
# which takes an instrumented build of each, and new inputs are for "make fuzz".
# Programs, and what writes or reads documents or files of events, are tested as they are
# released; races are looked for in everything else ("make race" looks in all) but the
# embedded SQLite, C turned into Go, which would take three times as long.
programs=(./internal/event/sqlite ./internal/event/clickhouse ./cmd/... ./bench/... ./examples/... ./internal ./internal/attack ./internal/diagnose/... ./internal/docsite ./internal/evidence ./internal/faultdoc)
concurrent=$(go list ./... | grep -vxFf <(go list "${programs[@]}"))
# Many tests wait for sockets and clocks, so more packages than processors run, and
# those that take longest begin. They were vetted before.
tests=(-vet=off '-ldflags=-s -w')
begin release go -C release test ./...
begin programs go test "${tests[@]}" -p 2 -timeout 12m "${programs[@]}"
# shellcheck disable=SC2086 # one word for each package
stage race env CGO_ENABLED=1 go test -race "${tests[@]}" -exec 'env CGO_ENABLED=0' "$lean" -gcflags='modernc.org/...=-race=false -dwarf=false' -p 2 -timeout 12m \
  ./internal/sfu ./internal/server ./internal/wire/hms ./client $concurrent
finish programs
finish release

# The scenarios speak for themselves, one line each, while they run.
echo "e2e"
REDIAL_E2E_OUTPUT="$logs/e2e" e2e/node_modules/.bin/playwright test -c e2e 2>&1 | tee "$logs/e2e.log"
rm -f "$REDIAL_BINARY"
echo "everything passed in $((SECONDS - began)) s"
tail -n 1 "$logs/e2e.log"
