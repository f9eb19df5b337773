"""Reading commands write nothing, whatever waits to be recorded."""

from __future__ import annotations

from ccc.layout import Layout
from ccc.store.lock import locked
from tests.reading.conftest import Done, contents
from tests.support.program import RunsCcc
from tests.support.repository import Repo

READING = [
    (),
    ("show", "backend-tokens"),
    ("show", "frontend-login", "--diff"),
    ("log",),
    ("review", "frontend-login"),
    ("review", "backend-tokens", "--stat"),
    ("inbox",),
    ("queue",),
    ("status", "--at", "refs/ccc"),
]


def settle(repo: Repo) -> None:
    """Waits until no background process of ccc is at work here."""
    layout = Layout(repo.common)
    for lock in (layout.root / "drain.lock", layout.worker_lock, layout.lock):
        with locked(lock, timeout=30):
            pass


def test_reading_leaves_every_byte_as_it_was(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    """With unrecorded commits, a moved target, a lost branch, a conflict and a queued session."""
    ready.commit("Routes", routes="one\n")
    first, second = done("backend", "Tokens", routes="tokens\n"), done("frontend", "Login", routes="login\n")
    lost = done("testing", "Lost")
    ccc("queue", first.name, second.name, exit=0)
    unhooked = ("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty")
    first.tree.git(*unhooked, "--message=Unseen\n\nCcc-Status: done")
    ready.git(*unhooked, "--message=Moved")
    ready.git("update-ref", "-d", "refs/heads/ccc/testing/lost")
    ccc("wait", first.name, "--timeout", "60", exit=0)
    settle(ready)
    second.tree.git(*unhooked, "--message=Unseen, too\n\nCcc-Status: done")
    places = (ready.common, ready.path, first.path, second.path, lost.path)
    before = contents(*places)
    for command in READING:
        for options in ((), ("--json",)):
            ccc(*command, *options, exit=0)
            changed = {path for path, _ in contents(*places).items() ^ before.items()}
            assert changed == set(), command
