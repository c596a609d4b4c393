# Everything a newcomer needs. Each target does its own set-up.
PYTHON ?= python3
PORT ?= 8000

.PHONY: help demo demo-reset setup test lint types lock openapi faults images clean

help:            ## say what there is
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo:            ## set up, make the demonstration study, run the platform
	@$(PYTHON) -m scripts.launcher demo --port $(PORT)

demo-reset:      ## forget the demonstration study and what users entered
	@$(PYTHON) -m scripts.launcher demo-reset

setup:           ## packages and frontend build, for development
	@$(PYTHON) -m scripts.launcher setup

test:            ## set up and run every test
	@$(PYTHON) -m scripts.launcher test

faults: setup    ## the long form of the fault harness, on SQLite and on PostgreSQL
	@FAULTS=long .venv/bin/python -m pytest --timeout=0 tests/faults
	@FAULTS=long .venv/bin/python -m pytest --timeout=0 --database postgres tests/faults

lint: setup      ## style of Python and TypeScript, and the layers
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/lint-imports
	cd frontend && npm run lint

types: setup     ## mypy strict and TypeScript strict
	.venv/bin/mypy
	cd frontend && npm run types

openapi: setup   ## write openapi.json and the TypeScript types made from it
	.venv/bin/python manage.py spectacular --validate --fail-on-warn --format openapi-json --file openapi.json
	cd frontend && npm run api

lock: setup      ## write the lock files anew from requirements*.in
	.venv/bin/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate --no-header -o requirements.lock requirements.in
	sed -i 's/+cpu$$//' requirements.lock
	.venv/bin/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate --no-header -o requirements-dev.lock requirements-dev.in

images:          ## take the README's pictures from the last browser tests
	mkdir -p docs/images
	cp test-results/pages/reading-room-ai.png docs/images/reading-room.png
	cp test-results/pages/arms-1280x800.png test-results/pages/progress-1280x800.png docs/images/

clean:           ## remove what was built (data under var/ stays)
	rm -rf .venv .stamps frontend/node_modules frontend/dist
