#!/usr/bin/env bash
# Keeps miniaudio.h and its licence in .tools/miniaudio, from the source package of its Python binding: the engine's program
# decodes FLAC and MP3 with it, and hears microphones. Does nothing when they are there.
#   PYTHON  interpreter whose pip downloads the source (default .venv/bin/python, else python3)
set -euo pipefail

readonly VERSION=1.71 # of the binding: miniaudio 0.11.25
readonly SHA256=ff51e2887bb673e2e757752b586b3dc924d59aa5fbcae9bbc45f4a111bd3262b

cd "$(dirname "$0")/.."
readonly TOOLS=$PWD/.tools
readonly HOME_DIR=$TOOLS/miniaudio
readonly LOG=$TOOLS/miniaudio.log

fail() {
  printf 'miniaudio: %s\n' "$*" >&2
  exit 1
}

# Not `version`: libc++'s <version> would then be this file.
is_there() { [[ -f $HOME_DIR/MINIAUDIO_VERSION && $(<"$HOME_DIR/MINIAUDIO_VERSION") == "$VERSION" ]]; }

python() {
  local found=${PYTHON:-.venv/bin/python}
  command -v "$found" >/dev/null || found=python3
  "$found" "$@"
}

# The licence is the end of the header. The version last, as it says that all is there.
get() {
  python scripts/download_source.py miniaudio "$VERSION" "$SHA256" "$1"
  tar -xzf "$1/miniaudio-$VERSION.tar.gz" -C "$1" "miniaudio-$VERSION/miniaudio/miniaudio.h"
  mkdir "$1/miniaudio"
  mv "$1/miniaudio-$VERSION/miniaudio/miniaudio.h" "$1/miniaudio"
  sed -n '/^This software is available as a choice of the following licenses/,$ { /^\*\/$/d; p }' \
    "$1/miniaudio/miniaudio.h" >"$1/miniaudio/LICENSE"
  grep -q 'MIT No Attribution' "$1/miniaudio/LICENSE"
  echo "$VERSION" >"$1/miniaudio/MINIAUDIO_VERSION"
  rm -rf "$HOME_DIR"
  mv "$1/miniaudio" "$HOME_DIR"
}

mkdir -p "$TOOLS"
exec 9>"$TOOLS/miniaudio.lock"
flock 9
is_there && exit
rm -rf "$TOOLS"/miniaudio.?????? # left by a run that was killed
work=$(mktemp -d "$TOOLS/miniaudio.XXXXXX")
trap 'rm -rf "$work"' EXIT
get "$work" >"$LOG" 2>&1 || fail "the source package did not download: see $LOG"
