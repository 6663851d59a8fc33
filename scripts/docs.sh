#!/usr/bin/env bash
# Writes the generated pages under docs/; with `check`, fails when one differs
# from what the code says instead.
set -euo pipefail
cd "$(dirname "$0")/.."
