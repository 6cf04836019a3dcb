#!/usr/bin/env bash
# Install those of the named Debian packages that are missing, after saying which and what for.
#   scripts/packages.sh REASON PACKAGE...
# Ends with 3 where they cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

reason=$1
shift

installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "$@"; do
  installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
  stop 3 "missing for $reason: ${missing[*]} (their names on Debian). This system has no apt-get:" \
    "install them by its own means, then run this again."

say "installing from this system's package sources, for $reason: ${missing[*]}"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
install=("${apt[@]}" install --yes --no-install-recommends "${missing[@]}")
if [ "${ENVKIT_DRY_RUN:-}" = 1 ]; then
  say "would run: ${install[*]}"
  exit 0
fi
as_root true  # asks for a password, or says that there is no sudo, before output goes to a log

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A third party's broken source is no reason to stop: what is needed comes from the distribution's own.
as_root "${apt[@]}" update </dev/null >"$log" 2>&1 || say "some package lists could not be read; going on without"
if ! as_root "${install[@]}" </dev/null >>"$log" 2>&1; then
  tail -n 20 "$log" >&2
  stop 3 "apt-get could not install ${missing[*]}; its own last lines stand above." \
    "hint: make 'apt-get install ${missing[*]}' work, then run this again."
fi
