# `make help` lists everything.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PORT ?= 8000
INSTANCE := $(or $(INSTANCE_PATH),instance)
ROOMS := core vault auth casework referrals stats web
CODE := $(ROOMS) config.py wsgi.py
LANGUAGES := fr es ar
CATALOGUES := $(wildcard translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
# As root the embedded PostgreSQL runs as another user, who must read its programs.
# The locks are whole: pip resolves nothing, or it would ask for the newest of what an
# extra names, which no lock pins.
PIP := umask 022; $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --no-deps --require-hashes --requirement
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadscope

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

# To use it

.PHONY: demo serve clean-demo
demo: install ## Set up a demo and serve it on 127.0.0.1:8000 (PORT=...)
	@exec $(BIN)/flask --app wsgi demo

serve: install ## Serve what is set up with gunicorn, on 127.0.0.1:8000 (PORT=...)
	@exec $(BIN)/gunicorn --bind 127.0.0.1:$(PORT) wsgi:app

clean-demo: ## Stop the embedded database and remove the demo with its data
	@[ ! -x $(BIN)/python ] || $(BIN)/python -m core.embedded stop "$(INSTANCE)"
	@rm -rf "$(INSTANCE)"

# To prove it

.PHONY: check test test-debian coverage bench nightly
check: dev ## Format, lint, types, contracts, security, templates (no tests)
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(CODE)
	@$(BIN)/djlint --lint --quiet templates

test: dev ## Every test, the browser's too (ARGS="-k name")
	@chromium=$$(scripts/chromium.sh); \
	CHROMIUM=$$chromium $(PYTEST) $(ARGS)

test-debian: dev ## The same on Debian's PostgreSQL 15
	@programs=$$(scripts/debian-postgresql.sh); \
	$(MAKE) test POSTGRESQL_BIN="$$programs"

coverage: ## The tests, and what they do not reach
	@$(MAKE) test ARGS="--cov --cov-report=term-missing $(ARGS)"

bench: install ## Measure the benchmarks into benchmarks/results.json
	@$(BIN)/python -m benchmarks

nightly: check ## Everything, thoroughly: both PostgreSQLs, long searches, benchmarks
	@$(MAKE) coverage HYPOTHESIS_PROFILE=nightly SIGN_INS=200
	@$(MAKE) test-debian bench

# To change it

.PHONY: format docs lock css messages
format: dev ## Format the code and mend what can be mended
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

docs: install ## Write docs/generated/ anew from the tables of rules
	@$(BIN)/python -m docs.generate

lock: dev ## Pin the dependencies of pyproject.toml anew (UPGRADE=1: the newest)
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

css: ## Build static/ from assets/ (needs npm)
	@scripts/build-css.sh

messages: dev ## Collect the words to translate, and compile the translations
	@$(BIN)/pybabel --quiet extract --mapping pyproject.toml --keywords "_l lazy_gettext" \
	  --sort-by-file --add-location file --omit-header \
	  --output translations/messages.pot $(ROOMS) templates
	@for language in $(LANGUAGES); do \
	  $(BIN)/pybabel --quiet update --init-missing --ignore-pot-creation-date \
	    --input-file translations/messages.pot --output-dir translations \
	    --locale $$language; \
	done
	@$(MAKE) install

%.mo: %.po
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# What the others stand on

.PHONY: install dev
install: .venv/.installed $(COMPILED)
dev: .venv/.installed-dev $(COMPILED)

$(COMPILED): | .venv/.installed

.venv/bin/pip:
	@echo "Making .venv ..."
	@scripts/venv.sh

.venv/.installed: requirements.lock | .venv/bin/pip
	@echo "Installing the locked dependencies ..."
	@$(INSTALL) $<
	@$(PIP) check
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	@echo "Installing the tools for development ..."
	@$(INSTALL) $<
	@$(PIP) check
	@touch $@
