"""What the tests of `adopt` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.errors import CccError
from ccc.ops.adopt import adopt
from ccc.ops.adoption import Request
from tests.upkeep.conftest import Place


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def take(place: Place, what: str, **asked: str) -> Session:
    return adopt(place.workspace, Request(what, **asked)).session


def refusal(place: Place, what: str, **asked: str) -> str:
    """What a refused adoption says: the message and the next step, one line each."""
    before = place.subjects(), names_in(place.repo.common / "ccc" / "worktrees")
    with pytest.raises(CccError) as caught:
        take(place, what, **asked)
    after = place.subjects(), names_in(place.repo.common / "ccc" / "worktrees")
    assert after == before
    assert caught.value.hint
    return f"{caught.value.message}\n{caught.value.hint}"
