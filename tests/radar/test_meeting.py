"""The radar leaves out no pair of which git says that it conflicts."""

from __future__ import annotations

import os
import random
from itertools import combinations
from pathlib import Path

import pytest

from ccc.git import meeting, mergetree
from ccc.git.meeting import Memory
from ccc.git.mergetree import quarantined
from ccc.git.repository import discover
from tests.radar.histories import go_on, random_history
from tests.support.repository import Repo

SLOW_SEEDS = 30


def conflicts_of_all(repo: Repo, folder: Path, tips: list[str]) -> dict[tuple[str, str], set[str]]:
    """What git says of every pair, each asked: the paths in conflict."""
    git = quarantined(discover(repo.path, os.environ).git, folder)
    verdicts = mergetree.merges_of_pairs(git, list(combinations(tips, 2)))
    said = {pair: {file.raw for file in verdict.conflicts} for pair, verdict in verdicts.items()}
    return {pair: paths for pair, paths in said.items() if paths}


def found(repo: Repo, folder: Path, tips: list[str], memory: Memory) -> meeting.Found:
    git = quarantined(discover(repo.path, os.environ).git, folder)
    return meeting.find(git, tips[0], tips[1:], memory)


def paths_of(seen: meeting.Found) -> dict[tuple[str, str], set[str]]:
    return {pair: {file.raw for file in files} for pair, files in seen.conflicts.items()}


def agree(repo: Repo, place: Path, seed: int) -> int:
    """Holds the radar against all pairs, twice: some commits later again; how many pairs were left out."""
    history, memory = random_history(seed), Memory()
    left_out = _agree(repo, place / "first", history.write(repo), memory, f"seed {seed}")
    for branch in history.random.sample(sorted(history.tips), 2):
        go_on(history, branch)
    return left_out + _agree(repo, place / "later", history.write(repo), memory, f"seed {seed}, later")


def _agree(repo: Repo, place: Path, branches: dict[str, str], memory: Memory, words: str) -> int:
    place.mkdir(parents=True)
    tips = list(dict.fromkeys([branches.pop("t/main"), *branches.values()]))
    everything = conflicts_of_all(repo, place / "all", tips)
    whole = found(repo, place / "radar", tips, memory)
    assert paths_of(whole) == everything, words
    again = found(repo, place / "radar", tips, memory)
    assert paths_of(again) == everything, words
    assert again.merged <= len(whole.unmerged) + sum(map(with_submodules, whole.conflicts.values())), words
    return len(tips) * (len(tips) - 1) // 2 - whole.merged


def with_submodules(files: meeting.Files) -> bool:
    return any(mode == "160000" for file in files for mode, _ in file.stages.values())


@pytest.mark.parametrize("seed", range(4))
def test_every_conflict_of_all_pairs_is_found(repo: Repo, tmp_path: Path, seed: int) -> None:
    agree(repo, tmp_path, seed)


@pytest.mark.slow
def test_every_conflict_of_all_pairs_is_found_in_many_histories(repo: Repo, tmp_path: Path) -> None:
    first = random.randrange(1 << 30)
    seeds = range(first, first + SLOW_SEEDS)
    left_out = sum(_in_fresh_names(repo, tmp_path / str(seed), seed) for seed in seeds)
    assert left_out > SLOW_SEEDS  # else the rule is not tried at all


def _in_fresh_names(repo: Repo, place: Path, seed: int) -> int:
    place.mkdir()
    left_out = agree(repo, place, seed)
    for name in repo.git("for-each-ref", "--format=%(refname)", "refs/heads/t").split("\n"):
        repo.git("update-ref", "-d", name)
    return left_out


def test_a_branch_that_began_before_what_was_known_is_found(repo: Repo, tmp_path: Path) -> None:
    """Another one had merged it, so its commits were known, but not where it left the trunk."""
    repo.git("branch", "early")
    repo.commit("Ours", {"docs/guide.md": "ours\n"})
    repo.git("checkout", "-q", "-b", "merged")
    repo.commit("Beside", {"beside.txt": "1\n"})
    repo.git("checkout", "-q", "early")
    early = repo.commit("Theirs", {"docs/guide.md": "theirs\n"})
    repo.git("checkout", "-q", "merged")
    repo.git("merge", "-q", "-s", "ours", "-m", "Merge", "early")
    repo.git("checkout", "-q", "main")
    trunk = repo.commit("Later", {"later.txt": "1\n"})
    memory = Memory()
    assert paths_of(found(repo, tmp_path / "one", [trunk, repo.oid("merged")], memory)) == {}
    seen = paths_of(found(repo, tmp_path / "two", [trunk, early], memory))
    assert seen == {(trunk, early): {"docs/guide.md"}}


def test_a_pair_is_told_in_the_order_of_the_tips_however_they_came_before(repo: Repo, tmp_path: Path) -> None:
    base = repo.oid()
    tips = [base]
    for text in ("one\n", "two\n"):
        repo.git("checkout", "-q", "--detach", base)
        repo.commit(f"Say {text}", {"same.txt": text})
        tips.append(repo.oid())
    memory = Memory()
    for order in (tips, [base, *reversed(tips[1:])], tips):
        assert list(paths_of(found(repo, tmp_path / "radar", order, memory))) == [tuple(order[1:])]
