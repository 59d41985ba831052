# Two commands are enough: `make play` to try the bot, `make test` to trust it.
# Each target builds its own .venv from the hash-locked requirements; Python 3.11+ is all it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes --only-binary :all:
SOURCES := assembly.py bot.py command_line.py config.py config_section.py crashpoints.py errors.py logs.py models.py cogs jobs media neuralbox playground storage supply ui tests bench

# What `make soak` runs for hours and `make defects` once: programs of tests/, each with its figures.
FUZZ_SECONDS ?= 600

# Some machines forbid it: then each of hundreds of processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: play run test test-long test-browser bench soak defects check audit release lock clean

play: $(VENV)/runtime
	$(BIN)/python -m playground $(ARGS)

run: $(VENV)/runtime
	$(BIN)/python bot.py $(ARGS)

test: $(VENV)/dev
	rm -rf build/traffic
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

test-long: $(VENV)/dev
	$(BIN)/python -m pytest -m long -n 3 --dist worksteal $(ARGS) $$(grep -rl 'mark\.long' tests --include='test_*.py')

test-browser: $(VENV)/dev
	$(BIN)/python -m pytest -m browser tests/browser -n 2 --dist worksteal $(ARGS)

bench: $(VENV)/dev
	$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/fuzz
	$(BIN)/python -m tests.harness --long
	$(BIN)/python -m tests.outages --long
	$(BIN)/python -m tests.storage.models --programs 5000
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n 2 $$(grep -rl 'hypothesis import' tests --include='test_*.py')
	$(BIN)/python -m tests.storage.disk_cuts --cuts 1000
	$(BIN)/python -m tests.storage.disk_damage --copies 3000
	$(BIN)/python -m tests.app.disk_held --seconds 30
	$(BIN)/python -m tests.fuzz --answers 100000
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

defects: $(VENV)/dev
	$(BIN)/python -m tests.harness.defects $(ARGS)

check: $(VENV)/dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

# A known hole fails it; where the advisory service cannot be reached, it says so and goes on.
audit: $(VENV)/dev
	$(BIN)/python -m supply.audit $(ARGS) requirements.lock requirements-dev.lock requirements-fuzz.lock

# Source archive, list of parts (CycloneDX), provenance and checksums of the last commit.
release: audit
	$(BIN)/python -m supply.release

# Written by hand when dependencies change; needs uv, 0.9.17 or newer for a delay in days. A release
# that somebody slipped in is usually found within days, so nothing younger than a week is taken.
UV_COMPILE = uv pip compile --quiet --universal --python-version 3.11 --exclude-newer "7 days" \
	--only-binary :all: --generate-hashes --no-header --no-emit-index-url
lock:
	$(UV_COMPILE) pyproject.toml -o requirements.lock
	$(UV_COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(UV_COMPILE) --group fuzz -c requirements-dev.lock -o requirements-fuzz.lock

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

# Has wheels for Linux alone, so that nothing but the soak asks for it.
$(VENV)/fuzz: $(VENV)/dev requirements-fuzz.lock
	$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements-fuzz.lock
	touch $@
