# Two commands on a fresh machine: `make up` and `make test`. Everything else is for those who work on it.
.DEFAULT_GOAL := help
.PHONY: help up down clean-demo doctor tour test check bench lock images environment

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

up: environment ## Provide what is missing, start everything, print the address and the demo accounts
	@$(BIN)/readingroom up

down: environment ## Stop everything; records, data and homes stay
	@$(BIN)/readingroom down

clean-demo: environment ## Remove everything that `make up` made
	@$(BIN)/readingroom clean-demo --yes

doctor: environment ## Say what is missing, too old or unsafe, with the fix
	@$(BIN)/readingroom doctor

tour: environment ## Walk the whole journey on a fresh temporary installation
	@$(BIN)/readingroom tour

# Tests that share one engine run one after the other, all others on every processor.
ALONE := tests/docker tests/browser
test: environment ## Run every test, with real containers and a real browser
	@$(BIN)/python -m readingroom.ops.testing
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ALONE:%=--ignore=%); others=$$?; \
		$(BIN)/python -m pytest $(ALONE) && exit $$others

check: environment ## Lint, and check the types of core and services
	@$(BIN)/ruff check src tests scripts benchmarks
	@$(BIN)/mypy

bench: environment ## Measure against a plain DockerSpawner and print the ratios; WHAT=tables (or another) for these
	@$(if $(WHAT),,$(BIN)/python -m readingroom.ops.testing)
	@$(BIN)/python -m benchmarks $(WHAT)

images: environment ## Make the images anew, with today's security updates
	@$(BIN)/python -m readingroom.ops.images

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
lock: ## Resolve all versions anew (needs uv and npm); the result names no index
	@$(LOCK) --upgrade requirements/platform.in -o requirements/platform.lock
	@$(LOCK) --upgrade images/notebook/requirements.in -o images/notebook/requirements.lock
	@npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

environment:
	@$(PYTHON) scripts/environment.py
