# Everything a person does here is one of these; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test check bench conformance up down test-compose fix generate lock

PYTHON := .venv/bin/python
COMPOSE ?= $(shell if docker compose version >/dev/null 2>&1; then echo docker compose; else echo docker-compose; fi)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: ## run the whole platform here, in the foreground (ARGS=--verbose shows every log line); Ctrl-C stops it
	@deploy/environment.sh run
	@exec $(PYTHON) -m deploy.local $(ARGS)

test: ## everything that must pass: the tests, then the containers (ARGS goes to pytest)
	@deploy/environment.sh dev
	$(PYTHON) -m pytest $(ARGS)
	@$(MAKE) --no-print-directory test-compose

check: ## format, lint, types, layers, generated files
	@deploy/environment.sh dev
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m pyright
	.venv/bin/lint-imports --no-logo
	$(PYTHON) -m deploy.docs --check

bench: ## the benchmarks, each beside its physical limit and its peers
	@deploy/environment.sh bench
	@exec $(PYTHON) -m deploy.bench $(ARGS)

conformance: ## the official MCP conformance suite against the gateway (needs Node 22 or later, and npm)
	@deploy/environment.sh run
	@exec $(PYTHON) -m deploy.conformance

up: ## run the platform with docker compose, in the background
	$(COMPOSE) up --build --detach

down: ## stop what `make up` started
	$(COMPOSE) down

test-compose: ## build the image, bring the compose file up for real, drive it with an MCP client, take it down
	@deploy/environment.sh dev
	@exec $(PYTHON) -m deploy.container

fix: ## format and repair what ruff can
	@deploy/environment.sh dev
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

generate: ## write .env.example and the tables in README.md again
	@deploy/environment.sh dev
	$(PYTHON) -m deploy.docs

lock: ## resolve pyproject.toml into the hashed locks again (needs uv)
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group dev \
		-c requirements.lock -o requirements-dev.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group dev --group bench \
		-c requirements-dev.lock -o requirements-bench.lock
