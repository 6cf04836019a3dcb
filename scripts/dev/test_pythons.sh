#!/usr/bin/env bash
# Install the wheel and run the unit tests on every Python from 3.10 to 3.14 that is installed on this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
.venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir "$wheels" .

tested=
for version in 3.10 3.11 3.12 3.13 3.14; do
  python=$(.venv/bin/uv python find --no-python-downloads "$version" 2>/dev/null) || {
    info "Python $version is not installed: skipped"
    continue
  }
  environment=.cache/venv-$version
  info "testing the wheel on $("$python" --version)"
  .venv/bin/uv venv --quiet --clear --python "$python" "$environment"
  .venv/bin/uv pip install --quiet --python "$environment/bin/python" --require-hashes -r requirements/dev.txt
  .venv/bin/uv pip install --quiet --python "$environment/bin/python" --no-deps --no-index "$wheels"/*.whl
  "$environment/bin/envkit" version
  "$environment/bin/python" -m pytest -q -n 2 --no-engine -p no:cacheprovider tests/unit "$@"
  tested+=" $version"
done
info "passed on Python$tested"
