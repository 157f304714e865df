# One runner for everything; `make` alone lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
BUNDLE := src/cloudlet/portal/static/manifest.json
FRONTEND := $(shell find frontend -type f -not -path '*/node_modules/*')
TEMPLATES := $(shell find src/cloudlet/portal/templates -type f)
WORKERS ?= 2
NAME ?= demo
COVERED := 88

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(VENV)/installed $(BUNDLE) ## a whole cloudlet with a simulated microscope; ARGS="--data DIR" keeps it
	@$(BIN)/cloudlet demo $(ARGS)

test: check packages unit system ## everything: check, then unit, system and acceptance tests

check: $(VENV)/tools $(BUNDLE) ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/vulture
	cd frontend && npm run --silent check

unit: $(VENV)/tools $(BUNDLE) ## the fast tests alone
	$(BIN)/pytest -n $(WORKERS) -m "not system and not acceptance" $(COVERAGE)

coverage: COVERAGE := --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERED)
coverage: unit ## the fast tests, and which lines and branches of this process they leave out; fails below a floor

system: $(VENV)/tools $(BUNDLE) packages ## tests with real servers and the whole demo in a browser
	$(BIN)/pytest -m "system or acceptance"

packages: ## the Debian packages that system tests need, where this user may install them
	@sh tests/packages.sh

torch: $(VENV)/tools ## torch, which the tests of the engine for graphics cards compare; large
	$(PIP) install --constraint constraints.txt torch==2.13.0

bench: $(VENV)/bench $(BUNDLE) packages ## one benchmark, NAME=demo; a table and build/bench/NAME.json
	$(BIN)/python -m benchmarks.$(NAME) $(ARGS)

docs: $(VENV)/docs ## the documentation as HTML in build/docs
	$(BIN)/sphinx-build -W -q -b html docs build/docs
	@echo "The documentation is in build/docs/index.html."

wheel: $(VENV)/tools ## source distribution and wheel in dist/
	$(BIN)/python -m hatchling build -d dist

clean: ## everything that can be made again
	rm -rf $(VENV) frontend/node_modules src/cloudlet/portal/static build dist

$(VENV)/installed: pyproject.toml constraints.txt hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The cloudlet needs Python 3.11 or newer; say which with make PYTHON=...")'
	@command -v npm >/dev/null || { echo "Building the pages needs Node.js 20 or newer with npm."; exit 1; }
	@echo "Installing; this takes a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --constraint constraints.txt --editable .
	@echo "Compiling the engine and the simulated camera."
	@$(BIN)/python -m cloudlet.cryoem.warm
	@$(BIN)/python -m cloudlet.testbed.warm
	@touch $@

$(VENV)/tools: $(VENV)/installed
	$(PIP) install --constraint constraints.txt --group test --group check
	@touch $@

$(VENV)/bench: $(VENV)/tools
	$(PIP) install --constraint constraints.txt --group bench
	@touch $@

$(VENV)/docs: $(VENV)/installed
	$(PIP) install --constraint constraints.txt --group docs
	@touch $@

$(BUNDLE): $(FRONTEND) $(TEMPLATES) # whose icons are in the sprite
	cd frontend && npm ci --silent && npm run --silent build

.PHONY: help demo test check unit coverage system packages torch bench docs wheel clean
