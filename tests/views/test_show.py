"""The page of one session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ccc.domain.sessions import Verification
from ccc.ops.show import Shown
from ccc.views.styling import Plain
from ccc.views.text.show import report_text, show_text, verification_text
from tests.views.making import AT, FAILED, HEAD, done, session, shown_session, sighting


def test_the_page_as_a_whole() -> None:
    assert show_text(shown_session(), Plain()) == (
        "backend-jwt-auth  7f7f7f7f  groucho  running since 2026-10-03T12:01:00.000Z\n"
        "  because    checks failed at aaaaaaa (2026-10-03T12:01:00.000Z)\n"
        "  because    make test exit 0 (2026-10-03T12:00:00.000Z)\n"
        "  because    make test exit 2 (2026-10-03T12:00:00.000Z)\n"
        "  task       JWT auth\n"
        "  role       backend, by Developer <developer@example.com>\n"
        "  branch     ccc/backend/jwt-auth, bbbbbbb..aaaaaaa (+2 -1)\n"
        "  target     main\n"
        "  worktree   /src/backend-jwt-auth, with uncommitted changes\n"
        "  engine     claude small local\n"
        "  priority   2\n"
        "  parent     9e9e9e9e\n"
        "  after      backend-keys\n"
        "  progress   80 %\n"
        "  brief      | # Brief\n"
        "             | Do it.\n"
        "             | Well.\n"
        "             | Soon.\n"
        "             2 more lines: git ccc show backend-jwt-auth --brief\n"
        "  report     Tokens are signed\n"
        "    next: rotate keys\n"
        "             | Tokens are signed.\n"
        "             | See tokens.py.\n"
        "  checks     make test exit 0 at aaaaaaa (1.2 s)\n"
        "  checks     make test exit 2 at aaaaaaa (1.2 s)\n"
        "  conflict   shop/routes.py (content) with main\n"
        "  approval   Lead <lead@example.com> (tree ccccccc), stale\n"
        "  commits    aaaaaaa Sign tokens\n"
        "  files      A tokens.py +3 -1\n"
        "             M logo.png binary\n"
        "  notes      decision: RS256\n"
        "  children   frontend-form created"
    )


def checked(verification: Verification | None) -> Shown:
    return shown_session(sighting=sighting(session(**done(verification=verification))))


def test_the_last_lines_of_a_failed_check_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "check.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)) + "\x1b[31mboom\n", encoding="utf-8")
    failed = replace(FAILED, log=str(log))
    told = verification_text(checked(Verification(HEAD, "failed", (failed,), AT)), Plain()).splitlines()
    assert told[0] == "  checks     make test exit 2 at aaaaaaa (1.2 s)"
    assert told[1:] == [*(f"    | line {number}" for number in range(89, 100)), "    | \\x1b[31mboom"]


def test_a_log_that_is_not_here_is_left_out() -> None:
    told = verification_text(
        checked(Verification(HEAD, "failed", (replace(FAILED, log="/gone"),), AT)), Plain()
    )
    assert told == "  checks     make test exit 2 at aaaaaaa (1.2 s)"


def test_no_checks_is_said_aloud() -> None:
    assert verification_text(checked(Verification(HEAD, "none", (), AT)), Plain()) == (
        "  checks     unchecked at aaaaaaa: the role has no checks here"
    )
    assert verification_text(checked(None), Plain()) == "nothing has been checked yet"


def test_a_missing_report_is_said() -> None:
    assert report_text(shown_session(report=None)) == "there is no report"


def test_long_lists_are_cut_and_counted() -> None:
    commits = shown_session().commits * 25
    told = show_text(shown_session(commits=commits), Plain()).splitlines()
    assert sum("Sign tokens" in line for line in told) == 20
    assert "             and 5 more" in told
