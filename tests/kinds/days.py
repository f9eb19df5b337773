"""A person's day and an agent's day, to be lived in any kind of repository.

`Place` says where: which repository, where commands are started, which checkout is the user's own. Every step
that does not do what it should fails the test that lives the day.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ccc.platform import processes
from tests.support.agents import DONE, Agent, until
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo

REPORT = "The part is done."
FIRST_FILE = "part one.txt"
SECOND_FILE = "src/part-two.txt"


@dataclass(frozen=True)
class Place:
    """Where a day happens.

    `home` is where git is asked about the repository (a checkout, or the folder of a bare one), `stand` where
    ccc is started, `checkout` the user's checkout of the target (None: nobody has it checked out), `parent`
    the folder in which session worktrees are expected (None: not looked at), `environment` what is set.
    """

    home: Repo
    stand: Path
    checkout: Repo | None
    target: str = "main"
    parent: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, repo: Repo, target: str = "main") -> Place:
        """An ordinary checkout in which commands are started."""
        return cls(repo, repo.path, repo, target)

    def run(self, ccc: RunsCcc, *arguments: str, exit: int | None = 0, cwd: Path | None = None) -> Outcome:
        """Runs ccc as the user of this place does."""
        return ccc(*arguments, cwd=cwd or self.stand, env=self.environment, exit=exit)

    def status(self, ccc: RunsCcc, name: str) -> str:
        """The status of a session."""
        found: str = self.run(ccc, "status", name, "--json").json["sessions"][0]["status"]
        return found

    def diary(self) -> list[str]:
        """The subjects on refs/ccc as plain git shows them, oldest first."""
        return self.home.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()

    def files(self) -> set[str]:
        """What the target holds."""
        return set(self.home.git("ls-tree", "-r", "--name-only", "-z", self.target).split("\0")) - {""}

    def untouched(self) -> None:
        """The user's checkout shows no change, and holds what its branch holds."""
        if self.checkout is not None:
            assert self.checkout.git("status", "--porcelain") == ""

    def sound(self, ccc: RunsCcc) -> None:
        """Nothing is wrong with what is recorded."""
        assert self.run(ccc, "fsck", "--json").json["faults"] == []


@dataclass(frozen=True)
class Day:
    """What a day made: the session's name and id, its worktree, the commit that landed."""

    name: str
    id: str
    tree: Repo
    landed: str


Looks = Callable[[Repo], None]


def nothing_more(_: Repo) -> None:
    """Nothing else is looked at in the worktree."""


def persons_day(place: Place, ccc: RunsCcc, at_work: Looks = nothing_more) -> Day:
    """From `init` to the last `undo`, by a person; `at_work` looks at the worktree once it is made."""
    place.run(ccc, "init")
    day = _worked(place, ccc, at_work)
    _landed(place, ccc, day)
    _told(place, ccc, day)
    landed = _taken_back_and_landed_again(place, ccc, day)
    _closed_and_back(place, ccc, day)
    place.untouched()
    place.sound(ccc)
    return Day(day.name, day.id, day.tree, landed)


def _worked(place: Place, ccc: RunsCcc, at_work: Looks) -> Day:
    """Spawned, worked in by hand, reported done."""
    made = place.run(ccc, "spawn", "backend", "A part", "--no-start", "--into", place.target, "--json")
    session = made.json["sessions"][0]
    tree = Repo(Path(session["worktree"]))
    if place.parent is not None:
        assert os.path.realpath(tree.path.parent) == os.path.realpath(place.parent)
    assert tree.git("status", "--porcelain") == ""
    assert tree.git("branch", "--show-current") == "ccc/backend/a-part"
    at_work(tree)
    first = tree.commit("Do one half\n\nCcc-Progress: 50", {FIRST_FILE: "one\n"})
    assert place.status(ccc, session["name"]) == "running"
    shown = place.run(ccc, "show", session["id"], "--json").json
    assert (shown["progress"], shown["head"], shown["ahead"], shown["behind"]) == (50, first, 2, 0)
    tree.commit("Do the other half", {SECOND_FILE: "two\n"})
    ccc("report", "--done", "--summary", REPORT, cwd=tree.path, exit=0)
    waited = place.run(ccc, "wait", session["name"], "--timeout", "30", "--json").json
    assert waited["done"] == [session["id"]]
    assert place.status(ccc, session["name"]) == "unchecked"
    return Day(session["name"], session["id"], tree, "")


def _landed(place: Place, ccc: RunsCcc, day: Day) -> None:
    review = place.run(ccc, "review", day.name, "--json").json
    assert set(review["diff"]["paths"]) == {FIRST_FILE, SECOND_FILE}
    before = place.home.oid(place.target)
    landed = place.run(ccc, "merge", day.name, "--yes", "--json").json["landed"][0]
    assert place.home.oid(place.target) == landed["commit"] != before
    assert {FIRST_FILE, SECOND_FILE} <= place.files()
    assert not [path for path in place.files() if path.startswith(".ccc/")]
    place.untouched()
    if place.checkout is not None:
        assert (place.checkout.path / SECOND_FILE).read_text(encoding="utf-8") == "two\n"
    assert place.status(ccc, day.name) == "completed"


def _told(place: Place, ccc: RunsCcc, day: Day) -> None:
    """Every reading command tells of it; so does plain git."""
    assert "A part" in place.run(ccc, "handoff").stdout
    place.run(ccc, "handoff", "--write")
    assert day.name in place.run(ccc, "log").stdout
    assert day.name in place.run(ccc, "show", day.name).stdout
    diary = place.diary()
    assert diary[:2] == ["ccc: format 1", "ccc: initialised"]
    assert any(line.startswith(f"{place.target}: landed {day.name} as ") for line in diary)
    assert f"{day.name}: progress 50 %" in diary
    assert not [line for line in diary if "outside ccc" in line]
    body = place.home.git("log", "-1", "--format=%B", "refs/ccc")
    assert "Ccc-Event: {" in body


def _taken_back_and_landed_again(place: Place, ccc: RunsCcc, day: Day) -> str:
    place.run(ccc, "undo", day.name)
    assert not {FIRST_FILE, SECOND_FILE} & place.files()
    place.untouched()
    place.run(ccc, "merge", day.name, "--yes")
    assert {FIRST_FILE, SECOND_FILE} <= place.files()
    place.untouched()
    return place.home.oid(place.target)


def _closed_and_back(place: Place, ccc: RunsCcc, day: Day) -> None:
    """Closed with work that is not committed, and brought back with it."""
    day.tree.write("unfinished.txt", "half a thought\n")
    before = day.tree.git("status", "--porcelain", "-uall")
    place.run(ccc, "close", day.name)
    assert not day.tree.path.exists()
    assert place.home.git("for-each-ref", "--format=%(refname)", f"refs/ccc-backup/{day.name}/")
    place.run(ccc, "undo", day.name)
    assert (day.tree.path / "unfinished.txt").read_text(encoding="utf-8") == "half a thought\n"
    assert day.tree.git("status", "--porcelain", "-uall") == before


def agents_day(place: Place, ccc: RunsCcc, folder: Path) -> Day:
    """A rehearsed agent works, is checked, lands, goes on after the landing, lands again and is closed.

    `folder` takes its script. Whatever it started is ended, also when the day fails.
    """
    place.run(ccc, "init")
    script = folder / "agents-day.yml"
    second = [
        {"edit": {"path": "more.txt", "content": "more\n"}},
        {"commit": {"message": "Do more", "status": "done"}},
    ]
    script.write_text(yaml.safe_dump({"turns": [{"steps": DONE}, {"steps": second}]}), encoding="utf-8")
    options = ("--engine", f"rehearsal:{script}", "--into", place.target, "--json")
    made = place.run(ccc, "spawn", "frontend", "Agent's part", *options).json["sessions"][0]

    def runs_ccc(*arguments: str, **rest: object) -> Outcome:
        return place.run(ccc, *arguments, **rest)  # type: ignore[arg-type]

    runs = place.home.common / "ccc" / "runs"
    agent = Agent(made["name"], made["id"], Path(made["worktree"]), runs_ccc, runs)
    try:
        return _agent_at_work(place, ccc, agent)
    finally:
        agent.end()


def _agent_at_work(place: Place, ccc: RunsCcc, agent: Agent) -> Day:
    _wait_and_land(place, ccc, agent)
    assert "part.txt" in place.files()
    place.run(ccc, "send", agent.name, "Do more")
    until(lambda: (agent.path / "more.txt").exists(), "work after the landing")
    _wait_and_land(place, ccc, agent)
    assert {"part.txt", "more.txt"} <= place.files()
    place.untouched()
    host = agent.life()["host"]
    place.run(ccc, "close", agent.name)
    assert not agent.path.exists()
    until(lambda: agent.processes() == [] and not processes.alive(host), "the end of its processes")
    place.sound(ccc)
    return Day(agent.name, agent.id, Repo(agent.path), place.home.oid(place.target))


def _wait_and_land(place: Place, ccc: RunsCcc, agent: Agent) -> None:
    """What it reports is checked before it lands."""
    until(lambda: agent.status()["status"] in ("unchecked", "verified"), "its report, checked")
    place.run(ccc, "merge", agent.name, "--yes")
    place.untouched()
