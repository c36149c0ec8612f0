#!/usr/bin/env bash
# Builds the engine for this machine into .tools/engine/bin: schatten-recognize, and decode_logprobs
# (its search alone). Compiles only what changed.
#   build_engine.sh [COMPILERS AT ONCE]                    default: all cores
#   build_engine.sh --target TARGET [COMPILERS AT ONCE]    x86_64, aarch64 or armv7
# With a target it builds schatten-recognize alone, static and stripped, into .tools/engine-TARGET/bin.
set -euo pipefail
cd "$(realpath "$(dirname "$0")/..")"

# A workflow that is killed takes this script and its compilers along.
if [ -n "${SCHATTEN_LEADER-}" ]; then
  exec "${PYTHON:-python3}" scripts/follow.py scripts/build_engine.sh "$@"
fi

target=
if [ "${1-}" = --target ]; then
  target=${2-}
  shift 2 || true
fi
home=.tools/engine
programs=(schatten-recognize decode_logprobs)
options=()
case $target in
  "") ;;
  x86_64 | aarch64 | armv7)
    home=.tools/engine-$target
    programs=(schatten-recognize)
    case $target in
      "$(uname -m)") ;;
      aarch64) options=("-DCMAKE_TOOLCHAIN_FILE=$PWD/arm/toolchains/aarch64-linux-gnu.cmake") ;;
      armv7) options=("-DCMAKE_TOOLCHAIN_FILE=$PWD/arm/toolchains/arm-linux-gnueabihf.cmake") ;;
      *)
        echo "build_engine: no cross-compiler for $target is known here: build it on a machine of that kind" >&2
        exit 1
        ;;
    esac
    options+=("-DCMAKE_EXE_LINKER_FLAGS=-static -s" -DSCHATTEN_TESTS=OFF)
    ;;
  *)
    echo "build_engine: there is no target '$target': take x86_64, aarch64 or armv7" >&2
    exit 1
    ;;
esac
readonly HOME_DIR=$PWD/$home

mkdir -p "$HOME_DIR/bin"
exec 9>"$HOME_DIR/lock"
flock 9
scripts/build_kenlm.sh --source
scripts/get_miniaudio.sh
# A build folder knows where it lies: that of a clone that was moved is made anew.
if [ -f "$HOME_DIR/build/CMakeCache.txt" ] &&
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD/arm" "$HOME_DIR/build/CMakeCache.txt"; then
  rm -rf "$HOME_DIR/build"
fi
cmake -S arm -B "$HOME_DIR/build" "${options[@]}"
cmake --build "$HOME_DIR/build" --parallel "${1:-$(nproc)}" --target "${programs[@]}"
# A program that did not change stays: another run may be using it.
for name in "${programs[@]}"; do
  built=$(find "$HOME_DIR/build" -mindepth 2 -maxdepth 2 -type f -name "$name")
  program=$HOME_DIR/bin/$name
  if [ ! "$program" -nt "$built" ]; then
    install -m 755 "$built" "$program"
  fi
done
