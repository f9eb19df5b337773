"""`queue.parallel`: whose gates run at the same time and who waits; the order is fair, as people see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.queue.conftest import Done, Finish, Gated
from tests.queue.test_speculating import entries, settled
from tests.queue.waiting import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

ROUNDS = 10
"""How often an entry may be overtaken (docs/queue.md)."""

EACH = """[gate]
commands = [
  {run = "echo begin web >> $RUNS; until test -e $RUNS.web; do sleep 0.05; done; echo end web >> $RUNS", \
paths = "web"},
  {run = "echo begin api >> $RUNS; until test -e $RUNS.api; do sleep 0.05; done; echo end api >> $RUNS", \
paths = "api"},
]
retry = 0
"""
"""Each ends only when its file is there, so a test decides when."""

HELD = """[gate]
commands = ["ls | tr '\\n' ' ' | sed 's/$/;/' >> $RUNS; until test -e $RUNS.go; do sleep 0.05; done"]
retry = 0
"""
"""Adds what is in the tree it tests, and ends when it may."""


def let(gated: Gated, name: str) -> None:
    """Lets the gate commands that wait for this end."""
    Path(f"{gated.runs}.{name}").touch()


def queued(ccc: RunsCcc, *sessions: Done) -> None:
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", *(each.name for each in sessions), exit=0)


def words(gated: Gated) -> list[str]:
    """What the gate commands wrote, in pairs."""
    return [" ".join(pair) for pair in zip(gated.ran()[::2], gated.ran()[1::2], strict=True)]


def test_gates_of_two_that_do_not_overlap_run_at_the_same_time(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(EACH + "[queue]\nparallel = 2\n")
    web, api = finish("frontend", "Page", {"web/a": "1"}), finish("backend", "Route", {"api/a": "1"})
    queued(ccc, web, api)
    until(lambda: len(gated.ran()) == 4)
    assert sorted(words(gated)) == ["begin api", "begin web"], "neither has ended"
    found = entries(ccc)
    assert [found[each.name]["state"] for each in (web, api)] == ["testing", "testing"]
    assert [found[each.name]["why"] for each in (web, api)] == ["its gate runs", "its gate runs"]
    let(gated, "api")
    until(lambda: entries(ccc)[api.name]["state"] == "passed")
    assert entries(ccc)[web.name]["state"] == "testing"
    ccc("merge", api.name, "--yes", exit=0)
    let(gated, "web")
    ccc("merge", web.name, "--yes", exit=0)
    assert sorted(words(gated)) == ["begin api", "begin web", "end api", "end web"], "each ran once"


def test_without_parallel_the_second_begins_when_the_first_has_ended(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(EACH)
    web, api = finish("frontend", "Page", {"web/a": "1"}), finish("backend", "Route", {"api/a": "1"})
    let(gated, "web")
    let(gated, "api")
    queued(ccc, web, api)
    settled(ccc, web, api)
    assert words(gated) == ["begin web", "end web", "begin api", "end api"]


def test_who_overlaps_is_tested_at_the_same_time_on_top_of_the_one_before_it(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(HELD + "[queue]\nparallel = 2\n")
    one, two = finish("backend", "One", {"one": "1"}), finish("frontend", "Two", {"two": "1"})
    queued(ccc, one, two)
    until(lambda: gated.runs.exists() and gated.runs.read_text().count(";") == 2)
    first, second = sorted((set(each.split()) for each in gated.runs.read_text().split(";")[:2]), key=len)
    assert ("one" in first, "two" in first) == (True, False)
    assert {"one", "two"} <= second
    found = entries(ccc)
    assert (found[two.name]["state"], found[two.name]["ahead"]) == ("testing", [one.id])
    assert found[two.name]["why"] == f"its gate runs on top of {one.name}"
    let(gated, "go")
    assert settled(ccc, one, two)[two.name]["why"] == f"tested on top of {one.name}"
    told = ccc("merge", "--yes", exit=0)
    assert [line.split()[1] for line in told.stdout.splitlines()] == [one.name, two.name]
    assert gated.runs.read_text().count(";") == 2, "what was tested at the same time is what landed"


def test_beyond_the_window_who_overlaps_waits_though_there_is_a_place(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(HELD + "[queue]\nparallel = 2\nwindow = 1\nfloor = 1\n")
    one, two = finish("backend", "One", {"one": "1"}), finish("frontend", "Two", {"two": "1"})
    queued(ccc, one, two)
    until(lambda: gated.runs.exists() and gated.runs.read_text().count(";") == 1)
    found = entries(ccc)
    assert [found[each.name]["state"] for each in (one, two)] == ["testing", "waiting"]
    assert found[two.name]["why"] == f"the window is full; behind {one.name}"
    assert gated.runs.read_text().count(";") == 1
    let(gated, "go")
    assert settled(ccc, one, two)[two.name]["state"] == "passed"


def test_the_order_is_that_of_queueing_whatever_the_role_and_nobody_is_overtaken_for_ever(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure('[gate]\ncommands = ["true"]\n[queue]\nparallel = 3\n')
    patient = finish("documentation", "Patient", {"p": "1"})
    others = [finish(role, f"Other {role}", {role: "1"}) for role in ("backend", "documentation", "frontend")]
    queued(ccc, patient, *others)
    assert list(settled(ccc, patient, *others)) == [patient.name, *(each.name for each in others)]

    urgent = [urgently(ccc, n) for n in range(ROUNDS + 1)]
    *first, last = urgent
    ccc("wait", *first, last, "--timeout", "60", exit=0)
    ccc("queue", *first, last, exit=0)
    assert list(entries(ccc)) == [*urgent, patient.name, *(each.name for each in others)]
    ccc("merge", *first[:-1], "--yes", exit=0)
    assert next(iter(entries(ccc))) == first[-1], "overtaken nine times, and once more"
    ccc("merge", first[-1], "--yes", exit=0)
    assert list(entries(ccc)) == [patient.name, *(each.name for each in others), last]


def urgently(ccc: RunsCcc, n: int) -> str:
    """A session of a higher priority that is done, by its name."""
    made = ccc("spawn", "backend", f"Urgent {n}", "--priority", "5", "--no-start", "--json", exit=0).json
    (session,) = made["sessions"]
    Repo(Path(session["worktree"])).commit("Work\n\nCcc-Status: done", {f"u{n}": "1"})
    return str(session["name"])
