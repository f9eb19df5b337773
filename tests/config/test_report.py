"""The report that a session commits: read leniently, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccc.domain.report import STATES, Report, parse_report

WHOLE = """\
---
status: done
summary: Logins use JWT
next_steps:
  - rotate the keys
  - "delete: the old sessions"
---
# Report

Changed two files.
"""


def test_a_whole_report_is_read() -> None:
    assert parse_report(WHOLE.encode()) == Report(
        "done",
        "Logins use JWT",
        ("rotate the keys", "delete: the old sessions"),
        "# Report\n\nChanged two files.\n",
    )


@pytest.mark.parametrize("before", ["\ufeff", "\r\n"])
def test_signs_of_other_editors_make_no_difference(before: str) -> None:
    text = WHOLE.replace("\n", "\r\n") if before == "\r\n" else before + WHOLE
    assert parse_report(text.encode()) == parse_report(WHOLE.encode())


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("status: done", "done"),
        ("Status: 'Blocked'", "blocked"),
        ("status: question  # see below", "question"),
        ("status:\n  done", "done"),
        ("status: not done", None),
        ("status: doneish", None),
        ("  status: done", None),
        ("state: done", None),
        ("status:", None),
    ],
)
def test_only_the_three_words_are_a_claim(line: str, status: str | None) -> None:
    assert parse_report(f"---\n{line}\n---\nText.\n".encode()).status == status


@pytest.mark.parametrize(
    "text",
    [
        "status: done\n",
        "---\nstatus: done\n",
        "Text.\n---\nstatus: done\n---\n",
        "> ---\n> status: done\n> ---\n",
    ],
)
def test_a_claim_outside_front_matter_is_text(text: str) -> None:
    report = parse_report(text.encode())
    assert (report.status, report.body) == (None, text)


@pytest.mark.parametrize(
    ("front", "summary"),
    [
        ("summary: |\n  two\n  lines", "two lines"),
        ("summary: >-\n  folded\n  text", "folded text"),
        ('summary: "quoted: text"', "quoted: text"),
        ("summary: 'half", "'half"),
        ("summary:", "The first paragraph of the text."),
        ("", "The first paragraph of the text."),
    ],
)
def test_the_summary_is_given_or_the_first_paragraph(front: str, summary: str) -> None:
    body = "# Heading\n\nThe first paragraph\nof the text.\n\nThe second.\n"
    assert parse_report(f"---\n{front}\n---\n{body}".encode()).summary == summary


@pytest.mark.parametrize(
    ("front", "steps"),
    [
        ("next_steps: [one, 'two']", ("one", "two")),
        ("next-steps:\n- one\n-  two", ("one", "two")),
        ("next_steps: one", ("one",)),
        ("next_steps: []", ()),
        ("next_steps:\n  -\n  - ", ()),
    ],
)
def test_next_steps_are_a_list_in_any_form(front: str, steps: tuple[str, ...]) -> None:
    assert parse_report(f"---\n{front}\n---\n".encode()).next_steps == steps


PIECES = ["---", "\n", "status:", " done", "- ", "summary: |", "  ", "[", "]", "'", '"', "#", "é", "\r", "\0"]


@given(st.binary() | st.lists(st.sampled_from(PIECES)).map(lambda parts: "".join(parts).encode()))
@example(b"")
@example(b"---")
@example(b"---\n- x\n---\n")
@example(b"---\n: \n---\n\xff")
def test_any_bytes_are_a_report(content: bytes) -> None:
    report = parse_report(content)
    assert report.status in (None, *STATES)
    assert "\n" not in report.summary
    assert all(report.next_steps)
