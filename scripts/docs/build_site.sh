#!/usr/bin/env bash
# Build the documentation site into build/site, or into the given folder. A warning is an error (--quiet would hide it).
# The first run installs mkdocs-material from requirements/docs.txt into .cache/venv-docs; the build uses no network.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

venv=.cache/venv-docs

fingerprint() { { readlink -f .venv/bin/python; cat requirements/docs.txt; } | sha256sum; }

mkdir -p .cache
exec 9>.cache/venv-docs.lock
flock 9
if [ "$(fingerprint)" != "$(cat $venv/fingerprint 2>/dev/null)" ]; then
  info "installing mkdocs-material into $venv"
  .venv/bin/python -m venv --clear $venv
  $venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/docs.txt ||
    fail 3 "pip could not install mkdocs-material; see its message above."
  fingerprint >$venv/fingerprint
fi
NO_MKDOCS_2_WARNING=1 exec $venv/bin/mkdocs build --strict ${1:+--site-dir "$1"}
