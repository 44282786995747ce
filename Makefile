# Everything a user or a developer runs. `make help` lists the targets; every target installs what it lacks.

PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) /usr/lib/postgresql/15/bin/pg_config)
# The Python that the backends embed: Debian's, whose libpython is shared. A pyenv python on PATH will not do.
PYTHON    ?= /usr/bin/python3
# Where the server finds Python code; must be readable by the server's operating system user.
PREFIX    ?= /usr/local/lib/sffdw
MULTICORN ?= auto
STATE     ?=
DATA      ?=
SEED      ?=
PYTEST    ?=
INTERACTIONS ?=
STATEMENTS   ?=
BENCH     ?=
ROWS      ?=
CHANGES   ?=
MINUTES   ?=
CASE      ?=
# One more than the cores of a small machine: many tests wait, for pg_cron's minute or a slow answer.
WORKERS   ?= 3

export PG_CONFIG PREFIX MULTICORN STATE DATA SEED CHANGES MINUTES CASE

SUDO   := $(if $(filter 0,$(shell id -u)),,sudo)
VENV   := build/venv
RUN    := $(VENV)/bin/python
PACKAGES := postgresql-15 postgresql-server-dev-15 postgresql-15-cron sqitch libdbd-pg-perl \
            python3 python3-dev python3-venv gcc make util-linux

HOST_SOURCES := $(shell find host -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.sql' -o -name '*.control' -o -name Makefile \) 2>/dev/null)
PYTHON_SOURCES := $(shell find sffdw -type f -not -name '*.pyc' -not -path '*/__pycache__/*' 2>/dev/null)
SQL_SOURCES := $(shell find sql triggers -type f 2>/dev/null) sffdw.control tools/build_extension.py

.DEFAULT_GOAL := help
.PHONY: help packages install up down psql demo test test-unit test-integration test-migration test-sandbox test-host \
        test-jsforce bad-deploy mutants storm bench lint dist clean uninstall

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

packages:
	@tools/install_packages.sh $(PACKAGES)

# Our own environment for tools, tests and the sandbox; the server has another one in PREFIX.
$(VENV)/.ready: setup.py setup.cfg sffdw.control | packages
	@echo "preparing $(VENV)"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --upgrade setuptools wheel
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[sandbox,test,lint]'
	@echo "$(CURDIR)/host" > $$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/multicorn-host.pth
	@touch $@

install: build/.installed ## build and install extension and Python package for the PostgreSQL of PG_CONFIG

# The stamp names what was installed where, so that another PG_CONFIG or MULTICORN installs again.
build/.installed: $(HOST_SOURCES) $(PYTHON_SOURCES) $(SQL_SOURCES) setup.py tools/install.py $(VENV)/.ready FORCE
	@SUDO="$(SUDO)" PYTHON="$(PYTHON)" $(RUN) -m tools.install --stamp $@ $(filter-out FORCE,$^)
FORCE:

uninstall: ## remove what install put into PostgreSQL and PREFIX
	@SUDO="$(SUDO)" PYTHON="$(PYTHON)" $(RUN) -m tools.install --remove && rm -f build/.installed

up: install ## start a private PostgreSQL cluster and a sandbox; build/env says how to reach them
	@$(RUN) -m tools.up start

down: ## stop them
	@test ! -x $(RUN) || $(RUN) -m tools.up stop

psql: up ## a psql session in the private cluster, as the demo's role where there is one
	@set -a; . build/env; role=$$(psql -XAtqc "SELECT rolname FROM pg_roles WHERE rolname = 'crm'"); \
	  exec psql -U "$${role:-$$PGUSER}"

demo: install ## the main job, narrated and checked; DATA=PATH loads the org from there
	@$(RUN) -m tools.demo

test: install ## every tier that CI runs
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests $(PYTEST)

test-unit: $(VENV)/.ready ## no server
	$(RUN) -m pytest tests/unit $(PYTEST)

test-integration: install ## PostgreSQL and sandbox, the host, and the proofs about the catalogs
	$(RUN) -m pytest tests/integration tests/host tests/migration $(PYTEST)

test-migration: install ## Sqitch and extension give the same catalog; revert leaves nothing
	$(RUN) -m pytest tests/migration $(PYTEST)

idle-hour: install ## an hour of ten mappings in which nothing changes, call by call
	SFFDW_IDLE_MINUTES=60 $(RUN) -m pytest tests/integration/sync/test_idle_hour.py $(PYTEST)

bad-deploy: install ## 200,000 rows changed, then deleted by mistake: held before the first leaves, and taken back
	SFFDW_BAD_DEPLOY_ROWS=$(or $(ROWS),200000) $(RUN) -m pytest tests/integration/sync/test_held_writes.py -k case_75 -s --timeout 1800 $(PYTEST)

flipflop: install ## 5,000 quick double updates while polls run at full speed: no value comes back
	SFFDW_FLIPFLOP_DOUBLES=5000 $(RUN) -m pytest -s tests/integration/sync/test_flipflop.py $(PYTEST)

test-host: install ## the bundled Multicorn host
	$(RUN) -m pytest tests/host $(PYTEST)

# jsforce is a client of Salesforce from npm, used as it is, and soql-common Salesforce's own grammar; `make test` skips
# the tests that want them, and so does test-sandbox where there is no npm. INTERACTIONS=FILE and STATEMENTS=FILE name
# other recordings and statements of the form that the tests know.
NPM := build/npm/node_modules
CORE := build/npm-core/node_modules
FROM_NPM := $(if $(shell command -v npm),$(NPM)/jsforce/package.json $(NPM)/@salesforce/soql-common/package.json \
  $(CORE)/@salesforce/core/package.json)
$(NPM)/jsforce/package.json:
	@mkdir -p build/npm && npm install --silent --no-audit --no-fund --prefix build/npm jsforce@3

# The package wants a version of antlr4ts that npm's "dev" tag no longer gives.
$(NPM)/@salesforce/soql-common/package.json:
	@mkdir -p build/npm && npm install --silent --no-audit --no-fund --prefix build/npm \
	  @salesforce/soql-common@0.2.2 antlr4ts@0.5.0-alpha.3

# What the sf CLI is built on. It lies apart because the undici that npm would take wants a newer Node than Debian's.
$(CORE)/@salesforce/core/package.json:
	@mkdir -p build/npm-core
	@echo '{"dependencies": {"@salesforce/core": "^8"}, "overrides": {"undici": "^6"}}' > build/npm-core/package.json
	@cd build/npm-core && npm install --silent --no-audit --no-fund || echo "@salesforce/core is left out"

test-sandbox: $(VENV)/.ready $(FROM_NPM) ## the local Salesforce org, with real clients from PyPI and npm
	SFFDW_NODE_MODULES=$(if $(FROM_NPM),$(CURDIR)/$(NPM)) SFFDW_CORE_MODULES=$(CURDIR)/$(CORE) \
	  INTERACTIONS="$(INTERACTIONS)" STATEMENTS="$(STATEMENTS)" \
	  SANDBOX_REPORT=1 SOQL_STATEMENTS=7000 $(RUN) -m pytest tests/unit/sandbox tests/unit/sandbox_objects \
	  tests/integration/sandbox $(PYTEST)

test-jsforce: $(VENV)/.ready $(NPM)/jsforce/package.json ## only jsforce from npm against the sandbox
	SFFDW_NODE_MODULES=$(CURDIR)/$(NPM) $(RUN) -m pytest tests/integration/sandbox/jsforce $(PYTEST)

mutants: install ## switch off one mechanism after another, and see its test fail; CASE=3,17 these cases only
	@PYTHON="$(PYTHON)" SUDO="$(SUDO)" $(RUN) -m tests.mutants

storm: install ## kill the server while org and tables change, for some minutes: nothing is lost, nothing doubled
	@$(RUN) -m tests.storm

bench: install ## measure; BENCH=NAME only what begins so, ROWS=N rows of the large object, MINUTES=N of what goes by time
	$(RUN) -m benchmarks $(if $(ROWS),--rows $(ROWS)) $(if $(MINUTES),--minutes $(MINUTES)) $(BENCH)

lint: $(VENV)/.ready ## ruff, mypy and the checks of our own
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

dist: $(VENV)/.ready ## an archive of the sources
	@mkdir -p build/dist && git archive --prefix=sffdw/ -o build/dist/sffdw.tar.gz HEAD && echo build/dist/sffdw.tar.gz

clean: down ## remove everything that was built
	-$(MAKE) -s -C host clean PG_CONFIG=$(PG_CONFIG) >/dev/null 2>&1
	@rm -rf build
