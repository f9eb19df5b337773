"""A person's day in an ordinary repository: what every other kind is held against."""

from __future__ import annotations

from tests.kinds.days import Place, persons_day
from tests.support.program import RunsCcc
from tests.support.repository import Repo


def test_a_persons_day(repo: Repo, ccc_inline: RunsCcc) -> None:
    persons_day(Place.of(repo), ccc_inline)
