"""Which reservations are about the same files."""

from __future__ import annotations

import pytest

from ccc.domain import reserving
from ccc.domain.reserving import Claim


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("a.py", "a.py", True),
        ("a.py", "b.py", False),
        ("shop/**", "shop/auth/x.py", True),
        ("shop/**", "shopping/x.py", False),
        ("shop/**", "shop/auth/**", True),
        ("shop/*.py", "shop/auth.py", True),
        ("shop/*.py", "shop/auth/x.py", False),
        ("shop/**/x.py", "shop/x.py", True),
        ("shop/**/x.py", "shop/a/b/x.py", True),
        ("shop/**/x.py", "shop/a/b/y.py", False),
        ("*.md", "docs/*.md", False),
        ("**/*.md", "docs/a?.md", True),
        ("shop/a*", "shop/*b", True),
        ("shop/a*", "shop/b*", False),
        ("**", "anything/at/all", True),
        ("app/[id]/page.tsx", "app/[id]/page.tsx", True),
        ("app/[id]/page.tsx", "app/i/page.tsx", False),
    ],
)
def test_patterns_meet_where_there_could_be_a_file_of_both(one: str, other: str, meets: bool) -> None:
    assert reserving.meet(one, other) == reserving.meet(other, one) == meets


def test_a_file_is_covered_by_what_names_it_or_its_folder() -> None:
    assert reserving.covers("shop/**", "shop/auth.py")
    assert not reserving.covers("shop/auth.py", "shop")
    assert reserving.covers("shop/*.py", "shop/auth.py")


def test_many_stars_are_told_in_no_time() -> None:
    assert not reserving.meet("/".join(["**", "a"] * 20 + ["c"]), "/".join(["b"] * 40))
    assert not reserving.meet("*a" * 40 + "c", "b" * 60)


def test_the_oldest_of_those_that_meet_holds_and_the_others_wait_for_all_before_them() -> None:
    def claim(session: str, path: str, stamp: str) -> Claim:
        return Claim(session, path, stamp, False)

    claims = [
        claim("a", "shop/**", "1"),
        claim("b", "shop/x.py", "2"),
        claim("a", "shop/x.py", "3"),
        claim("c", "shop/*.py", "4"),
        claim("c", "docs", "5"),
    ]
    stands = [
        (each.claim.session, [one.session for one in each.behind]) for each in reserving.standings(claims)
    ]
    assert stands == [("a", []), ("b", ["a"]), ("a", ["b"]), ("c", ["a", "b", "a"]), ("c", [])]
