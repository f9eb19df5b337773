"""Two copies that share the state reserve the same path: the older claim holds once both are known."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.agents import until
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


def items(clone: Clone, *options: str, **more: Any) -> list[tuple[str, str, str]]:
    found = clone("inbox", "--json", *options, **more).json["items"]
    return [(each["kind"], each["title"], each["text"]) for each in found]


def test_a_circle_that_two_copies_closed_is_told_to_both_sessions_and_in_both_inboxes(
    sharing: Clones,
) -> None:
    one, two = sharing("one"), sharing("two")
    made = [
        clone("spawn", "backend", name, "--no-start", "--json").json["sessions"][0]
        for clone, name in ((one, "First"), (two, "Second"))
    ]
    first, second = (each["name"] for each in made)
    one("reserve", "a", "--session", first)
    two("reserve", "b", "--session", second)
    for clone in (one, two, one):
        clone("sync")
    one("reserve", "b", "--session", first, exit=4)
    two("reserve", "a", "--session", second, exit=4)
    for clone in (one, two, one, two):
        clone("sync")
        clone("drain")
    told = f"{first} waits for {second} (b)", f"{second} waits for {first} (a)"
    for clone, session in zip((one, two), made, strict=True):
        (item,) = [each for each in items(clone) if each[0] == "conflict"]
        assert item[1].endswith("wait for each other's reservations")
        assert sorted(item[2].split("; ")) == sorted(told)
        tree = Path(session["worktree"])
        (message,) = until(partial(items, clone, cwd=tree), "the word to the session")
        assert "waits in a circle" in message[2]
        assert f"git ccc reserve --release {'b' if session is made[0] else 'a'}" in message[2]
    one("reserve", "--release", "b", "--session", first)
    for clone in (one, two):
        clone("sync")
        clone("drain")
        assert [each for each in items(clone) if each[0] == "conflict"] == []
