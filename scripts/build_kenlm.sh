#!/usr/bin/env bash
# Builds KenLM's lmplz, build_binary and query from its source package into .tools/kenlm/bin, and
# keeps the source of its query code, which the engine is built with, in .tools/kenlm/source.
# Does nothing when they are there. Compiler output goes to .tools/kenlm.log. With --missing it
# only names the Debian packages that it would install.
#   PYTHON  interpreter whose pip downloads the source (default .venv/bin/python, else python3)
#   JOBS    compilers at once (default: all cores)
set -euo pipefail

readonly VERSION=0.3.0
readonly SHA256=c4628bb9fb63c8a6f9240035b8b037385cfc404cb72e933cf48878291edac1e8
readonly TARGETS=(lmplz build_binary query)
readonly PACKAGES=(
  cmake make g++ zlib1g-dev libboost-program-options-dev libboost-system-dev
  libboost-thread-dev libboost-test-dev
)

cd "$(dirname "$0")/.."
readonly TOOLS=$PWD/.tools
readonly HOME_DIR=$TOOLS/kenlm
readonly LOG=$TOOLS/kenlm.log

say() { printf 'KenLM %s: %s\n' "$VERSION" "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

has_tools() {
  local target
  [[ -f $HOME_DIR/version && $(<"$HOME_DIR/version") == "$VERSION" ]] || return 1
  for target in "${TARGETS[@]}"; do
    [[ -x $HOME_DIR/bin/$target ]] || return 1
  done
}

has_source() { [[ -f $HOME_DIR/source/version && $(<"$HOME_DIR/source/version") == "$VERSION" ]]; }

missing_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' \
      || command -v "$package" >/dev/null \
      || echo "$package"
  done
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends "$@" \
    || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}

install_missing() {
  command -v dpkg-query >/dev/null || return 0 # not Debian: cmake names what it does not find
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  [[ $(id -u) == 0 ]] \
    || fail "packages are missing; run: sudo apt-get install --no-install-recommends ${missing[*]}"
  say "installing ${missing[*]}"
  apt_install "${missing[@]}" >>"$LOG" 2>&1 || fail "apt-get install failed: see $LOG"
}

python() {
  local found=${PYTHON:-.venv/bin/python}
  command -v "$found" >/dev/null || found=python3
  "$found" "$@"
}

download() {
  python scripts/download_source.py kenlm "$VERSION" "$SHA256" "$1"
  tar -xzf "$1/kenlm-$VERSION.tar.gz" -C "$1"
}

compile() {
  cmake -S "$1/kenlm-$VERSION" -B "$1/build" -DCMAKE_BUILD_TYPE=Release -DENABLE_INTERPOLATE=OFF
  cmake --build "$1/build" --parallel "${JOBS:-$(nproc)}" --target "${TARGETS[@]}"
}

# The query code and its licence; the version last, as it says that all is there.
take_source() {
  rm -rf "$2/source"
  mkdir -p "$2/source"
  cp -r "$1/kenlm-$VERSION"/{lm,util,LICENSE,COPYING.LESSER.3} "$2/source"
  echo "$VERSION" >"$2/source/version"
}

assemble() {
  local target
  mkdir -p "$1/kenlm/bin"
  take_source "$1" "$1/kenlm"
  for target in "${TARGETS[@]}"; do
    install -m 755 "$1/build/bin/$target" "$1/kenlm/bin/$target"
  done
  echo "$VERSION" >"$1/kenlm/version"
  rm -rf "$HOME_DIR"
  mv "$1/kenlm" "$HOME_DIR"
}

build() {
  : >"$LOG"
  install_missing
  rm -rf "$TOOLS"/kenlm.?????? # left by a build that was killed
  work=$(mktemp -d "$TOOLS/kenlm.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  download "$work" >>"$LOG" 2>&1 || fail "the source package did not download: see $LOG"
  if has_tools; then
    take_source "$work" "$HOME_DIR"
    say "source in .tools/kenlm/source"
    return
  fi
  say "building ${TARGETS[*]} (about 2 minutes on 2 cores)"
  compile "$work" >>"$LOG" 2>&1 || fail "the build failed: see $LOG"
  assemble "$work"
  say "built in .tools/kenlm/bin"
}

if [[ ${1:-} == --missing ]]; then
  missing_packages
  exit
fi

mkdir -p "$TOOLS"
exec 9>"$TOOLS/kenlm.lock"
flock 9
if has_tools && has_source; then
  say "already in .tools/kenlm/bin"
else
  build
fi
