"""The queue with real gates: what is tested on what, who is blamed, what lands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.queue.conftest import Done, Finish, Gated
from tests.support.program import RunsCcc

pytestmark = pytest.mark.slow

GATE = """[gate]
commands = ["echo run >> $RUNS; {}"]
retry = 0
"""


def entries(ccc: RunsCcc) -> dict[str, dict[str, Any]]:
    found = ccc("queue", "--json", exit=0).json["entries"]
    return {each["entry"]["name"]: each["entry"] for each in found}


def settled(ccc: RunsCcc, *sessions: Done) -> dict[str, dict[str, Any]]:
    """The queue after all its gates have run: in this process's own worker, or after the one that works."""
    for _ in range(20):
        ccc("drain", "--gates")
        found = entries(ccc)
        if all(found[each.name]["state"] not in ("testing", "waiting") for each in sessions):
            return found
    raise AssertionError(found)


def tree_of(gated: Gated) -> set[str]:
    return set(gated.repo.git("ls-tree", "-r", "--name-only", "main").split())


def test_a_pair_that_fails_together_is_named_and_never_lands(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(GATE.format("! { test -e f2 && test -e f5; }"))
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(1, 6)]
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", *(each.name for each in made), exit=0)
    found = settled(ccc, *made)
    assert [found[each.name]["state"] for each in made] == ["passed"] * 4 + ["failed"]
    two, five = made[1], made[4]
    assert (found[five.name]["fails_with"], found[five.name]["ahead"]) == (two.id, [made[0].id])
    assert len(gated.ran()) == 5 + 3, "the last one alone, on one and two, on one"
    told = ccc("merge", "--yes", exit=1)
    assert [line.split()[1] for line in told.stdout.splitlines()] == [each.name for each in made[:4]]
    assert f"not landed: {five.name} cannot land" in told.stderr
    assert {"f1", "f2", "f3", "f4"} <= tree_of(gated)
    assert "f5" not in tree_of(gated)
    assert len(gated.ran()) <= 5 + 3 + 1, "what was tested on top of what landed is not tested again"
    (event,) = ccc("log", "--type", "merge.clashed", "--json", exit=0).json["events"]
    assert event["data"] == {"kind": "gate", "sessions": [five.id, two.id]}
    assert f"{five.name} and {two.name} fail together, each passes alone" in event["text"]
    (pair,) = ccc("conflicts", "--json", exit=3).json["pairs"]
    assert (pair["kind"], pair["a"], pair["b"]) == ("gate", two.name, five.name)
    assert pair["told"] == [two.name, five.name]
    conflicts = [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == "conflict"]
    assert [each["title"] for each in conflicts] == [f"{two.name} and {five.name} fail together"]
    warned = ccc("review", five.name, exit=0).stdout
    assert f"fails together with {two.name}, each passes alone" in warned
    for one, other in ((two, five), (five, two)):
        (item,) = ccc("inbox", "--json", cwd=one.tree.path, exit=0).json["items"]
        assert f"that of {other.name} do not go together" in item["text"]


def test_landing_a_good_queue_takes_one_gate_each(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure(GATE.format("git rev-parse HEAD^{tree} >> $RUNS; true"))
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(4)]
    ccc("merge", *(each.name for each in made), "--yes", exit=0)
    tested = [word for word in gated.ran() if word != "run"]
    assert len(tested) == 4
    landed = gated.repo.git("log", "--first-parent", "-4", "--format=%T", "main").split()
    assert set(landed) == set(tested), "only what was tested landed"


def test_who_does_not_overlap_waits_for_nobody(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = [{run = "test ! -e web/bad", paths = "web"}, {run = "echo api >> $RUNS", paths = "api"}]
    retry = 0
    """)
    bad = finish("frontend", "Bad", {"web/bad": "1"})
    good = finish("backend", "Good", {"api/good": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", bad.name, good.name, exit=0)
    found = settled(ccc, bad, good)
    assert [found[each.name]["state"] for each in (bad, good)] == ["failed", "passed"]
    assert found[good.name]["ahead"] == []
    ccc("merge", "--yes", exit=1)
    assert "api/good" in tree_of(gated)
    assert gated.ran() == ["api"]


def test_a_red_target_blames_nobody_and_is_tried_again_when_it_moves(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(GATE.format("test -e mended"))
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(3)]
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", *(each.name for each in made), exit=0)
    ccc("drain", "--gates")
    found = settled_waiting(ccc)
    assert {each["state"] for each in found.values()} == {"waiting"}
    assert {each["why"] for each in found.values()} == {"its target fails alone; tried again when that moves"}
    assert len(gated.ran()) == 4, "three entries, and the target once"
    gated.repo.commit("Mend", mended="1")
    assert {each["state"] for each in settled(ccc, *made).values()} == {"passed"}


def settled_waiting(ccc: RunsCcc) -> dict[str, dict[str, Any]]:
    for _ in range(20):
        ccc("drain", "--gates")
        found = entries(ccc)
        if all("target fails" in each["why"] for each in found.values()):
            break
    return found


def test_who_depends_on_another_lands_after_it(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure(GATE.format("test -e base_file || test ! -e top_file"))
    top = finish("backend", "Top", {"top_file": "1"}, "\nDepends-On: backend-base")
    base = finish("backend", "Base", {"base_file": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    told = ccc("merge", top.name, "--yes", exit=1)
    assert "it depends on backend-base, which has not landed" in told.stderr
    told = ccc("merge", top.name, base.name, "--yes", exit=0)
    assert [line.split()[1] for line in told.stdout.splitlines()] == [base.name, top.name]
    assert len(gated.ran()) == 2


def test_an_unknown_or_circular_dependency_is_refused(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    lost = finish("backend", "Lost", {"a": "1"}, "\nDepends-On: nobody")
    one = finish("backend", "One", {"b": "1"}, "\nDepends-On: backend-two")
    finish("backend", "Two", {"c": "1"}, "\nDepends-On: backend-one")
    assert "Depends-On: no session nobody" in ccc("merge", lost.name, "--yes", exit=1).stderr
    told = ccc("merge", one.name, "--yes", exit=1).stderr
    assert "it depends on itself: backend-one -> backend-two -> backend-one" in told


def test_a_gate_that_a_session_changes_counts_only_after_it_has_landed(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(GATE.format("false"))
    lax = GATE.format("true").replace("$RUNS", str(gated.runs))
    session = finish("backend", "Cheats", {".ccc/config.toml": lax, "f": "1"})
    behind = finish("backend", "Behind", {"g": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", session.name, behind.name, exit=0)
    ccc("drain", "--gates")
    settled_waiting(ccc)
    assert "fails on main alone, too" in ccc("merge", session.name, "--yes", exit=1).stderr
    assert "f" not in tree_of(gated)


def test_the_window_grows_and_halves(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure(GATE.format("test ! -e bad") + "[queue]\nwindow = 4\nfloor = 2\n")
    good, bad = finish("backend", "Good", {"good": "1"}), finish("backend", "Bad", {"bad": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", good.name, exit=0)
    assert settled(ccc, good)[good.name]["window"] == 5
    ccc("queue", bad.name, exit=0)
    assert settled(ccc, bad)[bad.name]["window"] == 2


def test_aborting_ends_the_gate_and_leaves_no_process(
    gated: Gated, ccc: RunsCcc, finish: Finish, tmp_path: Path
) -> None:
    from ccc.platform.trees import marked
    from tests.queue.waiting import until

    gated.configure(GATE.format("echo $CCC_COMMAND >> $RUNS; (setsid sleep 300 &) ; sleep 300"))
    session = finish("backend", "Long", {"f": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", session.name, exit=0)
    until(lambda: len(gated.ran()) == 2)
    assert entries(ccc)[session.name]["state"] == "testing"
    ccc("merge", "--abort", session.name, exit=0)
    assert entries(ccc) == {}
    assert marked("CCC_COMMAND", gated.ran()[1]) == []
    assert ccc("review", session.name, "--json", exit=0).json["gate"]["state"] == "none"


def test_waiting_for_an_entry_ends_when_it_can_be_approved(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(GATE.format("true"))
    session = finish("backend", "Ready", {"f": "1"})
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("queue", session.name, exit=0)
    settled(ccc, session)
    waited = ccc("wait", session.name, "--json", "--timeout", "60", exit=3).json
    assert [(each["kind"], each["session"]) for each in waited["needs_you"]] == [("approval", session.id)]


def test_who_moves_its_branch_lines_up_again(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure(GATE.format("true"))
    one, two = finish("backend", "One", {"a": "1"}), finish("backend", "Two", {"b": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", one.name, two.name, exit=0)
    settled(ccc, one, two)
    one.tree.commit("More\n\nCcc-Status: done", c="1")
    ccc("wait", "--timeout", "60", exit=3)
    found = settled(ccc, one, two)
    assert list(found) == [two.name, one.name]
    assert found[one.name]["ahead"] == [two.id]
    ccc("queue", "--first", one.name, exit=0)
    assert list(settled(ccc, one, two)) == [one.name, two.name]


def test_an_entry_whose_target_is_gone_or_unreadable_stands_in_nobodys_way(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.repo.git("branch", "rel")
    gated.repo.git("branch", "odd")
    good = finish("backend", "Good", {"f": "1"})
    made = [
        ccc("spawn", "backend", f"On {each}", "--no-start", "--into", each, "--json")
        for each in ("rel", "odd")
    ]
    gone, odd = (each.json["sessions"][0]["name"] for each in made)
    for each in (gone, odd):
        ccc("report", "--done", "--summary", "Done", "--session", each, exit=0)
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", gone, odd, good.name, exit=0)
    gated.repo.git("checkout", "-q", "odd")
    gated.repo.commit("Odd", {".ccc/config.toml": "gat = 1\n"})
    gated.repo.git("checkout", "-q", "main")
    gated.repo.git("branch", "-D", "rel")
    found = ccc("queue", "--json", exit=0).json
    assert [each["entry"]["name"] for each in found["entries"]] == [good.name]
    whys = {each["target"]: each["why"] for each in found["left_out"]}
    assert whys["rel"] == "the target branch rel is gone"
    assert "gat: unknown key" in whys["odd"]
    assert f"landed {good.name}" in ccc("merge", "--yes", exit=1).stdout


def test_who_fails_with_what_landed_before_it_was_tested_is_named_with_it(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(GATE.format("! { test -e f1 && test -e f3; }"))
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(1, 4)]
    ccc("wait", "--timeout", "60", exit=0)
    one, two, three = made
    ccc("merge", one.name, "--yes", exit=0)
    ccc("merge", two.name, "--yes", exit=0)
    assert "cannot land" in ccc("merge", three.name, "--yes", exit=1).stderr
    found = settled(ccc, three)[three.name]
    assert (found["state"], found["fails_with"]) == ("failed", one.id)
    assert f"fails together with {one.name}, each passes alone" in ccc("review", three.name, exit=0).stdout
    titles = [each["title"] for each in ccc("inbox", "--json", exit=0).json["items"]]
    assert f"{one.name} and {three.name} fail together" in titles
    (pair,) = ccc("conflicts", "--json", exit=3).json["pairs"]
    assert (pair["kind"], pair["a"], pair["b"]) == ("gate", one.name, three.name)
