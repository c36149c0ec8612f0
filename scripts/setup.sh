#!/usr/bin/env bash
# Makes what a recipe's run needs: the virtual environment .venv with the package in it, and KenLM's
# tools and miniaudio's source in .tools. Does nothing when nothing changed since it last succeeded.
#   setup.sh [GROUP...]   the packages of the extra `workflow` of pyproject.toml, and of these, which
#                         may come later
#   PYTHON             interpreter for the environment (default: the first python3 that is >= 3.11)
#   TORCH_REQUIREMENT  what pip is asked for as PyTorch (default torch==2.13.0); any build will do
#   UNLOCKED           not empty: newest packages that pyproject.toml allows, not requirements.lock
#   PIP_...            pip's own settings, and its pip.conf, decide where packages come from; those
#                      that say where packages go (user, target, prefix, root) do not count
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TORCH=${TORCH_REQUIREMENT:-torch==2.13.0}
readonly VENV=.venv
readonly WANTED="workflow $*"
readonly LOG=.tools/setup.log
readonly PIP=("$VENV/bin/python" -m pip --disable-pip-version-check --no-input)

say() { printf 'setup: %s\n' "$*"; }

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# Keep settings of the user that are for other environments away from this one.
leave_other_environments() {
  unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONUSERBASE PYTHONNOUSERSITE PYTHONSAFEPATH \
    PYTHONDONTWRITEBYTECODE VIRTUAL_ENV \
    PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_REQUIREMENT PIP_EDITABLE PIP_LOG PIP_REPORT
  export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_REQUIRE_HASHES=0 PIP_NO_DEPS=0 PIP_DRY_RUN=0 \
    PIP_IGNORE_INSTALLED=0 PIP_UPGRADE=0 PYTHONUTF8=1
  [[ -d ${TMPDIR:-/tmp} && -w ${TMPDIR:-/tmp} ]] || unset TMPDIR
  local cache=${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/}/.cache}/pip}
  mkdir -p "$cache" 2>/dev/null && [[ -w $cache ]] || export PIP_NO_CACHE_DIR=1
}

# A variable undoes `user` of a pip.conf. It cannot undo these, as pip takes an empty one for none.
refuse_other_folders() {
  local setting
  setting=$("${PIP[@]}" config list | grep -Eo '[a-z]+\.(target|prefix|root|python)=' | head -n 1) || return 0
  fail "pip's settings send packages elsewhere (${setting%=}): run \`pip config unset ${setting%=}\`, or PIP_CONFIG_FILE=/dev/null make setup"
}

# Python refuses a name with a colon, as a PATH is divided by them, and pip one that is not UTF-8.
refuse_folder() {
  [[ $PWD != *:* && $PWD != *$'\n'* ]] || fail "move the clone: its folder has a colon in its name ($PWD)"
  printf '%s' "$PWD" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1 \
    || fail "move the clone: the name of its folder is not UTF-8 ($(printf '%q' "$PWD"))"
  [[ -w . ]] || fail "the clone's folder cannot be written: set up a clone of your own ($PWD)"
}

# What the environment follows from; its scripts hold this folder's path, so that counts too.
fingerprint() {
  { echo "$PWD" "$TORCH" "${UNLOCKED:-}" && cat pyproject.toml requirements.lock scripts/{setup.sh,build_kenlm.sh,get_miniaudio.sh,download_source.py}; } \
    | sha256sum
}

stamp() { echo "$VENV/setup-$1"; }

has_programs() {
  [[ -x $VENV/bin/schatten && -x .tools/kenlm/bin/lmplz && -f .tools/kenlm/source/KENLM_VERSION && -f .tools/miniaudio/MINIAUDIO_VERSION ]]
}

# Keep in MISSING the groups to set up: those asked for, and those that are there, so that packages
# of two groups always fit together.
find_missing() {
  local group now
  now=$(fingerprint)
  MISSING=()
  for group in $(sed -n 's/^# group: //p' requirements.lock); do
    [[ " $WANTED " == *" $group "* || -f $(stamp "$group") ]] || continue
    [[ -f $(stamp "$group") && $(<"$(stamp "$group")") == "$now" ]] && has_programs \
      || MISSING+=("$group")
  done
}

is_done() {
  find_missing
  ((${#MISSING[@]} == 0))
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
    is_new_enough "$candidate" && command -v "$candidate" && return
  done
  fail "${PYTHON:-python3} is not Python 3.11 or newer: install one and name it, PYTHON=python3.12 make setup"
}

# A Debian python3 makes no environments until its -venv package is there.
make_venv() {
  local python version
  python=$(find_python)
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    install_packages "python$version-venv"
  fi
  say "environment $VENV with Python $version"
  "$VENV/bin/python" -c '' 2>/dev/null || rm -rf "$VENV"
  "$python" -m venv "$VENV" >>"$LOG" 2>&1 || fail "the environment was not made: see $LOG"
}

install_packages() {
  [[ $(id -u) == 0 ]] || fail "packages are missing; run: sudo apt-get install $* $(missing_for_kenlm)"
  say "apt-get install $*"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } \
    >>"$LOG" 2>&1 || fail "apt-get failed: see $LOG"
}

missing_for_kenlm() { scripts/build_kenlm.sh --missing | tr '\n' ' '; }

# Nothing is compiled to bytecode ahead of time: Python does that for what it imports.
pip_install() {
  local began=$SECONDS
  say "$1"
  shift
  "${PIP[@]}" install --no-compile "$@" >>"$LOG" 2>&1 || {
    tail -n 15 "$LOG" >&2
    fail "pip failed: see $LOG; \`$VENV/bin/python -m pip config list\` prints the settings that it follows"
  }
  say "  done in $((SECONDS - began)) s"
}

# The lock's packages of the missing groups; each file is checked against its hash.
install_locked() {
  local wanted=$VENV/wanted.txt
  awk -v groups=" ${MISSING[*]} " '/^# group: / { out = index(groups, " " $3 " ") } out' \
    requirements.lock >"$wanted"
  pip_install "packages of requirements.lock: ${MISSING[*]}" \
    --require-hashes --no-deps --no-build-isolation --use-pep517 --requirement "$wanted"
}

# setuptools builds the packages that come as source, so it is there before them.
install_builder() {
  local builder=$VENV/builder.txt
  awk '/^[^ ]/ { out = /^setuptools==/ } out' requirements.lock >"$builder"
  pip_install "setuptools" --require-hashes --no-deps --requirement "$builder"
}

# PyTorch may not replace what the lock installed.
install_torch() {
  local constraint=$VENV/constraint.txt
  "${PIP[@]}" freeze --exclude-editable | grep '==' >"$constraint" || true
  pip_install "$TORCH (may be large)" --constraint "$constraint" "$TORCH"
}

install_newest() {
  local constraint=$VENV/constraint.txt extras
  extras=$(printf '%s\n' "${MISSING[@]}" | paste -sd ,)
  "${PIP[@]}" freeze --exclude-editable | grep '==' >"$constraint"
  pip_install "schatten and its packages: ${MISSING[*]}" \
    --constraint "$constraint" --editable ".[$extras]"
}

workflow_is_missing() { [[ " ${MISSING[*]} " == *" workflow "* ]]; }

install_python_packages() {
  local with_workflow=
  ! workflow_is_missing || with_workflow=yes
  if [[ -n ${UNLOCKED:-} ]]; then
    [[ -z $with_workflow ]] || install_torch
    install_newest
  else
    [[ -z $with_workflow ]] || install_builder
    install_locked
    if [[ -n $with_workflow ]]; then
      install_torch
      pip_install "schatten" --no-deps --no-build-isolation --editable .
    fi
  fi
  "${PIP[@]}" check >>"$LOG" 2>&1 || fail "packages do not fit together: see $LOG"
}

setup() {
  local kenlm group now
  mkdir -p .tools
  : >"$LOG"
  ! workflow_is_missing || make_venv
  refuse_other_folders
  for group in "${MISSING[@]}"; do : >"$(stamp "$group")"; done
  PYTHON=$VENV/bin/python scripts/build_kenlm.sh &
  kenlm=$!
  trap 'kill "$kenlm" 2>/dev/null' EXIT
  install_python_packages
  PYTHON=$VENV/bin/python scripts/get_miniaudio.sh
  wait "$kenlm" || fail "KenLM's tools were not built: see above"
  trap - EXIT
  now=$(fingerprint)
  for group in "${MISSING[@]}"; do echo "$now" >"$(stamp "$group")"; done
  say "ready in $SECONDS s; activate it with: . $VENV/bin/activate"
}

for group in "$@"; do
  grep -qx "# group: $group" requirements.lock \
    || fail "requirements.lock has no group $group: run \`make lock\`"
done
if ! is_done; then
  refuse_folder
  leave_other_environments
  mkdir -p .tools
  exec 8>.tools/setup.lock
  flock 8
  is_done || setup
fi
