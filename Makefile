SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
PYTHON := .venv/bin/python
# Extra arguments for pytest: make test ARGS="-k ssh"
ARGS ?=
# Number of parallel test workers, each with its own account and environments.
WORKERS ?= 3

.PHONY: help up down test test-images test-gpu-image unit lint bench bench-migrate wheel lock-dependencies test-newest test-oldest test-pythons dockerfiles docs docs-site clean venv dev engine tools

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

up: venv engine ## set up what is missing, then run the example: a locked-down TensorFlow workspace
	@scripts/setup/quickstart.sh up

down: venv ## stop the example and remove its container and network; files and volumes stay
	@scripts/setup/quickstart.sh down

test: dev engine tools ## set up what is missing, then run all tests in parallel
	@$(PYTHON) -m pytest -n $(WORKERS) $(ARGS)

unit: dev ## run the tests that need no engine
	@$(PYTHON) -m pytest -n $(WORKERS) --no-engine tests/unit tests/guest tests/process $(ARGS)

test-images: dev engine tools ## build whole images: by both of Docker's builders, compared; on a new base; an older release
	@$(PYTHON) -m pytest --whole-images -m whole_image tests/functional $(ARGS)

test-gpu-image: dev engine ## build the GPU image (2 GB of downloads), load CUDA in it, and test failures with a fake GPU
	@$(PYTHON) -m pytest --gpu-image -m gpu_image tests/functional $(ARGS)

lint: dev ## check style, types and import directions
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check --quiet .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) scripts/dev/check_vocabulary.py
	@.venv/bin/shellcheck -x scripts/*/*.sh .ci/run

bench: dev engine ## measure speed and size compared with Docker Compose and the Dev Containers CLI
	@scripts/setup/tools.sh --bench
	@$(PYTHON) -m benchmarks

bench-migrate: dev $(if $(CORPUS),engine) ## evaluate envkit migrate on public checkouts of old code: make bench-migrate CORPUS=FOLDER
	@$(PYTHON) -m benchmarks.migrate $(if $(CORPUS),--corpus "$(CORPUS)") $(ARGS)

wheel: venv ## build the wheel into dist/
	@$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/tf_envkit-*.whl

lock-dependencies: dev ## update requirements/*.txt to the newest versions that pyproject.toml allows
	@scripts/dev/lock_dependencies.sh

test-newest: dev ## run the unit tests with the newest versions of all dependencies
	@scripts/dev/test_resolution.sh highest

test-oldest: dev ## run the unit tests with the lowest versions that pyproject.toml allows
	@scripts/dev/test_resolution.sh lowest-direct

test-pythons: dev ## run the unit tests from a wheel on every Python from 3.10 to 3.14 that is installed
	@scripts/dev/test_pythons.sh

dockerfiles: dev ## render dockerfiles/ from the templates
	@$(PYTHON) scripts/docs/make_dockerfiles.py

docs: dev ## write the generated pages of docs/reference/
	@$(PYTHON) -m scripts.docs

docs-site: venv ## build the documentation site into build/site; warnings are errors
	@scripts/docs/build_site.sh

clean: ## remove .venv, caches, built files and the data of the test remote host (nothing of your engine)
	@rm -rf .venv .cache build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@[ ! -e /var/cache/envkit-far ] || scripts/dev/remote_host.sh forget

# Shared steps of the targets above.
venv:
	@scripts/setup/venv.sh

dev:
	@scripts/setup/venv.sh --dev

engine:
	@scripts/setup/engine.sh

tools:
	@scripts/setup/tools.sh
	@scripts/dev/remote_host.sh fetch
