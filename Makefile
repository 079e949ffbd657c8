# Every command of the project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first interpreter on PATH that is new enough; `make PYTHON=... up` takes another.
PYTHON ?= $(shell for p in python3 python3.13 python3.14 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
SAM := .cache/sam
LOCALSTACK := .cache/localstack
# LocalStack as a process of this machine runs on these alone.
LOCALSTACK_PYTHON ?= $(shell for p in python3.13 python3.12 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(not (3, 12) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo $$p; break; }; done)
DATA_DIR ?= .heliograph
PORT ?= 8000
ROUNDS ?= 20
SEED ?= 1
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export RUFF_CACHE_DIR := $(CURDIR)/.cache/ruff

.PHONY: help install up down test test-nodes check format acceptance bench openapi lock sam-local localstack test-cloud clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Install everything into .venv (first time: about a minute)

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Heliograph needs Python 3.11 or newer with venv; none was found on PATH (try: make PYTHON=/path/to/python3 up)." >&2; exit 1; fi
	@echo "Installing into $(VENV) with $$($(PYTHON) --version) ..."
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The SAM CLI pins what it needs itself, so it has an environment of its own.
$(SAM)/.installed: requirements/sam.txt | install
	@echo "Installing the SAM CLI into $(SAM) ..."
	@rm -rf $(SAM)
	@$(BIN)/python -m venv $(SAM)
	@$(SAM)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/sam.txt
	@touch $@

# Only where LocalStack cannot run in a container: infra/localstack asks for it then.
$(LOCALSTACK)/.installed: requirements/localstack.txt
	@if [ -z "$(LOCALSTACK_PYTHON)" ]; then echo "LocalStack needs Python 3.12 or 3.13 with venv; neither was found on PATH (try: make LOCALSTACK_PYTHON=/path/to/python3.13 localstack)." >&2; exit 1; fi
	@echo "Installing LocalStack into $(LOCALSTACK) with $$($(LOCALSTACK_PYTHON) --version) ..."
	@rm -rf $(LOCALSTACK)
	@$(LOCALSTACK_PYTHON) -m venv $(LOCALSTACK)
	@$(LOCALSTACK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/localstack.txt
	@touch $@

up: install ## Start everything with demo data, in the foreground (PORT, DATA_DIR)
	@$(BIN)/heliograph serve --demo --port "$(PORT)" --data-dir "$(DATA_DIR)"

down: ## Stop what make up has started, from another terminal (its data is kept)
	@[ ! -x $(BIN)/heliograph ] || $(BIN)/heliograph serve --stop --data-dir "$(DATA_DIR)"
	@if [ -x $(BIN)/heliograph ] && $(BIN)/heliograph demo status --data-dir "$(DATA_DIR)" >/dev/null; then \
		$(BIN)/heliograph demo stop --data-dir "$(DATA_DIR)"; fi

test: install $(SAM)/.installed ## Run every test
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-nodes: install ## Kill nodes at random, for some minutes (ROUNDS, SEED)
	@$(BIN)/python -m tests.support.node_rounds "$(ROUNDS)" "$(SEED)"

acceptance: install ## The product's acceptances: from the terminal alone, to begin with
	@$(BIN)/python -m pytest -v tests/e2e $(ARGS)

check: install $(SAM)/.installed ## Lint, format, types, import rules and the template: quick
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --cache-dir .cache/import-linter
	@$(SAM)/bin/cfn-lint

format: install ## Format the code and fix what can be fixed by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: install ## Measure against the floor, in the same run; prints ratios, never fails on them
	@$(BIN)/python -m benchmarks $(ARGS)

LOCK_ALONE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	--python-version 3.11 --custom-compile-command 'make lock'
openapi: install ## Write the API's description anew from its routes
	@$(BIN)/python -m heliograph.web.openapi

# Overrides: the tools that Chalice names and its runtime never imports stay out.
LOCK := $(LOCK_ALONE) --overrides requirements/overrides.txt

lock: install ## Resolve the dependencies anew into requirements/ (needs uv)
	$(LOCK) --extra local --extra server --extra aws --group dev pyproject.toml --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --constraint requirements/dev.txt --extra aws pyproject.toml --output-file requirements/runtime-aws.txt
	$(LOCK) --overrides requirements/overrides-image.txt --constraint requirements/dev.txt --extra local --extra server pyproject.toml \
		--output-file requirements/runtime-server.txt
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" \
		| $(LOCK) --constraint requirements/dev.txt - --output-file requirements/build.txt
	$(LOCK) --overrides requirements/overrides-layer.txt --constraint requirements/dev.txt --extra server pyproject.toml \
		--output-file layers/deps/requirements.txt
	echo 'aws-sam-cli>=1.170,<2' | $(LOCK_ALONE) - --output-file requirements/sam.txt
	printf '%s\n' 'localstack-core[runtime]==2026.3.0' 'service-identity>=24' | $(subst 3.11,3.12,$(LOCK_ALONE)) - \
		--overrides requirements/overrides-localstack.txt --exclude-newer 2026-04-01 --output-file requirements/localstack.txt

localstack test-cloud: export LOCALSTACK_PYTHON := $(LOCALSTACK_PYTHON)
localstack: install $(SAM)/.installed ## Deploy to LocalStack and try the wiring (needs a Docker engine; KEEP=1)
	@$(BIN)/python -m infra.localstack

sam-local: install $(SAM)/.installed ## Run every function with sam local (needs a Docker engine, python3.13)
	@$(BIN)/python -m infra.sam_local $(ARGS)

# One a line: each says what is missing where it cannot run.
CLOUD_TRIALS := \
	infra.docker.try_container \
	infra.sam_local \
	infra.localstack

test-cloud: install $(SAM)/.installed ## Every trial in containers, one after another (needs a Docker engine)
	@failed=""; for trial in $(CLOUD_TRIALS); do \
		echo "== $$trial"; $(BIN)/python -m $$trial || failed="$$failed $$trial"; done; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed" >&2; exit 1; fi

clean: ## Remove what was installed and cached; the data folder stays
	rm -rf $(VENV) .cache dist
