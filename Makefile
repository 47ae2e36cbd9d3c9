# The two commands that a fresh machine needs: `make run` and `make test`. Both build .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export REGROOVE_SYSTEM_PACKAGES ?= yes

VENV_AI := .venv-ai
BIN_AI := $(VENV_AI)/bin
PIP_AI := $(BIN_AI)/python -m pip --disable-pip-version-check
# torch's own threads would spin while they wait, which starves everything else on a busy machine.
export OMP_WAIT_POLICY ?= PASSIVE

# Tests of the sound run side by side; those that look closely at a clock are elsewhere, and run alone.
CLOCKLESS := tests/bars tests/nodes

.PHONY: run run-ai test test-ai lint bench bench-ai system clean

run: $(VENV)/installed
	$(BIN)/python app.py edit graphs/first_steps.json --or-render out

# The editor with the learned models.
run-ai: $(VENV_AI)/installed
	$(BIN_AI)/python app.py edit graphs/first_steps.json --or-render out

test: $(VENV)/installed-dev system lint
	$(PIP) check
	$(BIN)/python -m pytest -n 2 $(CLOCKLESS)
	$(BIN)/python -m pytest --ignore tests/ai $(CLOCKLESS:%=--ignore %)

# The learned models, in an environment of their own: the other one stays without torch.
test-ai: $(VENV_AI)/installed
	$(PIP_AI) check
	$(BIN_AI)/python -m pytest tests/ai

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The restoration table with its peers (written to benchmarks/RESULTS.md), then speed, memory, crashes.
bench: $(VENV)/installed-bench system tool-sox
	$(BIN)/python -m benchmarks

bench-ai: $(VENV_AI)/installed
	$(BIN_AI)/python -m benchmarks.ai

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert (3, 10) <= sys.version_info[:2] <= (3, 13), "Regroove needs Python 3.10 to 3.13"'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,bench]'
	touch $@

$(VENV_AI)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV_AI)
	$(PIP_AI) install --quiet --constraint constraints.txt torch
	$(PIP_AI) install --quiet --constraint constraints.txt --editable '.[dev,ai]'
	touch $@

# ffmpeg judges loudness and true peaks in the tests, and reads what libsndfile does not; Xvfb is a screen
# for the tests of the window, and xdotool moves a real pointer on it; SoX is a peer in the restoration table.
# Where they may not be installed, what needs them is left out and says so.
system: tool-ffmpeg tool-Xvfb tool-xdotool
tool-%: package = $(if $(filter Xvfb,$*),xvfb,$*)
tool-%:
	@command -v $* >/dev/null 2>&1 || { \
	  if [ "$$REGROOVE_SYSTEM_PACKAGES" = yes ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(package) >/dev/null; \
	  else \
	    echo "$* is not installed: what needs it is left out."; \
	  fi; }

clean:
	rm -rf $(VENV) $(VENV_AI) out build dist .mypy_cache .ruff_cache .pytest_cache
