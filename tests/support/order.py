"""A pytest plugin: tests marked `long` begin early, so that none of them keeps one worker busy at the end.

One after the other, as each of them keeps the machine busy: side by side they would starve what runs beside.
"""

from __future__ import annotations

import pytest

MARK = "long"
APART = 60
"""So many tests lie between two long ones."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long ones forward; every worker of xdist must come to the same order."""
    long = [item for item in items if item.get_closest_marker(MARK) is not None]
    others = [item for item in items if item.get_closest_marker(MARK) is None]
    for number, item in enumerate(long):
        others.insert(number * APART, item)
    items[:] = others
