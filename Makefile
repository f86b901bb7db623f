# make help says what each target does.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: run test coverage soak screenshots bench check fix words lock clean help

VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8000
export KERSEY_DATA_DIR ?= $(CURDIR)/data
# Compiled once, not at each start: `make test` starts some hundred processes.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
UV     ?= $(shell command -v uv 2>/dev/null)

ifneq ($(UV),)
INSTALL = VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --compile-bytecode
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

run: $(VENV)/.run services/portal/static/.made ## start everything on one port (PORT=8000, KERSEY_DATA_DIR=./data)
	@exec $(BIN)/kersey run --port $(PORT)

ON_EVERY_CORE = --numprocesses=auto

FETCHED = services/portal/static/.made tests/clients/node_modules/.made tests/markup/node_modules/.made

test: $(VENV)/.dev $(FETCHED) ## every test (ARGS="tests/fhir -x" for a part)
	@$(BIN)/python -m pytest $(or $(ARGS),$(ON_EVERY_CORE))

coverage: $(VENV)/.dev $(FETCHED) ## every test, counting branches: takes half as long again
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m pytest $(ON_EVERY_CORE) --cov --cov-report=
	@$(BIN)/python -m coverage report

soak: $(VENV)/.dev ## tests/faults with more of everything (REFERRALS=2000, KILLS=60, EVENTS=10000)
	@KERSEY_STORM_REFERRALS=$(or $(REFERRALS),2000) KERSEY_STORM_KILLS=$(or $(KILLS),60) \
		KERSEY_BREAK_EVENTS=$(or $(EVENTS),10000) $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/faults

screenshots: $(VENV)/.dev services/portal/static/.made ## take the pictures in docs/pictures anew, of a demo of its own in Chromium
	@$(BIN)/python -m tests.journey.screenshots

bench: $(VENV)/.dev ## measure everything and write docs/benchmarks.md (RUNS=2, PARTS="reading", SECONDS=10, RESOURCES=1000000, SERVICES=100000, DELIVERIES=100000, REFERRALS=5000)
	@$(BIN)/python -m bench --runs $(or $(RUNS),1) --seconds $(or $(SECONDS),10) \
		--resources $(or $(RESOURCES),1000000) --services $(or $(SERVICES),100000) \
		--deliveries $(or $(DELIVERIES),100000) --referrals $(or $(REFERRALS),5000) --parts "$(PARTS)"

check: $(VENV)/.dev ## style, types, import contracts, compose file, secrets, known weaknesses
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/python .ci/find_secrets.py
	@$(BIN)/python .ci/audit_dependencies.py

fix: $(VENV)/.dev ## repair what the linter can and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

words: $(VENV)/.dev ## gather what pages say into the templates of catalogues, and into each catalogue
	@$(BIN)/python -m shared.catalogues services/portal services/identity

# No addresses in the files: where a machine fetches packages from is its own business. With their
# extras: else older pips look for the newest release of `name[extra]`, and refuse it for its hash.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-strip-extras $(LOCKARGS) pyproject.toml
lock: $(VENV)/.dev ## resolve pyproject.toml into the lock files (LOCKARGS=--upgrade for newer releases)
	@$(LOCK) --group build --output-file requirements.lock
	@$(LOCK) --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove what make made, except your data
	rm -rf $(VENV) services/portal/static services/portal/node_modules
	rm -rf tests/clients/node_modules tests/markup/node_modules
	rm -rf build *.egg-info
	rm -rf .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set-up: each stamp is newer than what it was made from, so a second run installs nothing ------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Kersey needs Python 3.11 or newer; none was found. PYTHON=/path/to/python3 names one." >&2; exit 1; }
	@echo "making $(VENV)"
ifneq ($(UV),)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt install python3-venv)." >&2; exit 1; }
endif

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what Kersey runs on"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "installing what the tests need"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

services/portal/static/.made: $(wildcard $(addprefix services/portal/,package-lock.json assets.py styles/* images/* scripts/*)) | $(VENV)/.run
	@echo "fetching the front-end assets"
	@$(BIN)/python -m services.portal.assets
	@touch $@

tests/clients/node_modules/.made: tests/clients/package-lock.json | $(VENV)/.dev
	@echo "fetching the FHIR clients that the tests run"
	@$(BIN)/python -m tests.clients.fetch
	@touch $@

tests/markup/node_modules/.made: tests/markup/package-lock.json | $(VENV)/.dev
	@echo "fetching html-validate, to which the tests hold every page"
	@$(BIN)/python -m tests.markup.fetch
	@touch $@
