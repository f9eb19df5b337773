"""Two copies that share the state reserve the same path: the older claim holds once both are known."""

from __future__ import annotations

import pytest

from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow


def seen(clone: Clone) -> list[tuple[str, str, bool]]:
    rows = clone("reserve", "--json").json["reservations"]
    return [(each["name"], each["state"], each["provisional"]) for each in rows]


def test_a_claim_is_provisional_until_the_remote_has_it_and_the_older_one_holds(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    first = one("spawn", "backend", "First", "--no-start", "--json").json["sessions"][0]["name"]
    second = two("spawn", "backend", "Second", "--no-start", "--json").json["sessions"][0]["name"]
    one("sync")
    two("sync")
    one("reserve", "src/", "--session", first)
    two("reserve", "src/app.py", "--session", second)
    assert seen(one) == [(first, "held", True)]
    assert seen(two) == [(second, "held", True)]
    assert "(provisional: not shared yet)" in two("reserve").stdout
    one("sync")
    assert seen(one) == [(first, "held", False)]
    two("sync")
    one("sync")
    for clone in (one, two):
        assert seen(clone) == [(first, "held", False), (second, "waiting", False)]
