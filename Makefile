# make demo   everything set up, the workspace running with its example
# make test   every dependency of the tests installed, all tests run
# make fuzz   people, editors, git and kill -9 at random on a shared notebook (SECONDS, SEED, STEPS); with ROOM=clusters
#             workers, hosts, requirements and kill -9 at random on clusters under load (SEED, STEPS)
# make bench  figures beside the peers', of documents, projects, environments and clusters (ROOM=projects: of these only)
# make check  formatting, lint, types, import layers, generated files up to date

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Tests that run at once. A third would save a sixth of the time on two cores, in which some of them wait too long for others.
PROCESSES ?= 2
BIN := $(CURDIR)/.venv/bin
# Node comes from PyPI into .venv, so that a machine without one builds the same.
export PATH := $(BIN):$(PATH)
export COREPACK_ENABLE_DOWNLOAD_PROMPT := 0
# Without byte code on the disk every server that the tests start would compile two thousand modules, half of its start.
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

FRONTEND_SOURCES := $(shell find frontend/src frontend/style frontend/viewer frontend/schema -type f 2>/dev/null)

.PHONY: demo test fuzz bench check install format generate lock clean

demo: install
	atrium demo

test: install
	.ci/system chromium java sshd
	cd frontend && jlpm test
	pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --durations 20

fuzz: install
	$(FUZZ_$(or $(ROOM),documents))

FUZZ_documents = python -m tests.server.documents.fuzz --run --seconds $(or $(SECONDS),120) $(if $(SEED),--seed $(SEED)) $(if $(STEPS),--steps $(STEPS))
FUZZ_clusters = ATRIUM_CLUSTER_STEPS=$(or $(STEPS),40) ATRIUM_CLUSTER_SEED=$(SEED) pytest -s tests/server/clusters/test_promise*.py

bench: install
	failed=0; for room in $(or $(ROOM),documents projects environments clusters); do python tests/bench/$$room.py || failed=1; done; exit $$failed

check: install
	ruff format --check .
	ruff check .
	mypy
	lint-imports --no-cache
	cd frontend && jlpm lint:check
	python server/generate.py --check
	cd frontend && jlpm types:check

install: .make/python .make/frontend .make/package

.make/python: tests/requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip --version >/dev/null 2>&1 && $(BIN)/python -m pip install -q --disable-pip-version-check "$$(grep '^uv==' tests/requirements.txt)" || true
	uv pip install -q --python $(BIN)/python -r tests/requirements.txt
	@mkdir -p .make && touch $@

.make/frontend: .make/python frontend/package.json frontend/yarn.lock $(FRONTEND_SOURCES)
	cd frontend && jlpm install --immutable --mode=skip-build
	cd frontend && jlpm build:prod
	@mkdir -p .make && touch $@

.make/package: .make/python .make/frontend pyproject.toml $(wildcard server/jupyter-config/*.json server/jupyter-config/*/*/*)
	HATCH_BUILD_NO_HOOKS=true uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

format: install
	ruff format .
	ruff check --fix .
	cd frontend && jlpm format

generate: install
	python server/generate.py
	cd frontend && jlpm types

# Names and versions only: a lock file names no registry.
lock:
	uv pip compile pyproject.toml --extra server --group dev --universal --python-version 3.11 \
		--no-emit-index-url --no-annotate --no-header -q --upgrade -o tests/requirements.txt

clean:
	rm -rf .make .venv dist build frontend/lib frontend/node_modules workspace_ext/labextension \
		server/workspace_server/dashboards/static
