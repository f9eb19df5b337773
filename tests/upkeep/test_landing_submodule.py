"""A landing that moves a submodule leaves what is checked out in it alone, and the next one lands as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place, status_of

pytestmark = pytest.mark.slow

DONE = "\n\nCcc-Status: done"


@pytest.fixture
def part(place: Place, tmp_path: Path) -> Repo:
    """The submodule's own repository, which the target has at its first commit."""
    path = tmp_path / "part"
    path.mkdir()
    made = Repo(path)
    made.git("init", "-q", "-b", "main")
    made.commit("One", {"one": "1\n"})
    place.repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(path), "lib/part")
    place.repo.commit("Add the part")
    place.workspace.layout.drain_script.write_text("#!/bin/sh\n")
    return made


def moving(place: Place, task: str, commit: str) -> Session:
    """A session whose work is that the submodule is at a commit."""
    session = place.spawn(task)
    tree = place.tree(session)
    tree.git("update-index", "--cacheinfo", f"160000,{commit},lib/part")
    tree.git("commit", "-q", "-m", f"Move it{DONE}")
    return session


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_was_left_behind_stops_no_landing(
    place: Place, part: Repo, ccc_inline: RunsCcc, method: str
) -> None:
    place.repo.commit("Rule", {".ccc/config.toml": f'[land]\nmethod = "{method}"\n'})
    before = place.repo.git("-C", "lib/part", "rev-parse", "HEAD")
    for number in (2, 3):
        session = moving(place, f"move {number}", part.commit(f"Commit {number}", {"one": f"{number}\n"}))
        ccc_inline("merge", session.name, "--yes", exit=0)
        assert status_of(place.repo) == "## main\0 M lib/part\0"
    other = place.spawn("other")
    place.tree(other).commit(f"Add a{DONE}", {"a": "1\n"})
    ccc_inline("merge", other.name, "--yes", exit=0)
    ccc_inline("undo", other.name, exit=0)
    ccc_inline("merge", other.name, "--yes", exit=0)
    assert place.repo.git("-C", "lib/part", "rev-parse", "HEAD") == before
    assert place.repo.git("rev-parse", "main:lib/part") == part.oid()
    assert status_of(place.repo) == "## main\0 M lib/part\0"


def test_a_commit_that_the_target_never_had_is_a_change(
    place: Place, part: Repo, ccc_inline: RunsCcc
) -> None:
    session = moving(place, "move it", part.commit("Two", {"one": "2\n"}))
    own = Repo(place.repo.path / "lib" / "part")
    own.commit("Mine", {"mine": "1\n"})
    refused = ccc_inline("merge", session.name, "--yes", exit=1)
    assert refused.stderr.endswith(
        f"error: {place.repo.path} has uncommitted changes: lib/part\n"
        "hint: commit or stash them there, or close that checkout; "
        "or, to have what is committed: git submodule update lib/part\n"
    )


def test_one_that_is_staged_is_a_change(place: Place, part: Repo, ccc_inline: RunsCcc) -> None:
    first, second = part.oid(), part.commit("Two", {"one": "2\n"})
    session = moving(place, "move it", second)
    ccc_inline("merge", session.name, "--yes", exit=0)
    place.repo.git("add", "lib/part")
    assert place.repo.git("rev-parse", ":lib/part") == first
    other = place.spawn("other")
    place.tree(other).commit(f"Add a{DONE}", {"a": "1\n"})
    refused = ccc_inline("merge", other.name, "--yes", exit=1)
    assert "has uncommitted changes: lib/part" in refused.stderr
