"""Many sessions with branches, as a long-lived repository has them, and events on them."""

from __future__ import annotations

from pathlib import Path

from bench.places import progressed, run, stream_of
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.store.gitstore import GitStore

BATCH = 5000
"""Events recorded at once; more than a thousand at once are one commit."""


def record_sessions(top: Path, store: GitStore, count: int) -> None:
    """So many sessions of this replica, each with a branch and landed; their worktrees are gone."""
    head = run("git", "rev-parse", "HEAD", cwd=top)
    where = (top / ".git" / "ccc" / "replica").read_text().strip()
    lines = "".join(f"create refs/heads/ccc/backend/task-{number} {head}\n" for number in range(count))
    run("git", "update-ref", "--stdin", cwd=top, stdin=lines)
    store.transact(lambda _: [_spawned(number, count, head, where) for number in range(count)], durable=False)


def record_progress(store: GitStore, first: int, beyond: int, sessions: int, batch: int = BATCH) -> None:
    """Events with these numbers, so many at once."""
    for start in range(first, beyond, batch):
        facts = [progressed(number, sessions) for number in range(start, min(start + batch, beyond))]
        store.transact(lambda _, facts=facts: facts, durable=False)  # type: ignore[misc]


def retire(top: Path) -> None:
    """Takes away what the write-ahead log keeps for ten minutes."""
    for batch in (top / ".git" / "ccc" / "wal" / "done").iterdir():
        batch.unlink()


def _spawned(number: int, count: int, head: str, where: str) -> Draft:
    name = f"backend-task-{number}"
    stream = stream_of(number, count)
    landed: dict[str, Value] = {
        "commit": head,
        "head": head,
        "base": head,
        "tree": head,
        "target": "main",
        "advanced": None,
    }
    fields: dict[str, Value] = {
        "name": name,
        "role": "backend",
        "task": f"Task {number} of many",
        "branch": f"ccc/backend/task-{number}",
        "worktree": f"/nowhere/{name}",
        "where": where,
        "target": "main",
        "base": head,
        "head": head,
        "landed": landed,
    }
    return Draft("session.spawned", name, "spawned", {stream: fields}, session=stream.partition("/")[2])
