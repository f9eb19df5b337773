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
    "superproject": places.superproject,
    "shallow": places.shallow,
    "partial": places.partial,
    "sparse cone": places.sparse_cone,
    "sparse patterns": places.sparse_patterns,
    "shared objects": places.shared,
    "referring": places.referring,
    "separate git directory": places.separate,
    "GIT_DIR set": places.git_dir_set,
    "through a link": places.through_a_link,
    "strange path": places.strange_path('it\'s "größe" $HOME `x` \\ [a-z]*? 🎈'),
    "leading dash": places.strange_path("-rf"),
    "line ends": places.line_ends,
    "settings": places.configured(
        *("core.fileMode=false", "core.symlinks=false", "core.ignoreCase=true"),
        *("commit.gpgSign=true", "tag.gpgSign=true", "user.signingKey=nobody", "merge.ff=only"),
        *(
            "status.showUntrackedFiles=no",
            "diff.noprefix=true",
            "core.quotePath=false",
            "log.showSignature=true",
        ),
    ),
    "hooks elsewhere": places.hooks_elsewhere,
    "identity by include": places.included,
    "detached HEAD": places.detached,
}

OF_AGENTS = (
    *(
        "bare",
        "bare with worktrees",
        "from a linked worktree",
        "submodule",
        "superproject",
        "shallow",
        "partial",
    ),
    *("sparse cone", "referring", "separate git directory", "GIT_DIR set", "strange path"),
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_persons_day(kind: str, repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    persons_day(KINDS[kind](repo, tmp_path), ccc_inline)


@pytest.mark.slow
@pytest.mark.parametrize("kind", OF_AGENTS)
def test_an_agents_day(kind: str, repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    agents_day(KINDS[kind](repo, tmp_path), ccc_inline, tmp_path)
