"""The inbox: what waits for a person, and when it stops waiting."""

from __future__ import annotations

import shlex
import subprocess
from typing import Any

import pytest

from tests.flow.conftest import Spawns
from tests.reading.conftest import Done
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.views import shapes

pytestmark = pytest.mark.slow

Items = list[dict[str, Any]]


def inbox(ccc: RunsCcc) -> Items:
    document = ccc("inbox", "--json", exit=0).json
    assert shapes.faults(document, shapes.INBOX) == []
    items: Items = document["items"]
    return items


def kinds(items: Items) -> list[tuple[str, str]]:
    return [(item["kind"], item["title"]) for item in items]


def test_a_checked_session_waits_for_approval_until_it_is_given(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "One")
    assert kinds(inbox(ccc)) == [("approval", "backend-one is unchecked")]
    assert ccc("status", "--json").json["waiting_for_you"] == inbox(ccc)
    ccc("approve", session.name, exit=0)
    (item,) = inbox(ccc)
    assert kinds([item]) == [("approval", "backend-one is approved")]
    assert (item["text"], item["command"]) == ("approved, and can land", "git ccc merge backend-one")
    assert ccc("status", "--json").json["waiting_for_you"] == [item]
    assert ccc("wait", "--json", "--timeout", "0", exit=0).json["needs_you"] == []
    ccc(*shlex.split(item["command"])[2:], exit=0)
    assert inbox(ccc) == []
    assert ccc("inbox", exit=0).stdout.startswith("nothing waits for you\n")


def test_who_is_missing_among_several_approvers_is_said_the_same_everywhere(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    ready.commit("Two", {".ccc/config.toml": "[approval]\nrequired = 2\n"})
    session = done("backend", "One")
    ccc("approve", session.name, exit=0)
    (item,) = inbox(ccc)
    assert (item["kind"], item["title"]) == ("approval", "backend-one is unchecked")
    assert item["text"] == "1 of 2 approvals; another person's is missing"
    assert item["command"] == "git ccc approve backend-one"
    assert ccc("status", "--json").json["waiting_for_you"] == [item]
    ready.git("config", "user.email", "other@example.com")
    ccc(*shlex.split(item["command"])[2:], exit=0)
    assert kinds(inbox(ccc)) == [("approval", "backend-one is approved")]
    assert ccc("status", "--json").json["waiting_for_you"] == inbox(ccc)


def test_a_yes_of_somebody_else_than_the_rule_asks_for_is_not_asked_for_again(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    rule = '[approval]\npaths = [{paths = ["file"], approvers = ["lead@example.com"]}]\n'
    ready.commit("Lead", {".ccc/config.toml": rule})
    session = done("backend", "One")
    ccc("approve", session.name, exit=0)
    (item,) = inbox(ccc)
    words = "approval by one of lead@example.com for file is missing (0 of 1)"
    assert (item["text"], item["command"]) == (words, "git ccc approve backend-one")
    ready.git("config", "user.email", "lead@example.com")
    ccc("approve", session.name, exit=0)
    assert kinds(inbox(ccc)) == [("approval", "backend-one is approved")]
    assert len(ccc("status", "--json").json["waiting_for_you"]) == 0


def test_what_is_approved_against_its_gate_or_behind_it_can_land(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    ready.commit("Gate", {".ccc/config.toml": '[gate]\ncommands = ["test -e file"]\n[radar]\non = false\n'})
    good, bad = done("backend", "One", file="1"), done("backend", "Two", other="1")
    ccc("approve", good.name, exit=0)
    ccc("approve", bad.name, "--override", "Must be", exit=0)
    landable = [item["session"] for item in inbox(ccc) if item["text"] == "approved, and can land"]
    assert sorted(landable) == sorted([good.id, bad.id])
    assert ccc("status", "--json").json["waiting_for_you"] == inbox(ccc)


def test_an_approval_that_the_target_has_overtaken_is_asked_for_anew(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "One")
    ccc("approve", session.name, exit=0)
    ready.commit("Meanwhile", other="1")
    approval = next(item for item in inbox(ccc) if item["kind"] == "approval")
    words = "landing it needs your approval; it has no checks; the one given is stale: main is at "
    assert approval["text"].startswith(words)
    shown = ccc("show", session.name, "--json", exit=0).json["approvals"]
    assert [each["stale"] for each in shown] == [True]
    ccc("merge", session.name, "--yes", exit=0)
    assert [item["kind"] for item in inbox(ccc)] == ["message"]


def test_a_conflict_takes_the_place_of_the_approval(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    ready.commit("Routes", {".ccc/config.toml": "[radar]\non = false\n"}, routes="one\ntwo\nthree\n")
    first, second = (
        done("backend", "Tokens", routes="one\ntokens\nthree\n"),
        done("frontend", "Login", routes="one\nlogin\nthree\n"),
    )
    ccc("merge", first.name, "--yes", exit=0)
    (item,) = inbox(ccc)
    assert kinds([item]) == [("conflict", "frontend-login conflicts with main")]
    assert (item["text"], item["command"]) == ("in routes", "git ccc review frontend-login")
    told = ccc("show", second.name, "--json", exit=0).json["conflicts"]
    assert [(each["path"], each["kind"], each["others"]) for each in told] == [
        ("routes", "content", [{"label": "backend-tokens", "task": "Tokens", "session": first.name}])
    ]
    second.tree.git("merge", "--quiet", "--no-commit", "--strategy=ours", "main")
    second.tree.commit("Both\n\nCcc-Status: done", routes="one\ntokens\nlogin\nthree\n")
    ccc("wait", second.name, "--timeout", "60", exit=0)
    assert [item["kind"] for item in inbox(ccc)] == ["approval"]


@pytest.mark.parametrize("kind", ["approval", "question"])
def test_what_stays_true_cannot_be_waved_away(
    ready: Repo, ccc: RunsCcc, done: Done, spawn: Spawns, kind: str
) -> None:
    if kind == "approval":
        done("backend", "One")
    else:
        spawn("backend", "One")
        ccc("report", "--blocked", "which key?", "--session", "backend-one", exit=0)
    (item,) = inbox(ccc)
    assert item["kind"] == kind
    refused = ccc("inbox", "--ack", item["id"][:8], exit=1)
    assert refused.stderr == (
        f"error: {item['id'][:8]} stays until something is done about it\nhint: {item['command']}\n"
    )
    assert inbox(ccc) == [item]


def test_a_move_of_the_target_is_a_message_until_it_is_seen(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    spawn("backend", "One")
    before = ready.oid("main")
    after = ready.commit("By hand", other="1")
    (item,) = inbox(ccc)
    assert kinds([item]) == [("message", "main was moved outside ccc")]
    assert item["command"] == f"git log --oneline {before[:12]}..{after[:12]}"
    assert subprocess.run(
        shlex.split(item["command"]), cwd=ready.path, capture_output=True, check=True
    ).stdout
    left = ccc("inbox", "--ack", item["id"][:8], "--json", exit=0).json
    assert shapes.faults(left, shapes.INBOX) == []
    assert (left["items"], inbox(ccc)) == ([], [])
    event = ccc("log", "--audit", "-n", "1", "--json").json["events"][0]
    assert (event["type"], event["by"]) == ("inbox.acknowledged", "Developer <developer@example.com>")
    ready.commit("By hand again", other="2")
    assert [each["id"] == item["id"] for each in inbox(ccc)] == [False]


def test_a_target_that_was_put_back_shows_both_sides(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    spawn("backend", "One")
    ready.git("commit", "--quiet", "--amend", "--allow-empty", "--message=Rewritten")
    (item,) = inbox(ccc)
    assert item["text"].endswith(", not forward")
    told = subprocess.run(
        shlex.split(item["command"]), cwd=ready.path, capture_output=True, check=True
    ).stdout
    assert sorted(line[:1] for line in told.splitlines()) == [b"<", b">"]


def test_a_branch_that_is_gone_comes_back_by_the_command_given(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "One")
    ready.git("update-ref", "-d", "refs/heads/ccc/backend/one")
    (item,) = inbox(ccc)
    assert kinds([item]) == [("message", "the branch of backend-one is gone")]
    assert ccc("show", session.name, "--json", exit=0).json["conflicts"] is None
    subprocess.run(shlex.split(item["command"]), cwd=ready.path, check=True, capture_output=True)
    assert kinds(inbox(ccc)) == [("approval", "backend-one is unchecked")]


def test_a_session_that_lost_its_branch_at_work_is_a_failure(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    spawn("backend", "One")
    ready.git("update-ref", "-d", "refs/heads/ccc/backend/one")
    (item,) = inbox(ccc)
    assert kinds([item]) == [("failure", "backend-one is lost")]
    subprocess.run(shlex.split(item["command"]), cwd=ready.path, check=True, capture_output=True)
    assert inbox(ccc) == []


def test_an_entry_that_nobody_can_read_is_a_message(ready: Repo, ccc: RunsCcc) -> None:
    (ready.common / "ccc" / "journal" / "new" / "0123").write_text('{"no": "event"}\n')
    ccc("drain", exit=0)
    (item,) = inbox(ccc)
    assert kinds([item]) == [("message", "1 journal entry could not be read")]
    assert item["command"] == "git ccc doctor"
    ccc("inbox", "--ack", item["id"], exit=0)
    assert inbox(ccc) == []


def test_a_failed_check_is_a_failure_with_its_last_lines(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    ready.commit("Checks", Makefile="ccc-backend:\n\t@echo boom; exit 7\n")
    session = spawn("backend", "One")
    session.tree.commit("One\n\nCcc-Status: done", one="1")
    ccc("wait", session.name, "--timeout", "60", exit=3)
    (item,) = inbox(ccc)
    head = session.tree.oid()
    assert kinds([item]) == [("failure", f"checks of backend-one failed at {head[:7]}")]
    assert item["command"] == "git ccc show backend-one --verification"
    told = ccc(*shlex.split(item["command"])[2:], exit=0).stdout
    assert "    | boom\n" in told


def test_a_broken_configuration_on_the_target_is_said_and_hides_nothing_else(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    done("backend", "One")
    ready.commit("Break it", {".ccc/config.toml": "[gate\n"})
    told = kinds(inbox(ccc))
    assert ("failure", "the configuration on main cannot be read, so nothing can land there") in told
    assert ("message", "main was moved outside ccc") in told


def test_an_unknown_item_is_not_found(ready: Repo, ccc: RunsCcc) -> None:
    assert (
        ccc("inbox", "--ack", "beef", exit=1).stderr
        == "error: no item beef in the inbox\nhint: git ccc inbox\n"
    )
