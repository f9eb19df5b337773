"""A queue entry as a person and as a program read it."""

from __future__ import annotations

from ccc.views.documents import review_document
from ccc.views.styling import Plain
from ccc.views.text.review import review_text
from tests.views.making import clean_review, conflict_review


def test_a_conflict_is_shown_with_file_hunk_and_both_tasks() -> None:
    assert review_text(conflict_review(), Plain()) == (
        "frontend-login-page -> main: failed\n"
        "  task       Login page\n"
        "  head       aaaaaaa on ccc/backend/-login-page\n"
        "  base       bbbbbbb on main\n"
        "  queue      1.\n"
        "  checks     unchecked: the role has no checks here\n"
        "  gate       not run on this tree\n"
        "  conflict   shop/routes.py (content)\n"
        "    both changed the same lines\n"
        "    theirs: frontend-login-page: Login page (git ccc show frontend-login-page --brief)\n"
        "    ours:   backend-jwt-auth: JWT auth\n"
        "    @@ main line 5, frontend-login-page line 5\n"
        "    || base: nothing\n"
        "    << ours, main: 1 line\n"
        '    <     "/token": "signed",\n'
        "    >> theirs, frontend-login-page: 1 line\n"
        '    >     "/login": "form",\n'
        "  not yet    1 file is in conflict with main\n"
        "  next       git ccc resolve frontend-login-page --hand-back\n"
        "  or         git ccc resolve frontend-login-page --here"
    )


def test_a_clean_entry_says_checks_gate_and_what_is_missing() -> None:
    assert review_text(clean_review(), Plain()) == (
        "backend-jwt-auth -> main: passed\n"
        "  task       JWT auth\n"
        "  head       aaaaaaa on ccc/backend/jwt-auth\n"
        "  base       bbbbbbb on main\n"
        "  tree       ccccccc\n"
        "  checks     make test exit 0 (1.2 s)\n"
        "  gate       no gate configured\n"
        "  changes    2 files, +3 -1\n"
        "    A login.py  +3 -1\n"
        "    M logo.png  binary\n"
        "  not yet    approval by a person is missing (0 of 1)\n"
        "  next       git ccc merge backend-jwt-auth"
    )


def test_the_document_has_every_key_of_the_contract() -> None:
    document = review_document("f" * 40, conflict_review())
    assert {
        "format",
        "tip",
        "entry",
        "task",
        "report",
        "verification",
        "gate",
        "diff",
        "conflicts",
    } <= document.keys()
    assert {"approvals", "needed", "can_merge", "why_not"} <= document.keys()
    assert set(document["entry"]) >= {"session", "target", "base", "head", "tree", "position", "state"}
    assert document["conflicts"][0]["hunks"][0]["theirs"] == ['    "/login": "form",']
    assert (document["can_merge"], document["gate"]["state"]) == (False, "none")
