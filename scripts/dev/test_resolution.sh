#!/usr/bin/env bash
# Run the unit tests with freshly resolved dependencies instead of the locked ones.
#   test_resolution.sh highest|lowest-direct [PYTEST ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

strategy=$1
shift
environment=.cache/venv-$strategy
info "resolving dependencies ($strategy) into $environment"
.venv/bin/uv venv --quiet --clear --python .venv/bin/python "$environment"
# The test tools stay locked: only the dependencies of the product vary.
.venv/bin/uv pip install --quiet --python "$environment/bin/python" --resolution "$strategy" '.[migrate]'
.venv/bin/uv pip freeze --quiet --python "$environment/bin/python" | grep -v '^tf-envkit' >"$environment/constraints.txt"
.venv/bin/uv pip install --quiet --python "$environment/bin/python" --constraints "$environment/constraints.txt" \
  --group dev '.[migrate]'
cat "$environment/constraints.txt"
exec "$environment/bin/python" -m pytest -n 2 --no-engine -p no:cacheprovider tests/unit "$@"
