#!/usr/bin/env bash
# Installs Debian packages: setup_packages.sh PACKAGE... Does nothing where they are there; as
# another user than root it prints the command to run.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LOG=.tools/setup-packages.log

command -v dpkg-query >/dev/null || exit 0 # not Debian: what needs a program says so itself
missing=()
for package in "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
((${#missing[@]})) || exit 0

# Another installation may hold dpkg's lock, as unattended upgrades do: wait up to 10 minutes for it.
install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 "${missing[@]}")
if [[ $(id -u) != 0 ]]; then
  echo "setup: packages are missing; run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
mkdir -p .tools
echo "setup: ${install[*]}"
export DEBIAN_FRONTEND=noninteractive
{ "${install[@]}" || { apt-get update && "${install[@]}"; }; } >"$LOG" 2>&1 \
  || { echo "setup: apt-get failed: see $LOG" >&2; exit 1; }
