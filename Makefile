# Everything runs from .venv, which the first target makes from the locked requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile
UV := $(shell command -v uv 2>/dev/null)
CODE := $(wildcard bench execution migrations models resolvers rest_shim schema server tests web workers)
LOCK := compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--quiet --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help install dev test format-check lint types layers waiting others pytest pythons explorer wheel bench chaos hostile fuzz format schema samples lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/install.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "counterfoil needs Python 3.11 or newer as '$(PYTHON)' (set another with: make PYTHON=python3.12)" >&2; exit 1; }
	@echo "== Installing the locked dependencies into $(VENV) (the first time takes a while)"
ifneq ($(UV),)
	@test -x $(BIN)/python || "$(UV)" venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	@"$(UV)" pip install --python $(BIN)/python --quiet --require-hashes -r requirements/dev.txt
	@"$(UV)" pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .
else
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { \
		echo "'$(PYTHON) -m venv' failed: install Python's venv module, or uv" >&2; rm -rf $(VENV); exit 1; }
	@$(PIP) --require-hashes -r requirements/install.txt || echo "== Going on with the pip that is there, which takes longer"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@# On all cores, which pip itself does on one.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib
endif
	@# Also where PYTHONDONTWRITEBYTECODE is set: each process of the tests would compile all of it anew.
	@$(BIN)/python -m compileall -q $(CODE)
	@touch $@

install: $(STAMP) ## Install the locked dependencies into .venv

dev: $(STAMP) ## Run the servers, the API and a worker, with a demo organization; builds GraphiQL and the API reference meanwhile
	@exec $(BIN)/counterfoil dev --explorer

# Files whose tests wait most of their time, for a lease that ends or a server that starts, and would keep a core idle.
WAITING := tests/server/test_npm_clients.py tests/server/test_board.py tests/server/explorer/test_browser.py \
	tests/server/cli/test_cli_audit.py tests/server/cli/test_console.py tests/server/cli/test_command_errors.py \
	tests/server/cli/test_stopped_requests.py tests/server/dev/test_dev.py tests/server/dev/test_dev_failures.py tests/server/dev/test_embedded.py \
	tests/server/dev/test_supervisor.py tests/server/http/test_connections.py tests/server/http/test_slow_bodies.py \
	tests/server/live/test_unread_answers.py tests/workers/agent_jobs/test_killed_agents.py \
	tests/workers/jobs/test_busy_database.py tests/workers/jobs/test_fairness.py tests/workers/jobs/test_outages.py \
	tests/workers/jobs/test_workers.py tests/workers/webhooks/test_circuits.py

# Types are checked by one process, which takes a minute of a new checkout: the tests run beside it.
test: format-check lint layers ## Check format, lint, types and layers, and run all tests
	@$(MAKE) --no-print-directory --jobs 2 waiting others

waiting: types
	@echo "== Tests that wait (pytest)"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q $(WAITING)

others:
	@$(MAKE) --no-print-directory pytest ARGS="$(WAITING:%=--ignore=%)"

format-check: $(STAMP)
	@echo "== Format (ruff)"
	@$(BIN)/ruff format --check $(CODE)

lint: $(STAMP)
	@echo "== Lint (ruff)"
	@$(BIN)/ruff check $(CODE)

types: $(STAMP)
	@echo "== Types (mypy --strict)"
	@$(BIN)/mypy $(CODE)

layers: $(STAMP)
	@echo "== Layers (import-linter), and one line of migrations"
	@$(BIN)/lint-imports
	@$(BIN)/python -m migrations > /dev/null

# Its many processes of Python compile nothing twice, whatever the environment says.
pytest: $(STAMP)
	@echo "== Tests (pytest $(ARGS))"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

pythons: ## Run the unit tests on every Python from 3.11 to 3.14 that is there, each in a venv of its own
	@UV="$(UV)" PYTHONS="$(PYTHONS)" .ci/pythons

# Built beside its place and then moved there, so that the server finds all of it or nothing. One at a time in a checkout:
# a second one waits, and finds that nothing is left to do. Where it fails, the server's pages say so.
EXPLORER := server/explorer/built/index.html
FAILED := server/explorer/failed
explorer: $(EXPLORER) ## Build GraphiQL (/graphql) and the API reference (/api/docs); brings Node where there is none

$(EXPLORER): explorer/package-lock.json $(wildcard explorer/*.html explorer/*.ts explorer/src/* explorer/src/*/* schema/operations/*.graphql)
ifndef EXPLORER_IS_LOCKED
	@explorer/locked explorer/build.lock $(MAKE) --silent --no-print-directory EXPLORER_IS_LOCKED=1 $@
else
	@echo "== Building GraphiQL and the API reference"
	@rm -rf $(FAILED) explorer/built.new
	@{ explorer/with-node explorer/npm-ci explorer \
		&& EXPLORER_OUT=built.new explorer/with-node npm --prefix explorer run --silent build; } || { touch $(FAILED); exit 1; }
	@rm -rf server/explorer/built
	@mv explorer/built.new server/explorer/built
endif

wheel: $(STAMP) explorer ## Build dist/*.whl and dist/requirements.txt, which a production server installs
	@rm -rf dist build
	@mkdir -p dist
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'from setuptools.build_meta import build_wheel; print("== Built dist/" + build_wheel("dist", {"--global-option": "--quiet"}))'
	@cp requirements/base.txt dist/requirements.txt
	@rm -rf build

bench: $(STAMP) ## Measure the API, or OF=deliveries, reports, live, mcp, tracing, edge; options in ARGS="..."
	@$(BIN)/python -m bench$(if $(OF),.$(OF)) $(ARGS)

chaos: $(STAMP) ## Kill every part under load and account for each write, job and delivery; options in ARGS="..."
	@$(BIN)/python -m bench.chaos $(ARGS)

hostile: $(STAMP) ## Measure what hostile callers cost; options in ARGS="..."
	@$(BIN)/python -m bench.hostile $(ARGS)

fuzz: $(STAMP) ## Send what Schemathesis makes up from both contracts (FUZZ_REQUESTS of each route, FUZZ_DOCUMENTS of each root field)
	@FUZZ_REQUESTS=$${FUZZ_REQUESTS:-120} FUZZ_DOCUMENTS=$${FUZZ_DOCUMENTS:-70} $(BIN)/python -m pytest --timeout=0 -q \
		tests/contract/test_openapi_requests.py tests/contract/test_schema_requests.py $(ARGS)

format: $(STAMP) ## Format the code and fix what the linter can
	@$(BIN)/ruff check --fix --exit-zero --silent $(CODE)
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)

# What a command prints, between two marks of a file.
define between
@$(BIN)/counterfoil $(3) > $(1).part
@awk -v name=$(2) -v part=$(1).part '$$0 == "<!-- /" name " -->" { skip = 0 } !skip { print } $$0 == "<!-- " name " -->" \
	{ skip = 1; while ((getline line < part) > 0) print line }' $(1) > $(1).new
@mv $(1).new $(1); rm $(1).part
endef

schema: $(STAMP) ## Write schema.graphql, openapi.json, docs/rest-to-graphql.md, CHANGELOG-schema.md and the README's tables anew from the code
	@$(BIN)/counterfoil schema print > schema/schema.graphql.new
	@mv schema/schema.graphql.new schema/schema.graphql
	@$(BIN)/counterfoil openapi print > rest_shim/openapi.json.new
	@mv rest_shim/openapi.json.new rest_shim/openapi.json
	@$(BIN)/counterfoil routes --guide > docs/rest-to-graphql.md.new
	@mv docs/rest-to-graphql.md.new docs/rest-to-graphql.md
	$(call between,README.md,settings,settings)
	$(call between,README.md,scopes,scopes)
	$(call between,CHANGELOG-schema.md,changes,schema changes)

samples: $(STAMP) ## Write the sample invoices and charts in docs/samples anew
	@$(BIN)/python -m tests.support.invoice_documents docs/samples
	@$(BIN)/python -m tests.support.report_charts docs/samples

lock: ## Compile requirements/*.in into *.txt (UPGRADE=1 takes newer versions); needs uv
	@test -n "$(UV)" || { echo "make lock needs uv" >&2; exit 1; }
	@"$(UV)" pip $(LOCK) $(if $(UPGRADE),--upgrade) requirements/base.in -o requirements/base.txt
	@"$(UV)" pip $(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/base.txt requirements/dev.in -o requirements/dev.txt
	@"$(UV)" pip $(LOCK) $(if $(UPGRADE),--upgrade) requirements/ci.in -o requirements/ci.txt
	@"$(UV)" pip $(LOCK) $(if $(UPGRADE),--upgrade) requirements/install.in -o requirements/install.txt

clean: ## Remove what was installed and cached (the data in .counterfoil stays)
	@rm -rf $(VENV) .venv-* build dist explorer/.node explorer/node_modules explorer/built.new explorer/*.lock $(FAILED) examples/board/node_modules examples/board/dist server/explorer/built tests/server/graphql_http/node_modules tests/clients/node_modules tests/clients/build tests/clients/src/__generated__ tests/clients/src/relay/__generated__ *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
