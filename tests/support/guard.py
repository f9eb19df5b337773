"""A pytest plugin: the tests must leave the project's own checkout as they found it."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.program import PROJECT

WANTED = "CCC_TEST_GUARD"
"""Set by `make`; without it a developer may edit files while tests run."""

BEFORE = pytest.StashKey[str]()


def checkout_state() -> str:
    """What `git status` says of the project's checkout; empty outside a repository."""
    command = ["git", "-C", str(PROJECT), "status", "--porcelain", "--untracked-files=all"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(command, capture_output=True, text=True, env=clean, timeout=60, check=False).stdout


def watches(config: pytest.Config) -> bool:
    """Whether this process is the one that watches: asked to, and no xdist worker."""
    return config.stash.get(BEFORE, None) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Remembers the state of the checkout."""
    if os.environ.get(WANTED) and not hasattr(config, "workerinput"):
        config.stash[BEFORE] = checkout_state()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run when the checkout has changed."""
    if watches(session.config) and checkout_state() != session.config.stash[BEFORE]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names what the tests left in the checkout."""
    if not watches(config):
        return
    before = set(config.stash[BEFORE].splitlines())
    changed = [line for line in checkout_state().splitlines() if line not in before]
    if changed:
        terminalreporter.section("the tests changed the project's checkout", red=True)
        terminalreporter.write_line("\n".join(changed))
