# mktorch: `make report` builds the reports of data/, `make test` runs the tests; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do command -v $$p && break; done)

DATA ?= data
OUT ?= output
CAMPAIGN ?=
CONFIG ?=
RENDERER ?= auto

BIN := .venv/bin
READY := .venv/.ready
RUNS := $(OUT)/runs
REPORTS := $(OUT)/reports

.PHONY: help install report run validate test check format docs lock clean bench bench-scale fault-campaign fuzz

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: DATA=$(DATA) OUT=$(OUT) CAMPAIGN=$(CAMPAIGN) CONFIG=$(CONFIG) RENDERER=$(RENDERER) PYTHON=$(PYTHON)"

install: $(READY) ## Create .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "mktorch needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11; set PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Creating .venv with $(PYTHON)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## Analyze DATA into OUT/runs
	@$(BIN)/mktorch run "$(DATA)" --out "$(RUNS)" $(if $(CAMPAIGN),--campaign "$(CAMPAIGN)") $(if $(CONFIG),--config "$(CONFIG)")

report: $(READY) ## Analyze DATA and write the whole pack, HTML and PDF, into OUT/reports
	@run=$$($(BIN)/mktorch run "$(DATA)" --out "$(RUNS)" $(if $(CAMPAIGN),--campaign "$(CAMPAIGN)") $(if $(CONFIG),--config "$(CONFIG)")); \
	code=$$?; [ $$code -le 1 ] || exit $$code; \
	echo "Run: $$run"; \
	$(BIN)/mktorch report "$$run" --renderer "$(RENDERER)" --out "$(REPORTS)" $(if $(CONFIG),--config "$(CONFIG)")

validate: $(READY) ## Check every record of DATA
	@$(BIN)/mktorch validate "$(DATA)" $(if $(CONFIG),--config "$(CONFIG)")

test: $(READY) ## Run the tests
	@$(BIN)/python -m pytest -q -n auto

test-long: $(READY) ## Run the long tests: sixty campaigns on paper, 5,000 in a summary
	@$(BIN)/python -m pytest -q -m long tests

fault-campaign: $(READY) ## Kill, starve and crowd the command 400 times; prints what was not whole
	@$(BIN)/python benchmarks/faults.py

fuzz: $(READY) ## Draw 20,000 inputs for each test of readers, settings, runs and documents
	@HYPOTHESIS_PROFILE=explore FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest -q --timeout 0 tests/sources/test_fuzz.py tests/test_fuzz.py

test-quarto: $(READY) ## Compare the packs of Quarto and the embedded renderer
	@REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q -m quarto tests/render

check: $(READY) ## Lint, format, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Format the code and mend what lint can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(READY) ## Measure reading, checking and summing beside DuckDB (writes benchmarks/RESULTS.md)
	@$(BIN)/python benchmarks/ingest.py --out benchmarks/RESULTS.md

bench-scale: $(READY) ## Measure whole runs of up to 1e7 records and 20,000 campaigns (SIZES="100000000" for more)
	@$(BIN)/python -m benchmarks.loops
	@$(BIN)/python -m benchmarks.scale $(if $(SIZES),--rows $(SIZES))

docs: $(READY) ## Write what follows from the code into docs/, and the site of them into output/docs
	@$(BIN)/python -m mktorch.kpis.reference docs/kpis.md
	@$(BIN)/python -m mktorch.narrative.reference docs/narrative.md
	@$(BIN)/python -m mktorch.config.reference docs/configuration.md
	@$(BIN)/python -m mktorch.sources.dictionary docs/data.md
	@$(BIN)/python -m mktorch.dictionary > docs/tables.md
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "output/docs/index.html"

lock: $(READY) ## Write requirements.lock anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## Remove what was made: environment, output, caches
	@rm -rf .venv output runs .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .quarto
