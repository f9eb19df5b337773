"""A pytest plugin: tests marked `long` begin first, so that none of them keeps one worker busy at the end."""

from __future__ import annotations

import pytest

MARK = "long"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long ones first; every worker of xdist must come to the same order."""
    items.sort(key=lambda item: item.get_closest_marker(MARK) is None)
