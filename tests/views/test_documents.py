"""Every document of the reading commands, key by key against the contract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccc.domain.speculation import Standing
from ccc.ops.landing.overview import Queued
from ccc.ops.landing.review import Review
from ccc.views import documents
from ccc.views.documents import SESSION_KEYS
from ccc.views.queued import queue_document
from tests.views import making, shapes
from tests.views.making import clean_review, conflict_review, every_status, picture, sighting
from tests.views.shapes import faults

TIP = "f" * 40


def test_every_session_has_exactly_the_keys_of_the_contract() -> None:
    for seen in every_status().values():
        document = documents.session_document(seen)
        assert faults(document, shapes.SESSION) == []
        assert tuple(document) == SESSION_KEYS


def test_the_status_document_counts_what_is_shown() -> None:
    everyone = tuple(every_status().values())
    waiting = (making.waiting_item(), making.waiting_item(kind="message", session=None))
    document = documents.status_document(picture(*everyone), everyone[:2], waiting)
    assert faults(document, shapes.STATUS) == []
    assert document["counts"] == {
        each.view.status: 1 for each in sorted(everyone[:2], key=lambda e: e.view.status)
    }
    assert list(document)[:2] == ["format", "tip"]


def test_a_session_names_whom_it_keeps_waiting() -> None:
    first = making.session("backend-first")
    second = replace(making.session("backend-second"), id="5d" * 16, after=(first.id,))
    everyone = (sighting(first), sighting(second))
    told = documents.status_document(picture(*everyone), everyone, ())["sessions"]
    assert [each["blocks"] for each in told] == [[second.id], []]
    assert [each["after"] for each in told] == [[], [first.id]]


@pytest.mark.parametrize("changes", [{}, {"brief": None, "report": None, "conflicts": None, "approvals": ()}])
def test_the_page_of_a_session(changes: dict[str, object]) -> None:
    assert faults(documents.show_document(making.shown_session(**changes)), shapes.SHOW) == []


def test_what_nobody_looked_at_is_null_and_not_empty() -> None:
    document = documents.show_document(making.shown_session(conflicts=None))
    assert document["conflicts"] is None
    assert documents.show_document(making.shown_session(conflicts=()))["conflicts"] == []


@pytest.mark.parametrize("entry", [conflict_review(), clean_review()])
def test_a_queue_entry(entry: Review) -> None:
    assert faults(documents.review_document(TIP, entry), shapes.REVIEW) == []
    report = documents.report_document(entry.session, making.shown_session().report)
    assert faults(documents.review_document(TIP, entry, report), shapes.REVIEW) == []
    for standing in (
        Standing("passed", (entry.session.id,)),
        Standing("clash", clashes_with=entry.session.id),
    ):
        queued = Queued(entry, standing, "tested", 4, 1.5)
        assert faults(queue_document(TIP, [queued]), shapes.QUEUE) == []


@pytest.mark.parametrize("commit", [TIP, None])
def test_the_diary(commit: str | None) -> None:
    document = documents.log_document(TIP, [making.logged(commit=commit)])
    assert faults(document, shapes.LOG) == []
    assert document["events"][0]["at"] == making.AT
    assert document["cursor"] == TIP


def test_the_inbox_and_what_git_ccc_alone_says() -> None:
    assert faults(documents.inbox_document(TIP, [making.waiting_item()]), shapes.INBOX) == []
    assert faults(documents.orient_document(making.orientation()), shapes.ORIENT) == []
    empty = making.orientation(picture=None, waiting=(), targets=(), branch=None, initialised=False)
    assert faults(documents.orient_document(empty), shapes.ORIENT) == []


def test_a_missing_an_unknown_and_a_wrong_key_are_found() -> None:
    document = documents.session_document(every_status()["running"])
    wrong = {**document, "head": "abc", "extra": 1}
    del wrong["cost"]
    assert faults(wrong, shapes.SESSION) == [".cost: missing", ".extra: unknown", ".head: 'abc'"]
