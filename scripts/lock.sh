#!/usr/bin/env bash
# Writes requirements.lock: every package of pyproject.toml and of its extras, and all that they
# need, with the hashes of their files, for every Python from 3.11 on. PyTorch and what only its
# CUDA build brings stay out: builds differ, so it is asked for by version alone.
# The lock has a section per extra, `workflow` first with what the package itself needs, then each
# with what those before it do not have. Versions are the same whichever groups are installed.
# Versions that the lock has stay, as far as pyproject.toml lets them; --upgrade takes new ones.
# uv's own settings decide where packages come from (UV_INDEX, UV_DEFAULT_INDEX, UV_FIND_LINKS).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LOCK=requirements.lock
readonly EXTRAS=(workflow onnx numbers test lint tools docs browser wheel)
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

# compile FILE OPTION...: what pyproject.toml needs with some of its extras
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
    --output-file "$@" pyproject.toml
}

# section GROUP: the packages of the lock that its list names and no earlier section has. A package
# is a line that is not indented, with its hashes on the lines below.
section() {
  echo "# group: $1"
  awk -v taken="$new/taken" '
    FILENAME == ARGV[1] { if (/^[^ #]/) wanted[$1] = 1; next }
    FILENAME == taken { had[$1] = 1; next }
    /^[^ ]/ {
      out = $1 in wanted && !($1 in had) && !/^(torch==|triton==|nvidia-|cuda-)/
      if (out) print $1 >>taken
    }
    out' "$new/$1" "$new/taken" "$new/all"
}

cp "$LOCK" "$new/all" 2>/dev/null || true
compile "$new/all" --generate-hashes --all-extras "$@"
: >"$new/taken"
{
  echo "# Made by scripts/lock.sh (make lock) from pyproject.toml."
  for group in "${EXTRAS[@]}"; do
    compile "$new/$group" --constraint "$new/all" --extra "$group"
    section "$group"
  done
} >"$new/lock"
mv "$new/lock" "$LOCK"
echo "$LOCK: $(grep -c '==' "$LOCK") packages"
