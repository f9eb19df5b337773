"""Reading commands write nothing but their cache, whatever waits to be recorded."""

from __future__ import annotations

import pytest

from tests.reading.conftest import Done, contents
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone

pytestmark = pytest.mark.slow

READING = [
    (),
    ("show", "backend-tokens"),
    ("show", "frontend-login", "--diff"),
    ("log",),
    ("review", "frontend-login"),
    ("review", "backend-tokens", "--stat"),
    ("inbox",),
    ("queue",),
    ("metrics",),
    ("metrics", "cost"),
    ("metrics", "top"),
    ("output", "backend-tokens"),
    ("status", "--at", "refs/ccc"),
]


def test_reading_leaves_every_byte_as_it_was(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    """With unrecorded commits, a moved target, a lost branch, a conflict and a queued session."""
    ready.commit("Routes", routes="one\n")
    first = done("backend", "Tokens", routes="tokens\n")
    second = done("frontend", "Login", **{"login": "x\n", "docs/guide.md": "Log in.\n"})
    lost = done("testing", "Lost")
    ccc("queue", first.name, second.name, exit=0)
    unhooked = ("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty")
    first.tree.git(*unhooked, "--message=Unseen\n\nCcc-Status: done")
    ready.git(*unhooked, "--message=Moved")
    ready.git("update-ref", "-d", "refs/heads/ccc/testing/lost")
    ccc("wait", first.name, "--timeout", "60", exit=0)
    alone(ready)
    ready.write("other", "a tree that nobody has merged yet\n")
    ready.write("docs/guide.md", "Call it.\n")
    ready.git("add", "--all")
    ready.git(*unhooked, "--message=Moved again")
    second.tree.git(*unhooked, "--message=Unseen, too\n\nCcc-Status: done")
    places = (ready.common, ready.path, first.path, second.path, lost.path)
    before = contents(*places)
    for command in READING:
        for options in ((), ("--json",)):
            ccc(*command, *options, exit=0)
            changed = {path for path, _ in contents(*places).items() ^ before.items()}
            changed = {path for path in changed if not str(path).startswith(f"{ready.common}/ccc/cache")}
            assert changed == set(), command
