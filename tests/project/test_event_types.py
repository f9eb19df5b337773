"""The types that the diary can be asked for are those that the code records."""

from __future__ import annotations

import re

from ccc.domain import eventtypes
from tests.support.program import PROJECT

TYPE = re.compile(rf'"(({"|".join(eventtypes.TYPES)})\.[a-z-]+)"')
NO_TYPES = {"state.json", "handoff.md", "settings.json"}
"""File names that look like one."""


def test_every_type_in_the_code_is_known() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (PROJECT / "ccc").rglob("*.py")]
    found = {kind for text in texts for kind, _ in TYPE.findall(text)} - NO_TYPES
    assert len(found) > 40
    assert {kind for kind in found if not eventtypes.is_known(kind)} == set()


def test_a_part_of_a_type_is_none() -> None:
    assert all(map(eventtypes.is_known, eventtypes.every()))
    assert not any(map(eventtypes.is_known, ("", "sess", "session.", "session.comm", "session.landed.x")))
