"""Approvals that go stale one after the other, and who is told: the queue, `review`, `status`, the inbox."""

from __future__ import annotations

from typing import Any

import pytest

from ccc.ops.approved import CAN_LAND
from tests.approval.conftest import CONFIG, Done
from tests.audit.conftest import Session
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


def approved(done: Done, ccc: RunsCcc, *names: str) -> list[Session]:
    """Sessions that overlap with nobody, each approved before any of them lands."""
    made = [done(name, files={name.lower(): "1\n"}) for name in names]
    for each in made:
        ccc("approve", each.name, exit=0)
    return made


def asked(ccc: RunsCcc, command: str = "inbox") -> dict[str, dict[str, Any]]:
    """What waits for an approval that is missing, by session's id."""
    document = ccc(command, "--json", exit=0).json
    items = document["items" if command == "inbox" else "waiting_for_you"]
    asking = (each for each in items if each["kind"] == "approval" and each["text"] != CAN_LAND)
    return {each["session"]: each for each in asking}


def queued(ccc: RunsCcc) -> dict[str, tuple[str, str]]:
    entries = [each["entry"] for each in ccc("queue", "--json", exit=0).json["entries"]]
    return {each["name"]: (each["state"], each["why"]) for each in entries}


def evidence(ccc: RunsCcc, session: Session) -> list[str]:
    rows = ccc("status", session.name, "--json", exit=0).json["sessions"][0]["evidence"]
    return [each["what"] for each in rows if each["source"] == "approval"]


def test_a_chain_that_was_approved_first_goes_stale_one_by_one_and_each_says_so_once(
    ready: Repo, done: Done, ccc_inline: RunsCcc
) -> None:
    one, two, three = approved(done, ccc_inline, "One", "Two", "Three")
    assert asked(ccc_inline) == asked(ccc_inline, "status") == {}
    assert {state for state, _ in queued(ccc_inline).values()} == {"approved"}
    ccc_inline("merge", one.name, exit=0)

    why = f"main moved by the landing of {one.name}"
    for each in (two, three):
        state, words = queued(ccc_inline)[each.name]
        assert (state, words.rpartition("; ")[2]) == ("stale", f"waits for approval again: {why}")
        assert evidence(ccc_inline, each) == [f"its approval is stale: {why}"]
    first = asked(ccc_inline)
    assert first == asked(ccc_inline, "status"), "told by both in the same words"
    assert first.keys() == {two.id, three.id}
    assert first[two.id]["text"].endswith(f"; the one given is stale: {why}")
    told = ccc_inline("merge", two.name, exit=3).stdout
    assert f"approval by a person is missing (0 of 1, the one given is stale: {why})" in told
    assert f"\n    its approval is stale: {why}" in ccc_inline("status", exit=0).stdout

    ccc_inline("merge", two.name, "--yes", exit=0)
    again = asked(ccc_inline)
    assert again.keys() == {three.id}
    assert again[three.id]["id"] == first[three.id]["id"], "the same item, however often the target moves"
    why = f"main moved by 2 landings, the last that of {two.name}"
    assert again[three.id]["text"].endswith(f"the one given is stale: {why}")
    ccc_inline("approve", three.name, exit=0)
    assert asked(ccc_inline) == asked(ccc_inline, "status") == {}
    assert evidence(ccc_inline, three) == []

    ready.commit("Meanwhile", other="1")
    fresh = asked(ccc_inline, "status")
    assert fresh == asked(ccc_inline)
    assert fresh[three.id]["id"] != first[three.id]["id"], "another approval that did not last"
    assert "the one given is stale: main is at " in fresh[three.id]["text"]


def test_where_a_trivial_rebase_keeps_it_nothing_is_said_and_the_chain_lands(
    ready: Repo, done: Done, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: '[approval]\nstale = "trivial-rebase"\n'})
    one, two = approved(done, ccc_inline, "One", "Two")
    ccc_inline("merge", one.name, exit=0)
    assert evidence(ccc_inline, two) == []
    assert asked(ccc_inline) == asked(ccc_inline, "status") == {}
    assert CAN_LAND in ccc_inline("inbox", exit=0).stdout
    assert queued(ccc_inline)[two.name][0] == "approved"
    ccc_inline("merge", two.name, exit=0)


def test_a_branch_that_went_on_is_named_as_the_reason(ready: Repo, done: Done, ccc_inline: RunsCcc) -> None:
    (session,) = approved(done, ccc_inline, "One")
    session.tree.commit("More\n\nCcc-Status: done", more="1")
    ccc_inline("wait", session.name, "--timeout", "60", exit=0)
    assert "its branch is at " in asked(ccc_inline)[session.id]["text"]
    assert asked(ccc_inline) == asked(ccc_inline, "status")
    (yes,) = ccc_inline("review", session.name, "--json", exit=0).json["approvals"]
    assert (yes["stale"], yes["counts"]) == (True, False)
    assert yes["why"].startswith(f"its branch is at {session.tree.oid()[:7]} now, was ")


def test_status_asks_git_nothing_more_for_it(ready: Repo, done: Done, ccc_inline: RunsCcc) -> None:
    def gits() -> int:
        words = ccc_inline("status", "--json", env={"CCC_TRACE": "1"}, exit=0).stderr
        return sum(line.startswith("ccc: ") and "  git " in line for line in words.splitlines())

    one, two = approved(done, ccc_inline, "One", "Two")
    before = [gits(), gits()][1]
    ccc_inline("merge", one.name, exit=0)
    assert evidence(ccc_inline, two) != []
    assert [gits(), gits()][1] <= before, "the first one counts commits ahead and behind, as ever"
