SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
PYTHON := .venv/bin/python
# More arguments for pytest: make test ARGS="-k ssh"
ARGS ?=
# How many tests run side by side, each with an account and environments of its own: one at a time leaves cores idle.
WORKERS ?= 3

.PHONY: help up down test test-images test-gpu-image unit lint bench bench-migrate wheel dockerfiles docs clean venv dev engine tools

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

up: venv engine ## set up what is missing, then run the example: a locked-down TensorFlow workspace
	@scripts/quickstart.sh up

down: venv ## stop the example and remove its container and network; files and volumes stay
	@scripts/quickstart.sh down

test: dev engine tools ## set up what is missing, then run every test, a few side by side
	@$(PYTHON) -m pytest -n $(WORKERS) $(ARGS)

unit: dev ## run the tests that need no engine
	@$(PYTHON) -m pytest -n $(WORKERS) --no-engine tests/unit tests/guest tests/process $(ARGS)

test-images: dev engine tools ## build whole images: by both of Docker's builders, compared; on a new base; an older release
	@$(PYTHON) -m pytest --whole-images -m whole_image tests/functional $(ARGS)

test-gpu-image: dev engine ## build the image for GPUs (2 GB of downloads), load CUDA in it, and see how a made-up GPU fails
	@$(PYTHON) -m pytest --gpu-image -m gpu_image tests/functional $(ARGS)

lint: dev ## check style, types and the direction of imports
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check --quiet .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/shellcheck -x scripts/*.sh .ci/run

bench: dev engine ## measure speed and size beside Docker Compose and the Dev Containers CLI
	@scripts/tools.sh --bench
	@$(PYTHON) -m benchmarks

bench-migrate: dev $(if $(CORPUS),engine) ## judge envkit migrate on public checkouts of old code: make bench-migrate CORPUS=FOLDER
	@$(PYTHON) -m benchmarks.migrate $(if $(CORPUS),--corpus "$(CORPUS)") $(ARGS)

wheel: venv ## build the wheel into dist/
	@$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/envkit-*.whl

dockerfiles: dev ## render dockerfiles/ anew from the templates
	@$(PYTHON) scripts/make_dockerfiles.py

docs: dev ## write the generated pages in docs/ anew
	@for page in scripts/make_*_page.py; do PYTHONPATH=. $(PYTHON) $$page || exit; done

clean: ## remove everything made here: .venv, caches, built files, the tests' second machine (nothing of your engine)
	@rm -rf .venv .cache build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@[ ! -e /var/cache/envkit-far ] || scripts/other_machine.sh forget

# The parts that the targets above share.
venv:
	@scripts/venv.sh

dev:
	@scripts/venv.sh --dev

engine:
	@scripts/engine.sh

tools:
	@scripts/tools.sh
	@scripts/other_machine.sh fetch
