# make up | test | bench NAMES="…" | lint | format | clean
#
#   PYTHON=python3.12   another interpreter, 3.11 or newer
#   EXTRAS=gpu          FAISS, and llama.cpp where nvcc is installed, for an NVIDIA GPU

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := up

EXTRAS ?= cpu
NAMES ?=
PYTEST_ARGS ?=
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done || true)
PYTHON := $(or $(PYTHON),python3)
endif

VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := $(wildcard constraints.txt)
# One stamp for each choice of packages, so that changing it installs again.
INSTALLED := $(VENV)/.installed-$(EXTRAS)
INSTALLED_TEST := $(VENV)/.installed-$(EXTRAS)-test
OTHER_FAISS := $(if $(filter gpu,$(EXTRAS)),faiss-cpu,faiss-gpu-cu12)

.PHONY: up test bench lint format clean browser

up: $(INSTALLED)
	@exec $(BIN)/python manage.py up

# The tests come last: their summary closes the output. They run even when lint found something.
test: $(INSTALLED_TEST) browser
	@lint=0; .ci/lint $(BIN) || lint=$$?; \
	[ $$lint -eq 0 ] || echo "==> Lint found something (above). The tests run all the same."; \
	echo "==> pytest"; \
	$(BIN)/python -m pytest $(PYTEST_ARGS); \
	exit $$lint

lint: $(INSTALLED_TEST)
	@.ci/lint $(BIN)

format: $(INSTALLED_TEST)
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(INSTALLED_TEST)
	@exec $(BIN)/python -m tests.performance $(NAMES)

browser:
	@.ci/browser

# Not the environment and not the data: only what is made again by itself.
clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find kb ingest tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml $(CONSTRAINTS)
	@.ci/install "$(PYTHON)" "$(VENV)" "$(EXTRAS)" "$(OTHER_FAISS)"
	@touch $@

# What the tests need includes all that the site needs.
$(INSTALLED_TEST): pyproject.toml $(CONSTRAINTS)
	@.ci/install "$(PYTHON)" "$(VENV)" "$(EXTRAS),test" "$(OTHER_FAISS)"
	@touch $(INSTALLED) $@
