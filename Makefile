# The entry point for people and CI. `make help` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# Any Python from 3.11 on. `make test PYTHON=python3.13` takes another one, in a virtual environment of its own.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
ifeq ($(strip $(PYTHON)),)
$(error Clarion needs Python 3.11 or newer. Install one, or name it: make test PYTHON=/path/to/python3.12)
endif
VENV := .venv/$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

$(VENV)/.server: requirements/server.txt pyproject.toml
	@echo "Setting up $(VENV) (once) ..."
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP) install -r requirements/server.txt
	@$(PIP) install 'hatchling>=1.27,<2' editables
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.server requirements/dev.txt requirements/postgres.txt requirements/nats.txt requirements/mjml.txt
	@echo "Adding what tests and checks need ..."
	@$(PIP) install -r requirements/dev.txt
	@touch $@

# The TypeScript client, where Node.js 20 or newer and npm are installed. Elsewhere it is not built, and its tests are skipped.
TYPESCRIPT := clients/typescript
HAS_NODE := $(shell command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)

$(TYPESCRIPT)/node_modules/.installed: $(TYPESCRIPT)/package.json $(TYPESCRIPT)/package-lock.json
	@echo "Adding what the TypeScript client needs ..."
	@cd $(TYPESCRIPT) && npm ci --no-audit --no-fund --silent
	@touch $@

$(TYPESCRIPT)/dist/.built: $(TYPESCRIPT)/node_modules/.installed $(shell find $(TYPESCRIPT)/src $(TYPESCRIPT)/tsconfig.json)
	@rm -rf $(TYPESCRIPT)/dist
	@cd $(TYPESCRIPT) && npm run --silent build
	@touch $@

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.dev ## Set up the virtual environment for development

.PHONY: demo
demo: $(VENV)/.dev ## Run the main job: 200 orders become 200 mails (ONCE=1 ends there)
	@$(BIN)/python -m examples.demo $(if $(ONCE),--once)

.PHONY: serve
serve: $(VENV)/.server ## Start the service on this machine
	@$(BIN)/clarion serve

.PHONY: typescript
typescript: $(if $(HAS_NODE),$(TYPESCRIPT)/dist/.built) ## Build the TypeScript client (takes Node.js 20 or newer, and npm)
	@$(if $(HAS_NODE),true,echo "There is no Node.js 20 with npm here: the TypeScript client is not built.")

# An environment that forbids to store bytecode would have each process of pytest compile its plugins anew.
.PHONY: test
test: $(VENV)/.dev ## Run every test
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 2 --dist worksteal --quiet $(ARGS)

.PHONY: soak
soak: $(VENV)/.dev ## Run the crash, race and fuzz tests for long
	@CLARION_SOAK=1 $(BIN)/python -m pytest -m soak --timeout 3600 -s $(ARGS)

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	@$(PIP) install -r requirements/bench.txt
	@touch $@

.PHONY: bench
bench: $(VENV)/.bench ## Measure Clarion beside its floors, into build/bench.json
	@$(BIN)/python -m bench $(ARGS)

.PHONY: generate
generate: $(VENV)/.dev $(if $(HAS_NODE),$(TYPESCRIPT)/node_modules/.installed) ## Regenerate what follows from protos/, and the synchronous client
	@$(BIN)/python -m tools.generate

.PHONY: format
format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

.PHONY: lint
lint: $(VENV)/.dev ## Check format, style, types and layers
	@$(BIN)/ruff format --check --quiet . || { echo "Run 'make format'."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: contract
contract: $(VENV)/.dev $(if $(HAS_NODE),$(TYPESCRIPT)/node_modules/.installed) ## Check the contract: style, compatibility, stubs without a diff
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.check_contract

.PHONY: check
check: lint contract test ## Everything that CI checks
