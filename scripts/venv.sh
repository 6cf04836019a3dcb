#!/usr/bin/env bash
# Make .venv with envkit in it, editable; with --dev also with what tests and linters need.
# Does nothing while pyproject.toml, the interpreter and the checkout's place are what they were.
# ENVKIT_PYTHON names the interpreter to use instead of the first suitable one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

kind=user
[ "${1:-}" != --dev ] || kind=dev

suitable() {
  command -v "$1" >/dev/null &&
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

find_python() {
  local candidate
  if [ -n "${ENVKIT_PYTHON:-}" ]; then
    suitable "$ENVKIT_PYTHON" || stop 3 "ENVKIT_PYTHON=$ENVKIT_PYTHON is no Python 3.10 or later with the venv module"
    echo "$ENVKIT_PYTHON"
    return
  fi
  # The system's own comes first: every user of the machine can run it.
  for candidate in /usr/bin/python3 python3 python3.{14,13,12,11,10}; do
    if suitable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# What an installation depends on: once this changes, it is made anew.
fingerprint() { { pwd; readlink -f .venv/bin/python; cat pyproject.toml; } | sha256sum; }

works() { .venv/bin/python -m pip --version >/dev/null 2>&1; }

mkdir -p .cache
exec 9>.cache/venv.lock
flock 9

current() { [ "$(fingerprint)" = "$(cat ".venv/envkit-$1" 2>/dev/null)" ]; }

if works && { current dev || current $kind; }; then exit 0; fi

# A checkout that was moved or copied has a .venv whose scripts point to the old place.
if ! works || [ "$(cat .venv/envkit-place 2>/dev/null)" != "$PWD" ]; then
  python=$(find_python) || {
    [ -z "${ENVKIT_PYTHON:-}" ] || exit 3
    scripts/packages.sh "Python's venv module" python3 python3-venv
    python=$(find_python) ||
      stop 3 "envkit needs Python 3.10 or later with the venv module, and this system's packages have none." \
        "hint: install one and run ENVKIT_PYTHON=/path/to/python3 make up"
  }
  say "making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
  pwd >.venv/envkit-place
fi

say "installing envkit into .venv${1:+ with what development needs}"
pip=(.venv/bin/python -m pip install -qq --disable-pip-version-check)
packages=(--editable .)
if [ $kind = dev ]; then
  "${pip[@]}" --upgrade 'pip>=25.1'  # the first that knows dependency groups
  packages+=(--group dev)
fi
"${pip[@]}" "${packages[@]}" ||
  stop 3 "pip could not install envkit; its own message stands above." \
    "pip uses your own settings: 'pip config list' shows them, a proxy is read from https_proxy."
fingerprint >.venv/envkit-$kind
