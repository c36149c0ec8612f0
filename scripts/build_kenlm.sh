#!/usr/bin/env bash
# Builds KenLM's lmplz, build_binary and query from its source package into .tools/kenlm/bin, and
# keeps the source of its query code, which the engine is built with, in .tools/kenlm/source.
# Does nothing when they are there. Compiler output goes to .tools/kenlm.log.
#   --source   only fetches the source, which is all that the engine needs: no compiler, no Boost
#   --missing  only names the Debian packages that it would install
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

# The file is not called `version`: libc++'s <version> would then be this one.
has_source() {
  local stamp=$HOME_DIR/source/KENLM_VERSION
  [[ ! -f $HOME_DIR/source/version ]] || mv "$HOME_DIR/source/version" "$stamp" # of before
  [[ -f $stamp && $(<"$stamp") == "$VERSION" ]]
}

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

# The query code and its licence, all at once: CMake may look at any time.
take_source() {
  mkdir -p "$1/source" "$2"
  cp -r "$1/kenlm-$VERSION"/{lm,util,LICENSE,COPYING.LESSER.3} "$1/source"
  echo "$VERSION" >"$1/source/KENLM_VERSION"
  rm -rf "$2/source"
  mv "$1/source" "$2/source"
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
  [[ -n $WITH_TOOLS ]] && install_missing
  rm -rf "$TOOLS"/kenlm.?????? # left by a build that was killed
  work=$(mktemp -d "$TOOLS/kenlm.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  download "$work" >>"$LOG" 2>&1 || fail "the source package did not download: see $LOG"
  if [[ -z $WITH_TOOLS ]] || has_tools; then
    take_source "$work" "$HOME_DIR"
    say "source in .tools/kenlm/source"
    return
  fi
  say "building ${TARGETS[*]} (about 2 minutes on 2 cores)"
  compile "$work" >>"$LOG" 2>&1 || fail "the build failed: see $LOG"
  assemble "$work"
  say "built in .tools/kenlm/bin"
}

WITH_TOOLS=yes
case ${1:-} in
  "") ;;
  --source) WITH_TOOLS= ;;
  --missing)
    missing_packages
    exit
    ;;
  *) fail "there is no option '$1': take --source or --missing" ;;
esac
readonly WITH_TOOLS

mkdir -p "$TOOLS"
exec 9>"$TOOLS/kenlm.lock"
flock 9
if has_source && [[ -z $WITH_TOOLS ]]; then
  say "source already in .tools/kenlm/source"
elif has_source && has_tools; then
  say "already in .tools/kenlm/bin"
else
  build
fi
