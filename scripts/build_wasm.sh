#!/usr/bin/env bash
# Builds the engine for browsers into dist/web, a folder to serve: schatten.js, the module, a page with
# a microphone. Compiles only what changed.
#   build_wasm.sh [--scalar] [COMPILERS AT ONCE]    default: all cores
#   --scalar   without vectors of 128 bits, for Safari before 16.4, into dist/web-scalar
set -euo pipefail
cd "$(realpath "$(dirname "$0")/..")"

preset=wasm
if [ "${1-}" = --scalar ]; then
  preset=wasm-scalar
  shift
fi
readonly BUILD=$PWD/arm/build-$preset OUTPUT=$PWD/dist/web${preset#wasm}
command -v emcc >/dev/null || {
  echo "build_wasm: emcc is missing: run \`make wasm\`, which installs Debian's, or activate an emsdk" >&2
  exit 1
}

mkdir -p .tools
exec 9>".tools/$preset.lock"
flock 9
scripts/build_kenlm.sh --source
# A build folder knows where it lies: that of a clone that was moved is made anew.
if [ -f "$BUILD/CMakeCache.txt" ] &&
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD/arm" "$BUILD/CMakeCache.txt"; then
  rm -rf "$BUILD"
fi
(cd arm && cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "${1:-$(nproc)}")
cmake --install "$BUILD" --prefix "$OUTPUT" --component web
echo "build_wasm: $(stat -c %s "$OUTPUT/schatten-engine.wasm") bytes of WebAssembly in ${OUTPUT#"$PWD"/}"
