#!/usr/bin/env bash
# Writes requirements.lock: every package of pyproject.toml and of its extras that set-up installs,
# and all that they need, with the hashes of their files, for every Python from 3.11 on. PyTorch and
# what only its CUDA build brings stay out: builds differ, so it is asked for by version alone.
# Versions that the lock has stay, as far as pyproject.toml lets them; --upgrade takes new ones.
# uv's own settings decide where packages come from (UV_INDEX, UV_DEFAULT_INDEX, UV_FIND_LINKS).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LOCK=requirements.lock
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

cp "$LOCK" "$new/all" 2>/dev/null || true
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
  --no-annotate --no-header "$@" --output-file "$new/all" pyproject.toml

# A package is a line that is not indented, with its hashes on the lines below.
awk '/^[^ ]/ { out = !/^(torch==|triton==|nvidia-|cuda-)/ } out' "$new/all" >"$new/kept"
{ echo "# Made by scripts/lock.sh (make lock) from pyproject.toml."; cat "$new/kept"; } >"$LOCK"
echo "$LOCK: $(grep -c '==' "$LOCK") packages"
