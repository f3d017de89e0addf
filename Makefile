# Everything that one does daily. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATABASE ?= sqlite:///var/seriatim.db
SERVE_OPTIONS ?=
TEST_PROCESSES ?= 4
BENCH ?= load contended bulk printing growth memory limits simulation report

.DEFAULT_GOAL := help
.PHONY: help serve test lint types imports unit fmt bench lock openapi screenshots clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/development.stamp: requirements/development.txt $(VENV)/runtime.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/development.txt
	touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/development.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	touch $@

serve: $(VENV)/runtime.stamp ## make the environment and the database, and serve on 127.0.0.1:8000
	mkdir -p var
	$(BIN)/seriatim serve --database $(DATABASE) $(SERVE_OPTIONS)

test: lint types imports unit ## everything that must pass before a change lands

lint: $(VENV)/development.stamp ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/development.stamp ## mypy, strict
	$(BIN)/mypy

imports: $(VENV)/development.stamp ## the import rules of ARCHITECTURE.md
	$(BIN)/lint-imports

unit: $(VENV)/development.stamp ## all tests; make unit TESTS=tests/api for some
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(TESTS)

fmt: $(VENV)/development.stamp ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/bench.stamp ## measure, for some 30 minutes, and write the tables of docs; make bench BENCH=contended for some
	set -e; for each in $(BENCH); do $(BIN)/python -m bench.$$each; done

openapi: $(VENV)/runtime.stamp ## write the committed OpenAPI documents anew
	$(BIN)/python -m seriatim.api.openapi zuora > docs/openapi.json
	$(BIN)/python -m seriatim.api.openapi sequence > docs/openapi-sequence.json

screenshots: $(VENV)/development.stamp ## take pictures of every page of the console, into docs/screenshots
	$(BIN)/python -m tests.browser.screenshots

lock: $(VENV)/development.stamp ## resolve the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--extra build -o requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--extra development -c requirements/runtime.txt -o requirements/development.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--extra bench -c requirements/development.txt -o requirements/bench.txt pyproject.toml

clean: ## remove the environment and what tools left; the database in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
