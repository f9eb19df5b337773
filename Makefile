# Needs Python 3.11 or newer, git and make; everything else is installed into .venv.

SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/.synced
CLAUDE_STAMP := .venv/.claude
# Tests wait for processes, slow ones most of their time: more of them run at once than there are processors.
WORKERS ?= 3
SLOW_WORKERS ?= 3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test slow soak lint format bench sync man clean install-commands install-commands-force

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## Set up and show the main job (ARGS="--yes")
	@$(BIN)/git-ccc demo $(ARGS)

test: $(STAMP) ## Set up and run the tests (ARGS="tests/cli -k pager")
	@CCC_TEST_GUARD=1 $(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

slow: $(STAMP) $(CLAUDE_STAMP) ## Run the tests that take long, in memory where there is room for it
	@CCC_TEST_GUARD=1 CCC_TEST_MEMORY=1 $(BIN)/python -m pytest -n $(SLOW_WORKERS) --maxschedchunk=2 \
		-m "slow and not soak" $(ARGS)

soak: $(STAMP) $(CLAUDE_STAMP) ## Run twelve sessions in a storm of kills (CCC_SOAK_SEED=N CCC_SOAK_SECONDS=3600)
	@CCC_TEST_GUARD=1 $(BIN)/python -m pytest -m soak -s $(ARGS)

lint: $(STAMP) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP) ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## Measure against the budgets
	@$(BIN)/python -m bench $(ARGS)

man: $(STAMP) ## Write man/git-ccc.1 from the commands
	@$(BIN)/python -m ccc.cli.manpage > man/git-ccc.1.new && mv man/git-ccc.1.new man/git-ccc.1

install-commands: $(STAMP) ## Give Claude Code the skill and the /ccc-... commands
	@$(BIN)/python -m ccc.cli.claude_kit

install-commands-force: $(STAMP) ## The same, over files that were edited, too
	@$(BIN)/python -m ccc.cli.claude_kit --force

sync: ## Install the pinned packages again
	@rm -f $(STAMP)
	@$(MAKE) --no-print-directory $(STAMP)

clean: ## Remove .venv and what tools left behind
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

$(STAMP): requirements.lock pyproject.toml .ci/make-venv
	@.ci/make-venv .venv
	@touch $(STAMP)

# The real program that slow tests run sessions with: 170 MB, so only they install it.
$(CLAUDE_STAMP): requirements-claude.lock $(STAMP)
	@echo "installing the claude program into .venv" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements-claude.lock
	@touch $(CLAUDE_STAMP)
