"""Work that a target has by other commits, squashed or rebased, is in no conflict with itself."""

from __future__ import annotations

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

LINES = "".join(f"line {n}\n" for n in range(9))


def text(*changed: tuple[int, str]) -> str:
    words = dict(changed)
    return "".join(f"{words[n]}\n" if n in words else f"line {n}\n" for n in range(9))


@pytest.fixture(params=["squash", "rebase"])
def landed(ready: Repo, ccc: RunsCcc, spawn: Spawns, request: pytest.FixtureRequest) -> Worked:
    """A session whose work is on the target by other commits, and whose branch is as it was before that."""
    policy = f'[land]\nmethod = "{request.param}"\n'
    ready.commit("Policy", {".ccc/config.toml": policy, "app.py": LINES})
    made = spawn("backend", "Landed")
    made.tree.commit("First", {"app.py": text((3, "three"))})
    made.tree.commit("Second\n\nCcc-Status: done", {"app.py": text((3, "three"), (5, "five"))})
    before = made.tree.oid()
    ccc("merge", made.name, "--yes", exit=0)
    made.tree.git("reset", "-q", "--hard", before)
    return made


def pairs(ccc: RunsCcc) -> list[tuple[str, str]]:
    found = ccc("conflicts", "--now", "--json").json["pairs"]
    return [(each["a"], each["b"]) for each in found]


def test_who_goes_on_from_its_own_commits_meets_only_what_others_do(
    ready: Repo, ccc: RunsCcc, landed: Worked
) -> None:
    landed.tree.commit("Third", {"app.py": text((3, "three again"), (5, "five"))})
    assert pairs(ccc) == []
    ready.write("app.py", text((3, "somebody else"), (5, "five")))
    ready.commit("Meanwhile")
    assert pairs(ccc) == [("main", landed.name)]


def test_uncommitted_work_on_top_counts_as_the_same(ready: Repo, ccc: RunsCcc, landed: Worked) -> None:
    landed.tree.write("app.py", text((3, "three again"), (5, "five")))
    assert pairs(ccc) == []


def test_who_builds_on_it_or_begins_behind_it_meets_only_what_others_do(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, landed: Worked
) -> None:
    stacked = spawn("backend", "Stacked", "--base", landed.name)
    stacked.tree.commit("Fourth", {"app.py": text((3, "four"), (5, "five"))})
    fresh = spawn("backend", "Fresh")
    fresh.tree.commit("Beside", {"app.py": text((3, "three"), (5, "five"), (8, "eight"))})
    assert pairs(ccc) == []
    fresh.tree.commit("Across", {"app.py": text((3, "fresh"), (5, "five"), (8, "eight"))})
    assert pairs(ccc) == [(stacked.name, fresh.name)]
    objects = ready.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert objects.count("commit") == len(ready.git("rev-list", "--all", "--reflog").split()), "none is left"
