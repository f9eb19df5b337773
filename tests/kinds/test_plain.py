"""Both days in an ordinary repository: what every other kind is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds.days import Place, agents_day, persons_day
from tests.support.program import RunsCcc
from tests.support.repository import Repo


def test_a_persons_day(repo: Repo, ccc_inline: RunsCcc) -> None:
    persons_day(Place.of(repo), ccc_inline)


@pytest.mark.slow
def test_an_agents_day(repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    agents_day(Place.of(repo), ccc_inline, tmp_path)
