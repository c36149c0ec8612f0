#!/usr/bin/env bash
# Builds the engine for this machine into .tools/engine/bin: schatten-recognize, and decode_logprobs
# (its search alone). Compiles only what changed.
#   build_engine.sh [COMPILERS AT ONCE]   default: all cores
set -euo pipefail
cd "$(realpath "$(dirname "$0")/..")"

readonly HOME_DIR=$PWD/.tools/engine
readonly PROGRAMS=(schatten-recognize decode_logprobs)

mkdir -p "$HOME_DIR/bin"
exec 9>"$HOME_DIR/lock"
flock 9
scripts/build_kenlm.sh
# A build folder knows where it lies: that of a clone that was moved is made anew.
if [ -f "$HOME_DIR/build/CMakeCache.txt" ] &&
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD/arm" "$HOME_DIR/build/CMakeCache.txt"; then
  rm -rf "$HOME_DIR/build"
fi
cmake -S arm -B "$HOME_DIR/build"
cmake --build "$HOME_DIR/build" --parallel "${1:-$(nproc)}" --target "${PROGRAMS[@]}"
# A program that did not change stays: another run may be using it.
for built in "$HOME_DIR/build/engine/schatten-recognize" "$HOME_DIR/build/bench/decode_logprobs"; do
  program=$HOME_DIR/bin/$(basename "$built")
  if [ ! "$program" -nt "$built" ]; then
    install -m 755 "$built" "$program"
  fi
done
