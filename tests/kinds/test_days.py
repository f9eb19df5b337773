"""Both days pass in every kind of repository.

A person's day runs in each kind; an agent's in those where its path differs from a person's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds import places
from tests.kinds.days import agents_day, persons_day
from tests.kinds.places import Makes
from tests.support.program import RunsCcc
from tests.support.repository import Repo

KINDS: dict[str, Makes] = {
    "bare": places.bare,
    "bare with worktrees": places.bare_with_worktrees,
    "bare in a dot folder": places.bare_in_a_dot_folder,
    "from a linked worktree": places.linked,
    "target in a linked worktree": places.target_in_linked,
    "submodule": places.submodule,
    "shallow": places.shallow,
    "partial": places.partial,
    "sparse cone": places.sparse_cone,
    "sparse patterns": places.sparse_patterns,
    "referring": places.referring,
    "separate git directory": places.separate,
    "GIT_DIR set": places.git_dir_set,
    "strange path through a link": places.strange_path('-rf it\'s "größe" $HOME `x` \\ [a-z]*? 🎈'),
    "line ends": places.line_ends,
    "settings": places.settings,
    "detached HEAD": places.detached,
}

OF_AGENTS = (
    "bare with worktrees",
    "from a linked worktree",
    "submodule",
    "shallow",
    "partial",
    "GIT_DIR set",
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_persons_day(kind: str, repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    persons_day(KINDS[kind](repo, tmp_path), ccc_inline)


@pytest.mark.slow
@pytest.mark.parametrize("kind", OF_AGENTS)
def test_an_agents_day(kind: str, repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    agents_day(KINDS[kind](repo, tmp_path), ccc_inline, tmp_path)
