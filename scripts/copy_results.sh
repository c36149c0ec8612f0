#!/usr/bin/env bash
# Copies the tables and figures of a finished run to docs/results: copy_results.sh CORPUS/EXPERIMENT
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'results: %s\n' "$*" >&2
  exit 1
}

readonly RECIPE=${1:-}
# Anything else could name a folder that is not docs/results.
[[ $RECIPE =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] \
  || fail "$(printf '%q' "$RECIPE") is no recipe: give RECIPE=CORPUS/EXPERIMENT"
readonly TABLES=results/$RECIPE/tables
[[ -f $TABLES/wer.csv ]] || fail "$TABLES has no tables: run make wer_tables RECIPE=$RECIPE first"
shopt -s nullglob
mkdir -p "docs/results/$RECIPE"
cp "$TABLES"/*.{md,csv,png} "docs/results/$RECIPE/"
if [[ ! -f docs/results/$RECIPE/README.md ]]; then
  echo "results: now write docs/results/$RECIPE/README.md, and its line in docs/results/README.md"
fi
