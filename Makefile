# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# .venv keeps its Python until you set another one: make test PYTHON=python3.13
PYTHON ?= $(shell .venv/bin/python -c 'print(".venv/bin/python")' 2>/dev/null || echo python3)
BIN := .venv/bin
NOX := $(BIN)/nox
CORES := 2.16 2.17 2.18 2.19 2.20 2.21
# The newest ansible-core that supports this Python
CURRENT = $(shell $(BIN)/python -c 'from ansible.release import __version__ as v; print(v.rpartition(".")[0])')
STATIC := lint docs-check docs build-import-check ansible-lint lint-tarball license-check extra-checks changelog
LONG := long api-description demo
JOBS := 2
# A tree in which Python and Ansible find the checkout as the collection
TREE := $(CURDIR)/.build/tree
AS_USER := ANSIBLE_COLLECTIONS_PATH=$(TREE) PATH="$(abspath $(BIN)):$$PATH"
MAKEFLAGS += --no-print-directory
export ANSIBLE_HOME := $(CURDIR)/.build/ansible

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+)( [a-z-]+)*:.*## (.*)/\1\t\3/p' Makefile | expand -t 24
	@echo 'Other targets, each a session of nox: $(SESSIONS)' | fold -sw 120

.PHONY: demo
demo: .venv/ready ## Demonstrate the collection on a fake NKS API
	@$(AS_USER) python tests/fake_nks --step 0 -- tests/demo/run.sh

.PHONY: fake
fake: .venv/ready ## Run the fake NKS API until Ctrl-C; paste its output into another shell
	@echo 'export PATH="$(abspath $(BIN)):$$PATH" ANSIBLE_COLLECTIONS_PATH="$(TREE)"'
	@exec $(BIN)/python tests/fake_nks

.PHONY: unit coverage
coverage: COVERAGE = --cov=plugins --cov-report=term-missing:skip-covered
unit coverage: .venv/ready ## Run the unit tests with this Python; make coverage also shows the lines that they miss
	PYTHONPATH=$(TREE) $(BIN)/python -m pytest -n auto $(COVERAGE)

.PHONY: test
test: PARTS = integration $(LONG) unit sanity $(STATIC) ## Run all checks with the newest ansible-core that python3 supports
.PHONY: static
static: PARTS = $(STATIC) ## Run the static checks: linters, documentation, build
.PHONY: matrix
matrix: PARTS = $(addprefix core-,$(filter-out $(SKIP),$(filter-out $(QUICK),$(CORES)) $(QUICK))) ## Run the tests with every ansible-core, except SKIP="2.19 …", and without integration tests for QUICK="2.20 …"
.PHONY: release-check
release-check: PARTS = release-ready $(STATIC) $(LONG) execution-environment $(addprefix core-,$(CORES)) ## Run all checks for a release
test static matrix release-check: .venv/ready
	@rm -rf .build/log && mkdir .build/log
	@$(MAKE) --keep-going --jobs=$(JOBS) $(addprefix part-,$(PARTS)); code=$$?; sort .build/log/summary; exit $$code
part-%:
	@.ci/part $*
$(addprefix part-core-,$(QUICK)): export KINDS := units sanity
part-sanity: | part-integration  # they share a virtual environment

.PHONY: integration sanity
integration sanity: .venv/ready ## Run the integration (or sanity) tests, or one of them: TARGET=name
	$(NOX) -s core-$(CURRENT) -- $@ $(TARGET)

.PHONY: docs-follow
docs-follow: .venv/ready ## Run the examples and the commands in the guides
	$(NOX) -s long -- docs_awx docs_guides examples

.PHONY: format
format: .venv/ready ## Format the Python code with ruff
	CI=false $(NOX) -s formatters

# If CI is set, ruff only checks the format.
lint: export CI := true
# Sessions of nox. To describe them: .venv/bin/nox --list
SESSIONS := ansible-lint api-description build build-import-check changelog docs docs-check eda execution-environment \
	extra-checks license-check lint lint-tarball long mutation release-ready yamllint $(addprefix core-,$(CORES))
.PHONY: $(SESSIONS)
$(SESSIONS): .venv/ready
	$(NOX) -s $@ -- $(KINDS)

.PHONY: browser
browser: .venv/ready ## Test the fleet report in headless Chromium
	$(BIN)/python -m pytest tests/browser

.PHONY: load
load: .venv/ready ## Send many concurrent requests to a fake; show memory and time
	PYTHONPATH=$(TREE) $(BIN)/python tests/load/load.py
	PYTHONPATH=$(TREE) $(BIN)/python tests/load/events.py

.PHONY: benchmark
benchmark: .venv/ready ## Run the benchmark, and write docs/benchmark.md
	$(AS_USER) python tests/benchmark/run.py --output docs/benchmark.md

.PHONY: clean
clean: ## Remove all generated files
	rm -rf .build .nox .venv tests/output .coverage .*_cache .hypothesis

# The file records the inputs of .venv. When they change, .venv is created again.
MADE_OF = { $(PYTHON) --version; cat constraints.txt tests/unit/requirements.txt; }
.PHONY: FORCE
.venv/ready: FORCE
	@mkdir -p $(TREE)/ansible_collections/netapp .build/log
	@ln -sfn $(CURDIR) $(TREE)/ansible_collections/netapp/nks
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo 'Python 3.10 or newer is required. Set it, for example: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 1; }
	@$(MADE_OF) | cmp -s - $@ || { $(PYTHON) -m venv --clear .venv && $(BIN)/pip install -qq -c constraints.txt \
		-r tests/unit/requirements.txt ansible-core antsibull-nox nox pytest pytest-cov pytest-xdist && $(MADE_OF) >$@; }
