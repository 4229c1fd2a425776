# Few verbs; each sets up .venv first if it is missing or the lock file has changed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: setup forecast web test test-all bench check lock clean help

help:            ## Show the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(READY)  ## Create .venv with the locked dependencies and the three commands

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; try make PYTHON=python3.11 $@")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

forecast: setup  ## Forecast the national sync rate 2024-2029 into out/national/
	$(BIN)/utrulling forecast scenarios/national.yaml --out out/national

web: setup       ## Try interventions in the browser: serve the page on this machine
	$(BIN)/utrulling web --open

test: setup      ## The default tests (six to seven minutes on two cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: setup  ## Every test, the slow proofs too
	$(BIN)/python -m pytest -n 2 --dist loadfile -m ''

bench: setup     ## Measure speed and memory; writes out/bench/*.json
	$(BIN)/python -m tests.bench

check: setup     ## Linters and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:            ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras pyproject.toml -o requirements.lock

clean:           ## Remove what the verbs made
	rm -rf $(VENV) out
