"""Approvals by rule, through whole landings: paths, persons, stale and moved ones, configuration first."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from ccc.domain import landings
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.errors import NeedsPerson
from ccc.ops.landing.land import land
from ccc.ops.landing.review import review
from ccc.ops.workspace import Workspace
from tests.approval.conftest import CONFIG, Done
from tests.audit.conftest import Session
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

Entry = Callable[[Session], dict[str, Any]]
Sits = Callable[[str, str], None]
LEAD = ("The Lead", "lead@example.com")

PATHS = """[approval]
paths = [{paths = ["src/auth/**"], approvers = ["lead@*"]}]
"""


def test_a_path_waits_for_its_own_approver(
    ready: Repo, done: Done, entry: Entry, person: Sits, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: PATHS})
    session = done(files={"src/auth/keys.py": "1\n", "other": "1\n"})
    ccc_inline("approve", session.name, exit=0)
    found = entry(session)
    why = "approval by one of lead@* for src/auth/keys.py is missing (0 of 1)"
    assert (found["why_not"], found["needed"]) == ([why], 1)
    assert [rule["have"] for rule in found["rules"]] == [["Developer <developer@example.com>"], []]
    assert why in ccc_inline("merge", session.name, exit=3).stderr
    person(*LEAD)
    ccc_inline("approve", session.name, exit=0)
    assert entry(session)["can_merge"] is True
    ccc_inline("merge", session.name, exit=0)


def test_two_are_two_people_and_not_two_spellings_of_one(
    ready: Repo, done: Done, entry: Entry, person: Sits, ccc_inline: RunsCcc
) -> None:
    alias = "Developer <developer@example.com> <dev@home.example.com>\n"
    ready.commit("Policy", {CONFIG: "[approval]\nrequired = 2\n", ".mailmap": alias})
    session = done()
    for who in (("Developer", "developer@example.com"), ("Dev", "dev@home.example.com")):
        person(*who)
        ccc_inline("approve", session.name, exit=0)
    assert entry(session)["why_not"] == ["approval by a person is missing (1 of 2)"]
    person(*LEAD)
    ccc_inline("approve", session.name, exit=0)
    ccc_inline("merge", session.name, exit=0)


def test_a_mailmap_in_the_git_directory_makes_nobody_somebody_else(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: PATHS, ".mailmap": "# nobody\n"})
    session = done(files={"src/auth/keys.py": "1\n"})
    for place in (ready.common / ".mailmap", ready.path / ".mailmap"):
        place.write_text("The Lead <lead@example.com> <developer@example.com>\n", encoding="utf-8")
    ready.git("config", "mailmap.file", str(ready.common / ".mailmap"))
    ccc_inline("approve", session.name, exit=0)
    assert [rule["have"] for rule in entry(session)["rules"]] == [["Developer <developer@example.com>"], []]


def test_approvals_are_looked_at_again_at_the_moment_of_landing(
    ready: Repo, done: Done, ccc_inline: RunsCcc
) -> None:
    session = done()
    ccc_inline("approve", session.name, exit=0)
    workspace = Workspace.open(ready.path, os.environ)
    shown = review(workspace, session.id)
    assert shown.can_merge
    stream = landings.stream_of(session.id)
    fields = [name for name in workspace.store.state().stream(stream) if name.startswith(landings.APPROVAL)]
    change: dict[str, Value] = dict.fromkeys(fields)
    workspace.store.transact(lambda _: (Draft("merge.rejected", "main", "taken back", {stream: change}),))
    before = ready.oid("main")
    with pytest.raises(NeedsPerson):
        land(workspace, shown)
    assert ready.oid("main") == before


def test_where_authors_may_not_approve_their_work_another_person_must(
    ready: Repo, done: Done, entry: Entry, person: Sits, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: "[approval]\nauthor = false\n"})
    session = done()
    told = ccc_inline("merge", session.name, "--yes", exit=3).stderr
    assert "approval of Developer <developer@example.com> does not count: it is their own work" in told
    person(*LEAD)
    ccc_inline("merge", session.name, "--yes", exit=0)


def test_configuration_is_shown_first_and_needs_a_person_where_nothing_else_does(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: "[approval]\nrequired = 0\n"})
    session = done(files={CONFIG: "[approval]\nrequired = 0\n\n[gate]\ncommands = []\n", "a": "1"})
    found = entry(session)
    assert found["why_not"] == [f"approval by a person for {CONFIG} is missing (0 of 1)"]
    assert "+commands = []" in found["deciding"]
    shown = ccc_inline("review", session.name, exit=0).stdout.split("\n")
    assert shown[1] == f"  warning    changes what decides trust: {CONFIG}"
    assert shown.index("    | +[gate]") < next(n for n, line in enumerate(shown) if "task" in line)
    other = done("Other")
    assert entry(other)["can_merge"] is True


@pytest.mark.parametrize(("stale", "lands"), [("strict", False), ("trivial-rebase", True)])
def test_the_same_change_on_a_target_that_moved_is_approved_still_where_the_target_says_so(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc, stale: str, lands: bool
) -> None:
    ready.commit("Policy", {CONFIG: f'[approval]\nstale = "{stale}"\n\n[gate]\ncommands = ["true"]\n'})
    session = done()
    ccc_inline("approve", session.name, exit=0)
    ready.commit("Unrelated", unrelated="1")
    told = ccc_inline("merge", session.name, exit=0 if lands else 3)
    gates = ccc_inline("log", "--type", "merge.gate-passed", "--json", exit=0).json["events"]
    assert len(gates) == 2  # the new tree went through its gate in any case
    if lands:
        assert ready.git("show", "main:login") == "1"
    else:
        assert "the one given is stale" in told.stdout + told.stderr


CHANGES = {
    "another change": {"login": "2\n"},
    "one change more": {"more": "1\n"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_change_is_stale_whatever_the_target_says(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc, what: str
) -> None:
    ready.commit("Policy", {CONFIG: '[approval]\nstale = "trivial-rebase"\n'})
    session = done()
    ccc_inline("approve", session.name, exit=0)
    ready.commit("Unrelated", unrelated="1")
    session.tree.commit("Again\n\nCcc-Status: done", CHANGES[what])
    ccc_inline("wait", session.name, "--timeout", "60", exit=0)
    assert [one["stale"] for one in entry(session)["approvals"]] == [True]


def test_a_rebased_branch_and_a_reworded_commit_are_trivial_and_a_new_neighbour_line_is_not(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    text = "".join(f"line {n}\n" for n in range(20))
    ready.commit("Policy", {CONFIG: '[approval]\nstale = "trivial-rebase"\n', "text": text})
    session = done(files={"text": text.replace("line 10\n", "line ten\n")})
    ccc_inline("approve", session.name, exit=0)
    ready.commit("Far away", text=text.replace("line 1\n", "line one\n"))
    session.tree.git("rebase", "-q", "main")
    session.tree.git("commit", "-q", "--amend", "-m", "Login, said better\n\nCcc-Status: done")
    ccc_inline("wait", session.name, "--timeout", "60", exit=0)
    found = entry(session)
    assert [(one["stale"], one["carried"]) for one in found["approvals"]] == [(False, True)]
    ready.commit("Close by", text=text.replace("line 1\n", "line one\n").replace("line 8\n", "line eight\n"))
    found = entry(session)
    assert [one["stale"] for one in found["approvals"]] == [True]


def test_a_target_that_was_moved_back_takes_no_approval_along(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: '[approval]\nstale = "trivial-rebase"\n'})
    ready.commit("One more", more="1")
    session = done()
    ccc_inline("approve", session.name, exit=0)
    ready.git("reset", "-q", "--hard", "main^")
    ready.commit("Otherwise", other="1")
    assert [one["stale"] for one in entry(session)["approvals"]] == [True]


def test_the_inbox_asks_for_the_yes_that_is_missing_and_not_for_one_that_was_given(
    ready: Repo, done: Done, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: PATHS})
    session = done(files={"src/auth/keys.py": "1\n"})
    ccc_inline("approve", session.name, exit=0)
    [item] = ccc_inline("inbox", "--json", exit=0).json["items"]
    assert item["text"] == "approval by one of lead@* for src/auth/keys.py is missing (0 of 1)"
    ready.commit("Policy", {CONFIG: '[approval]\nstale = "trivial-rebase"\n'})
    [landable, moved] = ccc_inline("inbox", "--json", exit=0).json["items"]
    assert (landable["text"], moved["kind"]) == ("approved, and can land", "message")
