"""Two sessions with proven work that nobody has approved: one belongs to the attacker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.audit.conftest import Session
from tests.support.program import RunsCcc
from tests.support.repository import Repo


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc_inline("init", exit=0)
    return repo


@pytest.fixture
def spawn(ready: Repo, ccc_inline: RunsCcc) -> Callable[[str, str], Session]:
    """Spawns a session worked by hand, with a commit that reports done and is checked."""

    def make(role: str, task: str) -> Session:
        made = ccc_inline("spawn", role, task, "--no-start", "--json", exit=0).json["sessions"][0]
        tree = Repo(Path(made["worktree"]))
        tree.commit(f"{task}\n\nCcc-Status: done", {task.lower(): f"{task}\n"})
        ccc_inline("wait", made["name"], "--timeout", "60", exit=0)
        return Session(made["name"], made["id"], tree)

    return make


@pytest.fixture
def mine(spawn: Callable[[str, str], Session]) -> Session:
    return spawn("backend", "Mine")


@pytest.fixture
def theirs(spawn: Callable[[str, str], Session]) -> Session:
    return spawn("frontend", "Theirs")


def approval_of(ready: Repo, session: Session, entry: dict[str, Any]) -> dict[str, Any]:
    """A well-formed approval of what landing a session would come to, as ccc would record it."""
    record = {
        "by": "Developer <developer@example.com>",
        **{name: entry["entry"][name] for name in ("base", "head", "tree")},
    }
    return {
        "type": "merge.approved",
        "sub": "main",
        "text": f"approved {session.name}",
        "by": record["by"],
        "session": session.id,
        "set": {f"merges/{session.id}": {"ok.0123456789abcdef": record}},
    }


def journal(ready: Repo, draft: dict[str, Any]) -> None:
    """Lays a file into the journal, as whoever can write there can."""
    file = ready.common / "ccc" / "journal" / "new" / "00000000000000000000000000000001"
    file.write_text(json.dumps(draft, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")
