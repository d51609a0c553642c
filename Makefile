# Two commands on a machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON    ?= python3
VENV      := .venv
BIN       := $(VENV)/bin
RESULTS   ?= 1000000
WORKLOADS ?= EGKPCSMWTR
OPTIONS   ?=

.PHONY: demo test test-long test-spark lint audit bench pictures wheel clean

demo: $(VENV)/.installed
	$(BIN)/regenqc demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-long: $(VENV)/.installed
	$(BIN)/python -m pytest -n 3 --dist worksteal -m long

test-spark: $(VENV)/.installed-spark
	$(BIN)/python -m pytest tests/spark

lint: $(VENV)/.installed-lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Known vulnerabilities of the versions in constraints.txt; says so and fails nothing where no service can be asked.
audit: $(VENV)/.installed
	if $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[audit]'; \
	then $(BIN)/python .ci/audit.py; else echo 'audit: pip-audit cannot be installed here; nothing was looked up'; fi

bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks --results $(RESULTS) --workloads $(WORKLOADS) $(OPTIONS)

pictures: $(VENV)/.installed
	$(BIN)/python -m regenqc.plots.documentation docs/science

wheel: $(VENV)/.installed
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "regenqc needs Python 3.11 or later; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lint]'
	touch $@

$(VENV)/.installed-spark: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark]'
	touch $@

clean:
	rm -rf $(VENV) dist build regenqc-demo out
