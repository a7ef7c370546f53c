# Everything a checkout needs. `make help` lists the targets.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/installed: requirements/run.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Ferrata needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

demo: .venv/installed ## assess the example project and say where the report is
	@$(BIN)/python examples/demo.py

test: .venv/installed-dev ## run the whole test suite
	$(BIN)/python -m pytest -n $(JOBS)

check: .venv/installed-dev ## what CI runs: format, lint, types, imports, tests
	$(BIN)/ruff format --check src tests bench docs
	$(BIN)/ruff check src tests bench docs
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

format: .venv/installed-dev ## format and fix what can be fixed
	$(BIN)/ruff check --fix-only --quiet src tests bench docs
	$(BIN)/ruff format src tests bench docs

docs: .venv/installed-dev ## write the generated references anew
	$(BIN)/python docs/generate.py

bench: .venv/installed-dev ## measure scanning speed on generated trees beside git grep
	$(BIN)/python bench/scan.py

lock: .venv/installed-dev ## renew the lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links --no-annotate --upgrade --extra local pyproject.toml requirements/build.in -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links --no-annotate --upgrade --group dev pyproject.toml -c requirements/run.lock -o requirements/dev.lock

clean: ## remove what was built here
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
