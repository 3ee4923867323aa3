# Two commands do everything on a fresh machine: `make demo` and `make test`. The rest is what .ci/run adds.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types imports check wheel ci clean

.venv/.ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: .venv/.ready          ## a shipped process from start to a verified audit trail, on embedded SQLite
	$(BIN)/charter demo

test: .venv/.ready          ## the whole test suite
	$(BIN)/pytest -n auto

lint: .venv/.ready
	$(BIN)/ruff check .

types: .venv/.ready
	$(BIN)/mypy

imports: .venv/.ready
	$(BIN)/lint-imports

check: .venv/.ready
	$(BIN)/charter check processes/
	$(BIN)/charter fmt --check processes/
	$(BIN)/charter test processes/

wheel: .venv/.ready
	PYTHON=$(PYTHON) .ci/wheel

ci: test lint types imports check wheel

clean:
	rm -rf .venv build dist *.egg-info src/*.egg-info
