# Copyright (c) 2026, netapp.nks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A virtual environment that is there keeps its Python, until another is named: make test PYTHON=python3.13
PYTHON ?= $(if $(and $(wildcard .venv/ready),$(realpath .venv/bin/python)),.venv/bin/python,python3)
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
NOX := $(BIN)/nox
VERSION := $(shell sed -n 's/^version: //p' galaxy.yml)
TARBALL := .build/netapp-nks-$(VERSION).tar.gz
COLLECTIONS := $(CURDIR)/.build/collections
# Folders are named too, so that a file that went counts as a change.
SOURCES := $(shell find $(wildcard *.md *.rst .ansible-lint COPYING galaxy.yml changelogs docs/* extensions meta playbooks plugins roles tests/config.yml) -not -path '*__pycache__*')
# What the tarball may hold, as a regular expression
CONTENTS := .ansible-lint|CHANGELOG.rst|COPYING|(FILES|MANIFEST).json|README.md|changelogs(/changelog.yaml)?|docs|extensions|meta|playbooks|plugins|roles|tests(/config.yml)?
CORES := 2.16 2.17 2.18 2.19 2.20 2.21
# The newest ansible-core that this Python runs
CURRENT = $(shell $(BIN)/python -c 'from ansible.release import __version__ as v; print(v.rpartition(".")[0])')
TOO_OLD := 2.% $(patsubst %,3.%.%,0 1 2 3 4 5 6 7 8 9)
export ANSIBLE_HOME := $(CURDIR)/.build/ansible
TARGET ?=
SKIP ?=

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+|core-%):.*## (.*)/\1\t\2/p' Makefile | expand -t 24

.PHONY: demo
demo: .build/installed ## Show the collection at work on a fake NKS
	@PATH=$(CURDIR)/$(BIN):$$PATH ANSIBLE_COLLECTIONS_PATH=$(COLLECTIONS) \
		python tests/fake_nks --step 0 -- tests/demo/run.sh

.PHONY: fake
fake: .build/installed ## Run the fake NKS until Ctrl-C; paste the lines that it prints in another shell
	@echo 'export PATH="$(abspath $(BIN)):$$PATH" ANSIBLE_COLLECTIONS_PATH="$(COLLECTIONS)"'
	@exec $(BIN)/python tests/fake_nks

.PHONY: test
test: .venv/ready ## Run every check with the newest ansible-core that python3 runs
	@$(MAKE) -k -j2 -Otarget core-$(CURRENT) static api-description long demo

.PHONY: matrix
matrix: .venv/ready ## Run the tests with every supported ansible-core; SKIP="2.19 …" leaves out
	@$(MAKE) -k -j3 -Otarget $(addprefix core-,$(filter-out $(SKIP),$(CORES)))

# In CI, ruff checks the format and changes nothing.
.PHONY: static
static: export CI := true
static: build ## Run every check that runs no code of the collection
	$(NOX) -s lint docs-check docs license-check extra-checks build-import-check ansible-lint lint-tarball changelog

.PHONY: api-description
api-description: .venv/ready ## Compare the fake NKS with the description of the API
	$(NOX) -s $@

.PHONY: core-%
core-%: .venv/ready ## Run the sanity, unit and integration tests with that ansible-core
	$(NOX) -s $@

.PHONY: integration
integration: .venv/ready ## Run the integration tests, or one of them: TARGET=name
	$(NOX) -s core-$(CURRENT) -- integration $(TARGET)

.PHONY: unit
unit: tree ## Run the unit tests with this Python; takes about a minute
	PYTHONPATH=$(CURDIR)/.build/tree $(BIN)/python -m pytest -n auto --cov=plugins --cov-report=term-missing:skip-covered

.PHONY: lint
lint: export CI := true
lint: .venv/ready ## Run ruff, pylint, mypy and yamllint
	$(NOX) -s $@

.PHONY: format
format: .venv/ready ## Format the Python code with ruff
	CI=false $(NOX) -s formatters

.PHONY: yamllint
yamllint: .venv/ready ## Check the YAML files, and the YAML in the documentation
	$(NOX) -s $@

.PHONY: changelog
changelog: .venv/ready ## Check the changelog fragments
	$(NOX) -s $@

.PHONY: docs-check
docs-check: .venv/ready ## Check the documentation of the plugins, the roles and the guides
	$(NOX) -s $@

.PHONY: docs-follow
docs-follow: .venv/ready ## Run the examples, and follow the guides
	$(NOX) -s long -- docs_awx docs_guides examples

.PHONY: long
long: .venv/ready ## Run the integration tests that take a while, the documentation among them
	$(NOX) -s $@

.PHONY: docs
docs: .venv/ready ## Render the documentation to HTML, in .build/docs/html
	$(NOX) -s $@

.PHONY: execution-environment
execution-environment: build ## Check what an execution environment takes from the collection
	$(NOX) -s $@

.PHONY: release-check
release-check: .venv/ready ## Run all that a release needs
	$(NOX) -s release-ready
	@rm -f $(TARBALL)
	@$(MAKE) static
	@$(MAKE) api-description long execution-environment demo
	@$(MAKE) matrix SKIP=

.PHONY: browser
browser: .venv/ready ## Look at the fleet report in headless Chromium
	$(BIN)/python -m pytest tests/browser

.PHONY: eda
eda: build ## Run the rulebooks, and follow their guide, with ansible-rulebook; needs Java 17
	$(NOX) -s $@

.PHONY: load
load: tree ## Ask much at once of one fake; memory and seconds
	PYTHONPATH=$(CURDIR)/.build/tree $(BIN)/python tests/load/load.py
	PYTHONPATH=$(CURDIR)/.build/tree $(BIN)/python tests/load/events.py

.PHONY: benchmark
benchmark: .build/installed ## Measure the speed, and write docs/benchmark.md
	ANSIBLE_COLLECTIONS_PATH=$(COLLECTIONS) PATH=$(CURDIR)/$(BIN):$$PATH python tests/benchmark/run.py --output docs/benchmark.md

# The checkout where Python finds it as the collection
.PHONY: tree
tree: .venv/ready
	@mkdir -p .build/tree/ansible_collections/netapp
	@ln -sfn $(CURDIR) .build/tree/ansible_collections/netapp/nks

.PHONY: current
current: .venv/ready
	@echo $(CURRENT)

.PHONY: build
build: $(TARBALL) ## Build the collection's tarball

.PHONY: clean
clean: ## Remove all that was made
	rm -rf .build .nox .venv tests/output .coverage .*_cache .hypothesis

version_of = $(shell ($1 -c 'import platform; print(platform.python_version())') 2>/dev/null)
PYTHON_VERSION := $(call version_of,$(PYTHON))

ifneq ($(PYTHON_VERSION),$(call version_of,.venv/bin/python))
.PHONY: another-python
.venv/ready: another-python
endif

.venv/ready: constraints.txt tests/unit/requirements.txt
	$(if $(filter-out $(TOO_OLD),$(PYTHON_VERSION)),,$(error \
		$(PYTHON) is $(if $(PYTHON_VERSION),Python $(PYTHON_VERSION),not there), but Python 3.10 or newer is needed. \
		Name one, for example: make $(MAKECMDGOALS) PYTHON=python3.12))
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -qq -c constraints.txt -r tests/unit/requirements.txt \
		ansible-core antsibull-nox nox pytest pytest-cov pytest-xdist
	@touch $@

$(TARBALL): .venv/ready $(SOURCES)
	@rm -f .build/netapp-nks-*.tar.gz
	@$(BIN)/ansible-galaxy collection build --force --output-path .build
	@! tar -tf $@ | grep -vxE '($(CONTENTS))(/.*)?' || { rm $@; echo 'The tarball holds what it should not, above.' >&2; exit 1; }
	@touch $@

.build/installed: $(TARBALL)
	@ANSIBLE_COLLECTIONS_PATH=$(COLLECTIONS) $(BIN)/ansible-galaxy collection install --offline --force -p $(COLLECTIONS) $(TARBALL)
	@touch $@
