# A convenience: after `make demo`, users need `.venv/bin/pytest …` alone.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test full-test cluster-test program-test image clean

demo: .venv/ready
	$(BIN)/pytest -m daily --demo --settings=/dev/null

test: .venv/tested
	$(BIN)/tox run -e suite

# Every control on every scenario and the whole kill matrix, of which make test runs a sample.
full-test: .venv/tested
	UPKEEP_TEST_FUZZ=1 $(BIN)/tox exec -e suite -- pytest -n 2 --dist worksteal \
		tests/checks/test_scenarios.py tests/checks/test_ends.py tests/checks/test_faults.py \
		tests/checks/test_bundle.py

cluster-test: .venv/tested
	$(BIN)/tox exec -e suite -- pytest tests/cluster

# Names the wrong interpreter before pip fails with a longer error.
.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"upkeep needs Python 3.11 or newer, and $(PYTHON) is {sys.version.split()[0]}. Run make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/tested: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'tox>=4.20,<5'
	@touch $@

program-test: .venv/tested
	$(BIN)/tox run -e oscal --notest
	$(BIN)/tox exec -e suite -- pytest tests/programs

# make image BASE=docker.io/library/python@sha256:…
image: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'build>=1.2,<2'
	PYTHON=$(BIN)/python deploy/image/build "$(BASE)"

clean:
	rm -rf .venv .tox .cache reports/out dist build

# The generated documents, after a change of what they describe; one alone by its name:
# python -m tests.repository.documents outcomes
.PHONY: documents
documents: .venv/ready
	$(BIN)/python -m tests.repository.documents
