# Two commands are enough: `make play` to try the bot, `make test` to trust it.
# Each target builds its own .venv from the hash-locked requirements; Python 3.11+ is all it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes --only-binary :all:
SOURCES := bot.py config.py config_section.py errors.py logs.py models.py cogs jobs media neuralbox playground storage ui tests bench

.PHONY: play run test test-browser bench check lock clean

play: $(VENV)/runtime
	$(BIN)/python -m playground $(ARGS)

run: $(VENV)/runtime
	$(BIN)/python bot.py $(ARGS)

test: $(VENV)/dev
	rm -rf build/traffic
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

test-browser: $(VENV)/dev
	$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

bench: $(VENV)/dev
	$(BIN)/python -m bench $(ARGS)

check: $(VENV)/dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

# Written by hand when dependencies change; needs uv.
lock:
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
		--quiet pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
		--quiet pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) build

$(VENV)/python:
	$(PYTHON) -c 'import sys; sys.exit("Reelbox needs Python 3.11 or newer; say make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/runtime: $(VENV)/python requirements.lock
	$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements.lock
	touch $@

$(VENV)/dev: $(VENV)/python requirements-dev.lock
	$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements-dev.lock
	touch $@ $(VENV)/runtime
