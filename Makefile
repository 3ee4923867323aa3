# Two commands do everything on a fresh machine: `make demo` and `make test`. The rest is what .ci/run adds.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo kit test postgresql lint types imports check site fuzz hunt faults bench wheel plain ci clean readers

.venv/.ready: pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo >&2 \
	"Charter needs Python 3.11 or later, which $(PYTHON) is not: name one, as in make demo PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo >&2 \
	"$(PYTHON) cannot make a virtual environment: install what it lacks (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@test -d src/charter/engine || echo >&2 \
	"this copy has no symbolic links, which types, imports and two tests need: git config core.symlinks true && git checkout -- ."
	@"$(PYTHON)" -m venv .venv
	@echo "setting up .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]' 2>.venv/install.log || { cat .venv/install.log; exit 1; }
	@touch $@

demo: .venv/.ready          ## a shipped process from start to a verified audit trail, on embedded SQLite
	$(BIN)/charter demo

test: .venv/.ready          ## the whole test suite, and what opens a database once more on PostgreSQL where that is installed
	$(BIN)/pytest -n auto
	.ci/postgresql

postgresql: .venv/.ready
	INSTALL=1 .ci/postgresql

lint: .venv/.ready        ## layout and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.ready
	$(BIN)/mypy

imports: .venv/.ready
	$(BIN)/lint-imports

check: .venv/.ready
	$(BIN)/charter check processes/
	$(BIN)/charter fmt --check processes/
	$(BIN)/charter test processes/

fuzz: .venv/.ready           ## half a million FEEL texts, then DMN models for 15 seconds, on two cores
	@run() { $(BIN)/python -m tests.conformance.feel_fuzz 250000 $$1 && \
		$(BIN)/python -m tests.conformance.dmn_fuzz 15 $${1}000000; }; \
	run 1 & first=$$!; run 2; second=$$?; wait $$first && exit $$second

hunt: .venv/.ready           ## the properties on new random draws, as often as ROUNDS says; CONTRIBUTING.md says what to do with a find
	@for round in $$(seq $${ROUNDS:-3}); do $(BIN)/pytest -q -n auto tests/properties --hypothesis-profile=hunt || exit 1; done

faults: .venv/.ready         ## workers and servers killed, paused and cut off, disks failing and clocks jumping, in many more places than `test` tries
	CHARTER_FAULTS=10 $(BIN)/pytest -q -s tests/faults

.venv/.bench: .venv/.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

.venv/.docs: .venv/.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

site: .venv/.docs            ## the documentation as a site, in build/site: no warnings, and no link that leads nowhere
	$(BIN)/python docs/site/building.py build/site

bench: .venv/.bench          ## every figure of docs/performance.md; KIT=FOLDER takes the DMN kit too
	@for name in engine durable trail verify feel calendar decisions check inbox start simulate worker sla; do \
	echo "$$name"; $(BIN)/python -m benchmarks.$$name $$(test $$name = decisions && echo $(KIT)) || exit 1; done

wheel: .venv/.ready
	PYTHON="$(PYTHON)" .ci/wheel

plain:                      ## demo and test as a stranger plays them, on the oldest and the newest Python here
	.ci/plain

READERS = second
readers: .venv/.ready       ## programs that are not ours read our exports back; READERS="second pm4py" has pm4py made, too (half a gigabyte)
	.ci/readers $(READERS)
	$(BIN)/pytest -q tests/unit/test_exports_outside.py

kit: .venv/.ready            ## the DMN kit, where it lies beside the checkout: a stranger does not see it there
	$(BIN)/pytest tests/conformance/test_dmn_tck.py tests/conformance/test_feel.py

ci: lint types imports check site wheel fuzz kit readers postgresql plain

clean:
	rm -rf .venv build dist *.egg-info src/*.egg-info
