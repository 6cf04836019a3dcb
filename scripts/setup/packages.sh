#!/usr/bin/env bash
# Install the missing ones of the given Debian packages, after printing their names and the reason.
#   scripts/setup/packages.sh REASON PACKAGE...
# Exits with code 3 if they cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

reason=$1
shift

installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "$@"; do
  installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

has_command apt-get ||
  fail 3 "missing for $reason: ${missing[*]} (Debian package names), and apt-get is not installed." \
    "hint: install them with your system's package manager, then run this again."

info "installing from this system's package sources, for $reason: ${missing[*]}"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
install=("${apt[@]}" install --yes --no-install-recommends "${missing[@]}")
if [ "${ENVKIT_DRY_RUN:-}" = 1 ]; then
  info "would run: ${install[*]}"
  exit 0
fi
as_root true  # asks for a password, or reports that sudo is missing, before output goes to a log

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A broken third-party source does not matter: the packages come from the distribution.
as_root "${apt[@]}" update </dev/null >"$log" 2>&1 || info "some package lists could not be read; continuing"
if ! as_root "${install[@]}" </dev/null >>"$log" 2>&1; then
  tail -n 20 "$log" >&2
  fail 3 "apt-get could not install ${missing[*]}; see its last lines above." \
    "hint: make 'apt-get install ${missing[*]}' work, then run this again."
fi
