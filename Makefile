# Every target sets up what it needs: `make search` and `make test` work on a fresh clone.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

# where the environment forbids Python to keep what it has compiled, every test process compiles all anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup search report test test-cluster test-full lint types contracts check clean

help:
	@echo "make search     search NAS-Bench-201 on built-in images, show the best cells (ARGS='--budget 100 ...')"
	@echo "make report     a small search and its report as one HTML page, under 5 minutes"
	@echo "make test       the tests, under 8 minutes on 2 cores"
	@echo "make test-cluster  the tests on a local Ray cluster"
	@echo "make test-full  the tests and the slow ones"
	@echo "make check      lint, format, types, import contracts"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@# an oracle of the tests; what it names as its needs, torchvision among them, it can do without
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt torchattacks
	@touch $@

search: $(READY)
	$(BIN)/croze search $(ARGS)

report: $(READY)
	$(BIN)/croze search --budget 100 --out runs/report $(ARGS)
	$(BIN)/croze report runs/report

test: $(READY)
	$(BIN)/pytest -n 2 -m "not slow and not cluster" $(ARGS)

test-cluster: $(READY)
	$(BIN)/pytest -m "cluster and not slow" $$(grep -rl --include='*.py' mark.cluster tests) $(ARGS)

test-full: $(READY)
	$(BIN)/pytest -n 2 --timeout 3600 -m "not cluster" $(ARGS)
	$(BIN)/pytest --timeout 3600 -m cluster $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

check: lint types contracts

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
