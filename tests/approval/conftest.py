"""A repository with a session that is ready to land, and people with keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.audit.conftest import Session, Signer, make_signer
from tests.support.program import RunsCcc
from tests.support.repository import Repo

CONFIG = ".ccc/config.toml"

Done = Callable[..., Session]


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc_inline("init", exit=0)
    return repo


@pytest.fixture
def done(ready: Repo, ccc_inline: RunsCcc) -> Done:
    """A session that has committed files and is checked."""

    def make(task: str = "Login", /, files: dict[str, str] | None = None) -> Session:
        made = ccc_inline("spawn", "backend", task, "--no-start", "--json", exit=0).json["sessions"][0]
        tree = Repo(Path(made["worktree"]))
        tree.commit(f"{task}\n\nCcc-Status: done", files or {"login": "1\n"})
        ccc_inline("wait", made["name"], "--timeout", "60", exit=0)
        return Session(made["name"], made["id"], tree)

    return make


@pytest.fixture
def entry(ccc_inline: RunsCcc) -> Callable[[Session], dict[str, Any]]:
    """What `review --json` says of a session."""

    def read(session: Session) -> dict[str, Any]:
        found: dict[str, Any] = ccc_inline("review", session.name, "--json", exit=0).json
        return found

    return read


@pytest.fixture
def person(ready: Repo) -> Callable[[str, str], None]:
    """Makes somebody else sit at the keyboard."""

    def sit(name: str, mail: str) -> None:
        ready.git("config", "user.name", name)
        ready.git("config", "user.email", mail)

    return sit


@pytest.fixture
def signer(ready: Repo, tmp_path: Path) -> Signer:
    """The developer's key, which the target allows, asks for, and which git signs with."""
    made = make_signer(tmp_path, "developer@example.com")
    ready.commit("Sign", {".ccc/allowed_signers": made.line, CONFIG: "[approval]\nsigned = true\n"})
    made.use(ready)
    return made
