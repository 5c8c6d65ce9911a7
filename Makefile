# Two commands: `make run` opens Inshore, `make test` runs every test. Both install what they need.
# ARGS="…" goes to the program or to pytest; PYTHON=/path/to/python3.12 picks the interpreter.

PY := $(if $(filter Windows_NT,$(OS)),.venv/Scripts/python.exe,.venv/bin/python)

.PHONY: help run menu test check bench soak lock format clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

run: ## open Inshore (the first time: install what it needs)
	@sh packaging/setup.sh run
	@$(PY) packaging/fetch_starter.py --optional
	@$(PY) main.py $(ARGS)

menu: ## put Inshore into the applications menu (Linux), to be started with a double-click; ARGS=--remove
	@sh packaging/setup.sh run
	@$(PY) packaging/fetch_starter.py --optional
	@$(PY) packaging/menu.py $(ARGS)

test: ## run every test, the journeys in a real window
	@sh packaging/setup.sh test
	@$(PY) packaging/fetch_starter.py
	@sh packaging/run_tests.sh $(ARGS)

check: ## formatting, lint, types, layers, dependencies, then every test
	@sh packaging/setup.sh test
	@$(PY) packaging/fetch_starter.py
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(PY) -m deptry .
	@sh packaging/run_tests.sh $(ARGS)

bench: ## measure; a table, and build/bench.json
	@sh packaging/setup.sh test
	@$(PY) packaging/fetch_starter.py
	@$(PY) -m tests.benchmarks $(ARGS)

soak: ## the books under load: thousands of requests with faults, and processes that are killed
	@sh packaging/setup.sh test
	INSHORE_SOAK=full $(PY) -m pytest tests/desktop/test_soak.py $(ARGS)

lock: ## make the locks and THIRD_PARTY_NOTICES.md anew from pyproject.toml (UPGRADE=1: newer versions)
	@sh packaging/setup.sh test
	@sh packaging/lock.sh
	@sh packaging/setup.sh test
	@$(PY) packaging/notices.py

format: ## format the code and mend what ruff can
	@sh packaging/setup.sh test
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean: ## remove caches and build/ (.venv and resources/starter stay; remove them by hand)
	rm -rf build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find desktop models tests packaging -name __pycache__ -type d -prune -exec rm -rf {} +
