"""The table of sessions: every status once, the same in text and JSON."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies

from ccc.domain.status import STATUSES, before_closing
from ccc.views.documents import session_document
from ccc.views.styling import Plain
from ccc.views.text.status import fields_text, short_text, status_text
from tests.views.making import AT, HEAD, NOW, every_status, rejected, session, sighting

S_KEYS = ["id", "name", "alias", "role", "task", "status", "since", "evidence", "as_of", "where", "progress", "branch", "target", "base", "head", "ahead", "behind", "dirty", "worktree", "engine", "runner", "terminal", "model", "after", "blocks", "parent", "plan", "priority", "tokens", "cost", "limits", "restarts", "unread", "updated_at"]


def test_every_status_of_the_list_can_be_reached() -> None:
    found = every_status()
    assert {name: seen.view.status for name, seen in found.items()} == {name: name for name in STATUSES}


def test_every_status_has_evidence() -> None:
    assert all(seen.view.evidence for seen in every_status().values())


def test_text_and_json_agree_on_every_status() -> None:
    for status, seen in every_status().items():
        assert session_document(seen)["status"] == status
        assert short_text([seen]) == f"{seen.session.name} {status}"
        assert fields_text([seen], ["status"]) == status
        assert re.search(rf"\b{status}\b", status_text([seen], (), NOW, Plain()).splitlines()[0])


def test_a_session_document_has_every_key_of_the_contract() -> None:
    for seen in every_status().values():
        assert set(S_KEYS) <= session_document(seen).keys()


def test_the_table_as_a_whole() -> None:
    found = every_status()
    shown = [found[name] for name in ("created", "waiting", "verified", "unchecked", "lost")]
    assert status_text(shown, (), NOW, Plain()) == (
        "backend-created    7f7f7f7f  created                    10m  JWT auth\n"
        "backend-waiting    7f7f7f7f  waiting                    10m  JWT auth\n"
        "    blocked at aaaaaaa by git ccc report: no database here\n"
        "backend-verified   7f7f7f7f  verified                   10m  JWT auth\n"
        "backend-unchecked  7f7f7f7f  unchecked                  10m  JWT auth\n"
        "    done at aaaaaaa by commit trailer; the role has no checks here\n"
        "backend-lost       7f7f7f7f  lost                       now  JWT auth\n"
        "    nothing at /src/backend-lost; event says created\n"
        "\n"
        "1 created, 1 lost, 1 unchecked, 1 verified, 1 waiting"
    ).replace("; event says created", "; created")


def test_a_rejected_session_runs_and_says_why() -> None:
    seen = sighting(rejected())
    assert (seen.view.status, seen.view.evidence[0].what) == ("running", "rejected: too long")


def test_a_closed_session_counts_as_what_it_was() -> None:
    seen = every_status()["closed"]
    assert before_closing(seen.session, seen.view.status) == "completed"


def test_a_commit_after_the_report_makes_it_running_again() -> None:
    changed = every_status()["verified"].session
    moved = session(
        claim=changed.claim, verification=changed.verification, run=changed.run, head="e" * 40
    )
    assert sighting(moved).view.status == "running"


@given(strategies.text())
def test_no_task_can_send_control_characters_to_the_terminal(task: str) -> None:
    text = status_text([sighting(session(task=task, alias=task[:9] or None))], (), NOW, Plain())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_wide_characters_keep_the_columns() -> None:
    lines = status_text(
        [sighting(session(alias="名前")), sighting(session(alias="abcd"))], (), NOW, Plain()
    ).splitlines()
    assert lines[0].replace("名前", "abcd") == lines[1]


@pytest.mark.parametrize("status", ["verified", "completed"])
def test_facts_at_a_commit_hold_on_another_machine_too(status: str) -> None:
    from ccc.domain.status import derive

    assert derive(every_status()[status].session, None, NOW).status == status


def test_as_of_and_times_are_those_recorded() -> None:
    document = session_document(every_status()["verified"])
    assert (document["since"], document["as_of"], document["head"]) == (AT, NOW, HEAD)
