"""An inbox asked again asks git about what has moved alone, and says what one without memory says."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccc.domain.sessions import Session
from ccc.errors import BadConfig, GitFailed
from ccc.ops.init import init
from ccc.ops.landing.combine import combine
from ccc.ops.landing.outlook import Outlook, outlooks
from ccc.ops.look import look
from ccc.ops.peek import peek
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone

UNHOOKED = ("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty")
DONE = "--message=Part\n\nCcc-Status: done"
NO_RADAR = "[radar]\non = false\n"
Item = tuple[str, str, str]


@dataclass(frozen=True)
class Place:
    """A repository with sessions at work in their worktrees, and what its inbox remembers."""

    repo: Repo
    run: RunsCcc
    trees: Sequence[Repo]

    @property
    def memory(self) -> Path:
        return self.repo.common / "ccc" / "cache" / "landings.json"

    def report(self, *trees: Repo, **files: str) -> None:
        """All of them say that they are done, and are checked."""
        for tree in trees:
            for path, text in files.items():
                tree.write(path, text)
            tree.git("add", "--all")
            tree.git(*UNHOOKED, DONE)
        self.run("drain", exit=0)
        self.run("wait", *(tree.path.name for tree in trees), "--timeout", "60", exit=0)

    def inbox(self) -> list[Item]:
        """What waits, once it is known that an inbox which remembers nothing says the same."""
        self.run("drain", exit=0)  # what is not recorded is as old as the look
        found = self.run("inbox", "--json", exit=0).json["items"]
        remembered = self.memory.read_bytes()
        self.memory.unlink()
        assert self.run("inbox", "--json", exit=0).json["items"] == found
        self.memory.write_bytes(remembered)
        return [(item["kind"], item["session"], item["text"]) for item in found]

    def of(self, number: int) -> list[tuple[str, str]]:
        """Kind and words of what waits of one session."""
        session = self.sessions[number].id
        return [(kind, text) for kind, whose, text in self.inbox() if whose == session]

    @property
    def sessions(self) -> list[Session]:
        return look(Workspace.open(self.repo.path, os.environ)).sessions


Places = Callable[[int], Place]


@pytest.fixture
def place(repo: Repo, ccc_inline: RunsCcc) -> Places:
    def make(count: int) -> Place:
        repo.commit("Shared", shared="base\n")
        workspace = Workspace.open(repo.path, os.environ)
        init(workspace, files=False)
        made = spawn(workspace, Request("backend", "Part", count=count, start=False))
        return Place(repo, ccc_inline, [Repo(Path(str(each.session.worktree))) for each in made])

    return make


def gits(here: Place) -> int:
    """How many git processes an inbox waits for."""
    words = here.run("inbox", env={"CCC_TRACE": "1"}, exit=0).stderr
    return sum(line.startswith("ccc: ") and "  git " in line for line in words.splitlines())


def test_an_inbox_asked_again_takes_one_git_for_all_that_could_land(place: Places) -> None:
    here = place(3)
    for tree in here.trees:
        tree.git(*UNHOOKED, "--message=Begun")
    none = gits(here)
    for tree in here.trees:
        tree.git(*UNHOOKED, DONE)
    first, again = gits(here), gits(here)
    assert (first - none, again - none) == (7, 1)
    here.trees[0].git(*UNHOOKED, DONE)
    assert (gits(here) - none, gits(here) - none) == (6, 1)


def went(tree: Repo, before: str) -> str:
    return f"its branch is at {tree.oid()[:7]} now, was {before}"


@pytest.mark.slow
def test_what_moves_is_seen_at_once(place: Places) -> None:
    here = place(2)
    first, second = here.trees
    here.repo.commit("Nobody looks", {".ccc/config.toml": NO_RADAR})
    here.report(first, shared="first\n")
    here.report(second, other="second\n")
    asked = [("approval", "landing it needs your approval; it has no checks")]
    assert (here.of(0), here.of(1)) == (asked, asked)
    here.run("approve", "backend-part-2", exit=0)
    assert (here.of(0), here.of(1)) == (asked, [("approval", "approved, and can land")])
    before = here.repo.oid()[:7]
    here.repo.commit("Meanwhile", shared="moved\n")
    moved = f"the one given is stale: main is at {here.repo.oid()[:7]} now, was {before}"
    stale = [("approval", f"{asked[0][1]}; {moved}")]
    assert (here.of(0), here.of(1)) == ([("conflict", "in shared")], stale)
    first.git("merge", "--quiet", "--no-commit", "--strategy=ours", "main")
    here.report(first, shared="both\n", **{".ccc/config.toml": NO_RADAR})
    assert (here.of(0), here.of(1)) == (asked, stale)
    approved = second.oid()[:7]
    here.report(second, shared="second\n")
    assert (here.of(0), here.of(1)) == (asked, [("conflict", "in shared")])
    stale = [
        (kind, words.replace(moved, f"the one given is stale: {went(second, approved)}"))
        for kind, words in stale
    ]
    (here.repo.common / "info").mkdir(exist_ok=True)
    (here.repo.common / "info" / "attributes").write_text("shared merge=union\n")
    assert here.of(1) == stale
    (here.repo.common / "info" / "attributes").unlink()
    assert here.of(1) == [("conflict", "in shared")]
    here.repo.commit("No yes needed", {".ccc/config.toml": f"[approval]\nrequired = 0\n{NO_RADAR}"})
    assert here.of(0) == []
    here.repo.commit("Broken", {".ccc/config.toml": "[approval\n"})
    assert [kind for kind, *_ in here.inbox()].count("failure") == 1


WRONG: list[Any] = [17, None, "", [], [1], ["x", "y", "z", {}], ["tree", 0, 0, [1]], {}]
WRONG += [[None, 0, 0, []], [7, 0, 0, []], [None, 0, 2, [1]], [None, 0, 1, ["a", "b"]], [None, 0, "1", ["a"]]]


@pytest.mark.slow
def test_a_lost_or_damaged_memory_costs_time_alone(place: Places) -> None:
    here = place(2)
    here.report(*here.trees, shared="theirs\n")
    here.repo.commit("Meanwhile", shared="moved\n")
    expected = here.inbox()
    assert [kind for kind, *_ in expected] == ["conflict", "conflict", "message"]
    whole = json.loads(here.memory.read_bytes())
    damaged = [b"", b"{", b"[]", b"17", b"\xff", json.dumps({"signature": whole["signature"]}).encode()]
    for section in ("terms", "verdicts"):
        damaged.append(json.dumps({**whole, section: 17}).encode())
        for wrong in WRONG:
            entries = dict.fromkeys(whole[section], wrong)
            damaged.append(json.dumps({**whole, section: entries}).encode())
    for content in damaged:
        here.memory.write_bytes(content)
        assert here.inbox() == expected, content
    here.memory.unlink()
    here.memory.mkdir()
    try:
        found = here.run("inbox", "--json", exit=0).json["items"]
    finally:
        here.memory.rmdir()
    assert [(item["kind"], item["session"], item["text"]) for item in found] == expected


@pytest.mark.slow
def test_a_landing_does_not_believe_what_is_remembered(place: Places) -> None:
    here = place(1)
    here.report(*here.trees, shared="theirs\n")
    target = here.repo.commit("Meanwhile", shared="moved\n")
    assert here.of(0) == [("conflict", "in shared")]
    found = json.loads(here.memory.read_bytes())
    clean = [here.trees[0].oid("HEAD^{tree}"), 0, 0, []]
    found["verdicts"] = dict.fromkeys(found["verdicts"], clean)
    here.memory.write_text(json.dumps(found))
    told = here.run("inbox", "--json", exit=0).json["items"]
    assert "approval" in [item["kind"] for item in told]  # it was believed where people only look
    refused = here.run("merge", "backend-part", "--yes")
    assert refused.exit != 0
    assert "conflict" in refused.stderr
    assert here.repo.oid("main") == target


@pytest.mark.slow
def test_a_conflict_that_something_else_can_end_is_not_remembered(
    repo: Repo, place: Places, tmp_path: Path
) -> None:
    """A merge driver that is not there yet, and commits of a submodule that are not fetched yet."""
    library, driver = Repo(tmp_path / "library"), tmp_path / "driver"
    library.path.mkdir()
    library.git("init", "-q")
    first = library.commit("One", code="1\n")
    repo.git("submodule", "--quiet", "add", str(library.path), "lib")
    one, two = library.commit("Two", code="2\n"), library.commit("Three", code="3\n")
    repo.git("config", "merge.mine.driver", f"sh {driver} %A")
    repo.commit("Library", {".gitattributes": "driven merge=mine\n", "driven": f"{first}\n"})
    here = place(2)
    here.trees[0].commit("Part", driven="theirs\n")
    here.trees[1].git("update-index", "--cacheinfo", f"160000,{two},lib")
    here.trees[1].git(*UNHOOKED, "--message=Part")
    repo.git("update-index", "--cacheinfo", f"160000,{one},lib")
    repo.write("driven", "ours\n")
    repo.git("add", "driven")
    repo.git(*UNHOOKED, "--message=Meanwhile")
    alone(repo)  # a drain that has begun to look would keep what it sees
    assert conflicts(here) == {"backend-part": ("driven",), "backend-part-2": ("lib",)}
    driver.write_text("exit 0\n")
    assert conflicts(here) == {"backend-part": (), "backend-part-2": ("lib",)}
    repo.git("config", "--unset", "merge.mine.driver")
    assert conflicts(here) == {"backend-part": ("driven",), "backend-part-2": ("lib",)}
    Repo(repo.path / "lib").git("fetch", "-q")
    assert conflicts(here) == {"backend-part": ("driven",), "backend-part-2": ()}


def conflicts(here: Place) -> dict[str, tuple[str, ...]]:
    workspace = Workspace.open(here.repo.path, os.environ)
    found = outlooks(workspace, sessions := look(workspace).sessions)
    told = {session.name: found[session.id] for session in sessions}
    return {name: each.verdict.named for name, each in told.items() if isinstance(each, Outlook)}


@pytest.mark.slow
def test_the_outlook_of_many_is_what_combining_each_says(place: Places) -> None:
    """Clean ones, conflicts, nothing to land, the own files of ccc, and histories that are strangers."""
    here = place(6)
    clean, torn, nothing, apart, lone, renamed = here.trees
    clean.commit("Clean", {"new/file": "1\n"})
    torn.commit("Torn", dict.fromkeys(("shared", "a", "b", "c", "d"), "theirs\n"))
    nothing.commit("Nothing", {"late": "late\n"})
    apart.commit("Own", {".ccc/sessions/backend-part-4/own": "theirs\n"})
    renamed.git("mv", "README.md", "moved.md")
    renamed.commit("Renamed")
    lone.git("reset", "-q", "--hard", lone.git("commit-tree", "-m", "Lone", lone.oid("HEAD^{tree}")))
    here.repo.commit("Meanwhile", {"late": "late\n", **dict.fromkeys(("shared", "a", "b", "c"), "ours\n")})
    here.run("drain", exit=0)  # by which the third is known to have landed: all of it is there
    for _ in range(2):
        assert compared(here) == {(0, False): 2, (0, True): 2, (4, False): 1}
    here.repo.commit("Own", {".ccc/sessions/backend-part-4/own": "ours\n"})
    assert compared(here) == {(0, False): 4, (4, False): 1}
    here.repo.commit("Keep", {".ccc/config.toml": "[land]\nkeep_session_files = true\n"})
    assert compared(here) == {(0, False): 2, (0, True): 1, (1, False): 1, (4, False): 1}


def compared(here: Place) -> dict[tuple[int, bool], int]:
    """How many have so many conflicts, and nothing to land, once that is what combining each says."""
    workspace = Workspace.open(here.repo.path, os.environ)
    sessions = look(workspace).sessions
    found = outlooks(workspace, sessions)
    with peek(workspace) as aside:
        for session in sessions:
            _compare(aside, session, found[session.id])
    verdicts = [each.verdict for each in found.values() if isinstance(each, Outlook)]
    return Counter((verdict.conflicts, verdict.nothing) for verdict in verdicts)


def _compare(aside: Workspace, session: Session, outlook: Outlook | BadConfig | GitFailed) -> None:
    if session.name == "backend-part-5":
        with pytest.raises(GitFailed, match="no common history") as refused:
            combine(aside, session)
        assert isinstance(outlook, GitFailed)
        assert outlook.message == refused.value.message
        return
    combined = combine(aside, session)
    assert isinstance(outlook, Outlook)
    verdict = outlook.verdict
    assert (outlook.base, outlook.head) == (combined.base, combined.head)
    assert (verdict.tree, verdict.conflicts) == (combined.tree, len(combined.conflicts))
    assert verdict.nothing == (combined.nothing and combined.tree is not None)
    assert list(verdict.named) == [file.path for file in combined.conflicts][:3]
