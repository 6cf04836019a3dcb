#!/usr/bin/env bash
# Lock the dependencies of pyproject.toml with hashes in requirements/*.txt, for Python 3.10 and later.
# The files contain no index address: pip and uv use the index that is configured on each machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

compile() {
  local target=$1
  shift
  .venv/bin/uv pip compile "$@" --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-annotate \
    --custom-compile-command "make lock-dependencies" -o "requirements/$target.txt" >/dev/null
}

compile run pyproject.toml --all-extras --group build
compile dev pyproject.toml --all-extras --group dev
compile docs --group docs
