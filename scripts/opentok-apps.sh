#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# Runs six public suites and apps for OpenTok, unchanged, against a server built from
# this tree, and prints what passed. They are fetched into the folder given, which is
# outside of the tree; what is there already is taken as it is.
#
#   scripts/opentok-apps.sh DIR
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "opentok-apps: $*" >&2; }

[ -n "${1:-}" ] || { say "say where they are or shall be: make opentok-apps DIR=/path/to/a/folder"; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd -P)
case "$dir/" in "$(pwd -P)/"*) say "DIR has to be outside of this tree, where nothing of it gets committed"; exit 2 ;; esac

missing=()
for name in opentok-web-samples opentok-react accelerator-core-js web-components one-to-one-sample-apps opentok-webinar; do
  [ -d "$dir/$name" ] || git clone -q --depth 1 "https://github.com/opentok/$name" "$dir/$name" || missing+=("$name")
done
for name in "${missing[@]}"; do say "missing: git clone https://github.com/opentok/$name $dir/$name"; done
[ ${#missing[@]} -eq 0 ] || exit 1

cmp -s e2e/apps/opentok/tools.json "$dir/package.json" && [ -d "$dir/node_modules" ] || {
  cp e2e/apps/opentok/tools.json "$dir/package.json"
  npm --prefix "$dir" install --ignore-scripts --no-audit --no-fund --no-package-lock
}

REDIAL_OPENTOK_APPS=$dir exec e2e/node_modules/.bin/playwright test -c e2e/apps.config.ts apps/opentok.apps "${@:2}"
