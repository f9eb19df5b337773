"""When a check applies."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ccc.config.checks import Check, applicable_checks, applicable_commands
from ccc.config.problems import words
from ccc.config.roles import built_in
from ccc.domain.globs import is_glob, matches
from tests.config.conftest import MakesRole

FILES = {
    "Makefile": b".PHONY: ccc-backend\r\nall:\r\ntest: all\r\n\tpytest\r\n",
    "tests/unit/test_a.py": b"",
    "testsuite": b"",
    "logo.png": b"\xff\x00 test:\n",
}


def applies(*when: str) -> bool:
    check = Check(run="true", when=when)
    return applicable_commands([check], lambda: FILES.keys(), FILES.get) == (check,)


@pytest.mark.parametrize(
    "rule",
    [
        "Makefile",
        "tests",
        "tests/",
        "tests/unit/test_a.py",
        "tests/**/test_*.py",
        "**/test_?.py",
        "*file",
        "Makefile:^test:",
        "Makefile:all$",
        "logo.png: test:",
    ],
)
def test_a_condition_that_holds(rule: str) -> None:
    assert applies(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "makefile",
        "test",
        "tests/un",
        "tests/*.py",
        "Makefile:^ccc-backend:",
        "missing:.*",
        "tests:.*",
    ],
)
def test_a_condition_that_does_not_hold(rule: str) -> None:
    assert not applies(rule)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (":all", "paths begin at the top of the repository, as in tests/unit"),
        ("./tests", "paths begin at the top of the repository, as in tests/unit"),
        ("/Makefile:all", "paths begin at the top of the repository, as in tests/unit"),
        ("../Makefile", "paths begin at the top of the repository, as in tests/unit"),
        ("**/Makefile:all", "before the colon stands one file, not a pattern"),
    ],
)
def test_a_condition_that_can_never_hold_is_refused(rule: str, why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Check(run="true", when=(rule,))
    assert words(caught.value.errors()[0]) == f"{rule} never holds: {why}"


def test_all_conditions_must_hold() -> None:
    assert applies("Makefile", "tests")
    assert not applies("Makefile", "nowhere")


def test_without_conditions_nothing_is_listed_or_read(make_role: MakesRole) -> None:
    role = make_role("checks: [make test, make lint]")

    def forbidden(*_: str) -> None:
        raise AssertionError("not needed")

    assert applicable_checks(role, forbidden, forbidden) == role.checks  # type: ignore[arg-type]


def test_checks_that_apply_keep_their_order(make_role: MakesRole) -> None:
    role = make_role("checks: [{run: a, when: Makefile}, {run: b, when: x}, c, {run: d, when: [tests]}]")
    found = applicable_checks(role, lambda: FILES.keys(), FILES.get)
    assert [check.run for check in found] == ["a", "c", "d"]


ARCHIVE = {
    **FILES,
    "pyproject.toml": b"[tool.pytest.ini_options]\n",
    "setup.py": b"",
    "tox.ini": b"[tox]\n",
    "package.json": b'{"scripts": {"test": "jest", "lint": "eslint ."}}',
    "Makefile": b"test:\n\tpytest\ncheck: test\nlint:\n\truff\ndocs:\n\tsphinx\nfrontend backend testing:\n",
    "docs/conf.py": b"",
    "web/index.html": b"",
    "migrations/1.sql": b"",
    ".github/workflows/ci.yml": b"",
    "Dockerfile": b"",
}


def test_no_shipped_check_fires_in_a_tree_that_did_not_ask_for_it() -> None:
    for role in built_in().values():
        assert applicable_checks(role, lambda: ARCHIVE.keys(), ARCHIVE.get) == ()


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_shipped_check_fires_where_the_team_wrote_its_name(name: str) -> None:
    files = {**ARCHIVE, "Makefile": f"test:\n\nccc-{name}: test\n\t@true\n".encode()}
    found = applicable_checks(built_in()[name], lambda: files.keys(), files.get)
    assert [check.run for check in found] == [f"make ccc-{name}"]


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("**/a.py", ["a.py", "x/a.py", "x/y/a.py"], ["xa.py", "a.py/b"]),
        ("x/**", ["x/a", "x/y/a"], ["x", "y/x/a"]),
        ("x/*", ["x/a"], ["x/y/a", "x"]),
        ("a?c", ["abc", "a.c"], ["a/c", "ac"]),
        ("a[bc]d", ["abd", "acd"], ["aed", "ad"]),
        ("a[!b]d", ["acd"], ["abd", "a/d"]),
        ("a[b", ["a[b"], ["ab"]),
        ("a.c*", ["a.c", "a.cpp"], ["abc"]),
        ("[a-c&&b-]", ["b", "&", "-"], ["d"]),
        ("[]]", ["]"], ["["]),
        ("[z-a]", ["[z-a]"], ["z"]),
        ("*\n", ["a\n"], ["a"]),
    ],
)
def test_patterns_match_as_git_does(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes + no if matches(pattern, path)] == yes


@given(st.text("ab*?[]!-^/.\\", max_size=10), st.text("ab/.-^!]", max_size=8))
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    answer = matches(pattern, path)
    if not is_glob(pattern):
        assert answer == (pattern == path)
    elif "/" not in pattern + path and "[" not in pattern:
        assert answer == fnmatch.fnmatchcase(path, pattern)
