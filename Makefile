# `make` lists the targets. `make test` is the gate, and what CI runs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.complete
# More for pytest, e.g. make test PYTEST_ARGS="-k scopes"
PYTEST_ARGS ?=
# More for the program that is run, e.g. make run ARGS=--once
ARGS ?=

# The package as wheels may have it: the modules of the hot path compiled, for tests and benchmarks.
COMPILED := .compiled
# What is run against it beside everything that is run against the sources.
ON_COMPILED := tests/golden tests/contract $(wildcard tests/properties/test_reference_*.py \
  tests/integration/test_app*.py tests/integration/test_cross_talk.py tests/integration/test_fail_open*.py) \
  tests/e2e/test_server.py tests/e2e/test_workers.py

SOURCES := $(wildcard src tests benchmarks scripts)
# mypy refuses a folder without Python in it.
TYPED := $(foreach folder,$(SOURCES),$(if $(shell find $(folder) -name '*.py' -print -quit),$(folder)))
EVERYDAY := $(wildcard tests/unit tests/contract tests/golden tests/properties tests/architecture)
# How many workers run tests. One makes the output of a failing test easier to follow.
WORKERS ?= auto

.PHONY: help setup parts fmt lint types imports check compiled test evidence bench worst-hour run constraints clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(STAMP) ## the virtual environment, as constraints.txt says

$(STAMP): pyproject.toml constraints.txt
	@echo "making $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt pip
	@$(BIN)/python -m pip install -qq -c constraints.txt --build-constraint constraints.txt -e . --group dev
	@touch $@

parts: ## Debian and npm packages that tests drive
	@scripts/parts.sh

fmt: $(STAMP) ## format, and mend what ruff can mend
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lint: $(STAMP) ## formatting and ruff's rules
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy $(TYPED)

imports: $(STAMP) ## the import contracts
	$(BIN)/lint-imports --no-logo

check: export DEEMSTER_RANDOM_SCALE ?= 0.01
check: lint types imports ## the everyday subset, under two minutes
	$(BIN)/pytest -q -n $(WORKERS) -m "not slow and not e2e" $(EVERYDAY) $(PYTEST_ARGS)

compiled: parts $(STAMP) ## .compiled: the package with its hot path compiled, and tests of that
	@scripts/compiled.sh $(COMPILED)
	test ! -e $(COMPILED)/.complete || PYTHONPATH=$(COMPILED) DEEMSTER_RANDOM_SCALE=0.02 \
	  $(BIN)/pytest -q -n $(WORKERS) -p tests.support.compiled $(ON_COMPILED)

test: export DEEMSTER_RANDOM_SCALE ?= 0.1
test: parts lint types imports compiled ## the gate: everything
	$(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

evidence: export DEEMSTER_RANDOM_SCALE ?= 1.0
evidence: parts $(STAMP) ## all tests with the full random counts and a fresh seed
	$(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

bench: $(STAMP) ## measure beside the peers, 15 minutes at most; ARGS=--quick is short
	@scripts/bench_parts.sh
	@scripts/compiled.sh $(COMPILED)
	PYTHONPATH=$(COMPILED) $(BIN)/python -m benchmarks $(ARGS)

worst-hour: $(STAMP) ## overload, unknown keys and a soak, a quarter of an hour; ARGS="--only soak"
	@scripts/compiled.sh $(COMPILED)
	PYTHONPATH=$(COMPILED):. $(BIN)/python -m benchmarks.worst $(ARGS)

run: $(STAMP) ## the quickstart; ARGS=--once ends after its table
	@$(BIN)/python -m deemster.quickstart $(ARGS)

constraints: ## pin the newest versions that pyproject.toml allows
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install -qq -e . --group dev
	$(BIN)/python -m pip freeze --all --exclude-editable > constraints.txt
	touch $(STAMP)

clean: ## all that can be made again
	rm -rf $(VENV) $(COMPILED) .bench .parts .run .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find src tests -name __pycache__ -prune -exec rm -rf {} +
