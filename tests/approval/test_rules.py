"""The rules of approvals, without a repository: who counts, for what, what is said of a missing one."""

from __future__ import annotations

import pytest

from ccc.domain.approving import Rule, Terms, Yes, is_one_of, needed, reasons, signed_text, standings
from ccc.domain.landings import Approval

LEAD, DEV = "The Lead <lead@example.com>", "Developer <developer@example.com>"


def yes(person: str, *, stale: bool = False, why: str = "", key: str | None = None) -> Yes:
    return Yes(Approval(person, "", "b" * 40, "a" * 40, "c" * 40), person, stale, key, why)


def told(terms: Terms, changed: list[str], *yeses: Yes) -> list[str]:
    return reasons(terms, standings(terms, changed, yeses), yeses)


def test_without_rules_one_person_is_enough() -> None:
    assert told(Terms(), ["a"]) == ["approval by a person is missing (0 of 1)"]
    assert told(Terms(), ["a"], yes(DEV)) == []


def test_one_person_counts_once_however_the_mail_is_spelled() -> None:
    terms = Terms((Rule(2),))
    twice = (yes(DEV), yes("Developer <Developer@Example.com>"))
    assert told(terms, ["a"], *twice) == ["approval by a person is missing (1 of 2)"]
    assert told(terms, ["a"], *twice, yes(LEAD)) == []


def test_one_key_counts_once_whatever_names_it_signs_for() -> None:
    terms = Terms((Rule(2),), signed=True)
    both = (yes(DEV, key="SHA256:a"), yes(LEAD, key="SHA256:a"))
    assert told(terms, ["a"], *both) == ["approval, signed, by a person is missing (1 of 2)"]


def test_a_path_is_approved_by_those_who_are_named_for_it() -> None:
    terms = Terms((Rule(1), Rule(1, ("lead@*",), ("src/auth/**",))))
    assert told(terms, ["src/auth/keys.py", "src/auth/a.py"], yes(DEV)) == [
        "approval by one of lead@* for src/auth/keys.py and 1 more file is missing (0 of 1)"
    ]
    assert told(terms, ["src/auth/keys.py"], yes(LEAD)) == []
    assert told(terms, ["src/other.py"], yes(DEV)) == []


def test_configuration_needs_a_person_even_where_nothing_else_does() -> None:
    terms = Terms((Rule(0), Rule(1, (), (".ccc/**",))))
    assert told(terms, ["src/a.py", ".ccc/sessions/x/report.md"]) == []
    assert told(terms, [".ccc/roles/backend.md"]) == [
        "approval by a person for .ccc/roles/backend.md is missing (0 of 1)"
    ]
    assert needed(standings(terms, [".ccc/config.toml"], ())) == 1


def test_what_does_not_count_is_named_with_the_reason() -> None:
    assert told(Terms(signed=True), ["a"], yes(DEV, why="it is not signed")) == [
        "approval, signed, by a person is missing (0 of 1)",
        f"approval of {DEV} does not count: it is not signed",
    ]
    assert told(Terms(), ["a"], yes(DEV, stale=True)) == [
        "approval by a person is missing (0 of 1, the one given is stale)"
    ]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("lead@example.com", True), ("*@EXAMPLE.com", True), ("The Lead", True), ("lead", False), (LEAD, True)],
)
def test_people_are_named_by_mail_or_name_in_any_case(pattern: str, fits: bool) -> None:
    assert is_one_of(LEAD, (pattern,)) is fits


def test_the_text_that_is_signed_says_all_that_is_approved() -> None:
    given = Approval(LEAD, "any time", "b" * 40, "a" * 40, "c" * 40, 'because\n"x"')
    assert signed_text("main", "1" * 32, given).decode() == (
        "ccc-approval 1\n"
        f'{{"base":"{"b" * 40}","head":"{"a" * 40}","override":"because\\n\\"x\\"",'
        f'"person":"{LEAD}","session":"{"1" * 32}","target":"main","tree":"{"c" * 40}"}}\n'
    )
