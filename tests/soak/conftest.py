"""The place of the soak: private, without network, with the stub as a process of its own."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.platform import trees
from tests.soak import processes
from tests.soak.cast import CAST
from tests.soak.place import Place, StubProcess, prepare
from tests.support import claude
from tests.support.program import RunsCcc
from tests.support.repository import Repo

SEED = os.environ.get("CCC_SOAK_SEED") or str(random.SystemRandom().randrange(10**6))
SECONDS = float(os.environ.get("CCC_SOAK_SECONDS") or 300.0)
CHOSEN = (os.environ.get("CCC_SOAK_CAST") or "").split()
"""Read before the sealed environment takes them away. A part of the cast is for work on the soak itself."""


@pytest.fixture
def place(repo: Repo, ccc: RunsCcc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The repository after `init`, with role and checks; nothing of it runs yet."""
    folder = tmp_path.with_name(f"{tmp_path.name}.stub")
    folder.mkdir()
    found = claude.environment(tmp_path.with_name(f"{tmp_path.name}.claude"), "http://127.0.0.1:1")
    del found["CLAUDE_CODE_MAX_RETRIES"]
    claude.surround(monkeypatch, found)
    prepare(repo)
    ccc("init", cwd=repo.path, exit=0)
    with claude.without_network():
        cast = tuple(part for part in CAST if not CHOSEN or part.slug in CHOSEN)
        yield Place(repo, folder, SEED, SECONDS, found, cast)


@pytest.fixture
def stub(place: Place) -> Iterator[StubProcess]:
    """The stub, which serves; `place` calls it from now on. All agents are ended before it is."""
    process = StubProcess(place)
    process.start()
    url = {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{process.port}"}
    place.environment = {**place.environment, **url}
    yield process
    _end_everything(place)
    process.end()


def _end_everything(place: Place) -> None:
    for _ in range(3):
        for each in processes.look(place.common):
            if each.kind == "host":
                each.kill()
        for each in processes.look(place.common):
            trees.Tree(each.identity, ("CCC_RUN", f"{each.session}.{each.run}")).end(0.2)
