#!/usr/bin/env bash
# Create .venv with an editable envkit and its locked dependencies; with --dev also with those of tests and linters.
# Does nothing while pyproject.toml, the lock files, the interpreter and the path of the checkout are unchanged.
# ENVKIT_PYTHON sets the interpreter to use instead of the first suitable one.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

kind=user
[ "${1:-}" != --dev ] || kind=dev

is_suitable() {
  command -v "$1" >/dev/null &&
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

find_python() {
  local candidate
  if [ -n "${ENVKIT_PYTHON:-}" ]; then
    is_suitable "$ENVKIT_PYTHON" ||
      fail 3 "ENVKIT_PYTHON=$ENVKIT_PYTHON is not a Python 3.10 or later with the venv module"
    echo "$ENVKIT_PYTHON"
    return
  fi
  # The system interpreter comes first: every user of the machine can run it.
  for candidate in /usr/bin/python3 python3 python3.{14,13,12,11,10}; do
    if is_suitable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# The inputs of an installation: if one changes, it is repeated.
fingerprint() { { pwd; readlink -f .venv/bin/python; cat pyproject.toml requirements/run.txt requirements/dev.txt; } | sha256sum; }

works() { .venv/bin/python -m pip --version >/dev/null 2>&1; }

mkdir -p .cache
exec 9>.cache/venv.lock
flock 9

current() { [ "$(fingerprint)" = "$(cat ".venv/envkit-$1" 2>/dev/null)" ]; }

if works && { current dev || current $kind; }; then exit 0; fi

# In a checkout that was moved or copied, the scripts in .venv point to the old path.
if ! works || [ "$(cat .venv/envkit-place 2>/dev/null)" != "$PWD" ]; then
  python=$(find_python) || {
    [ -z "${ENVKIT_PYTHON:-}" ] || exit 3
    scripts/setup/packages.sh "Python's venv module" python3 python3-venv
    python=$(find_python) ||
      fail 3 "envkit needs Python 3.10 or later with the venv module, and this system has no package for it." \
        "hint: install one and run ENVKIT_PYTHON=/path/to/python3 make up"
  }
  info "creating .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
  pwd >.venv/envkit-place
fi

# A stamp of an earlier installation must not outlive this one.
rm -f .venv/envkit-user .venv/envkit-dev
info "installing envkit into .venv${1:+ with development dependencies}"
pip=(.venv/bin/python -m pip install -qq --disable-pip-version-check)
lock=requirements/run.txt
[ $kind = user ] || lock=requirements/dev.txt
# The build backend is in the lock file too, so the second step needs no index.
{ "${pip[@]}" --require-hashes -r $lock && "${pip[@]}" --no-deps --no-index --no-build-isolation --editable .; } ||
  fail 3 "pip could not install envkit; see its message above." \
    "hint: check the output of 'pip config list'; set https_proxy if you need a proxy."
fingerprint >.venv/envkit-$kind
