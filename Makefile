# The two commands: `make demo` shows the main job, `make test` checks everything.

PYTHON ?= python3
VENV := .venv
DEMO := .venv-demo
BIN := $(VENV)/bin

.PHONY: demo demo-live test lint unit bench images mutations format venv clean

demo: $(DEMO)/.installed
	$(DEMO)/bin/python -m examples.house_prices.demo

demo-live: $(DEMO)/.installed
	$(DEMO)/bin/python -m examples.house_prices.demo --live

test: lint unit

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/.installed
	$(BIN)/python -m tests.components
	$(BIN)/python -m pytest -n 2 --dist loadgroup

bench: $(VENV)/.installed
	for one in hot_path batch exposition profile imports logs preview; do $(BIN)/python -m benchmarks.$$one || exit; done

images: $(VENV)/.installed
	$(BIN)/python -m tests.preview.screenshots

mutations: $(VENV)/.installed
	$(BIN)/python -m benchmarks.mutations

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

venv: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@

$(DEMO)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable ".[demo]"
	touch $@

clean:
	rm -rf $(VENV) $(DEMO) build dist generated .mypy_cache .ruff_cache .pytest_cache .hypothesis
