"""`bench/merge_verdicts.py`: ccc's verdicts on merges are those of `git merge`, and it would tell if not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.merge_history import make
from tests.support.program import PROJECT
from tests.support.repository import Repo

SEEDS = os.environ.get("CCC_VERDICTS_SEEDS", "3 12 16").split()
SCRIPT = PROJECT / "bench" / "merge_verdicts.py"


def compared(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """The script as a user runs it, from anywhere."""
    environment = {**os.environ, "PATH": f"{path}{os.environ['PATH']}"}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_verdicts_paths_and_trees_are_those_of_git_merge(seed: str, tmp_path: Path) -> None:
    """Renames, drivers, attributes, line ends, submodules, links, modes, odd names, crosswise merges."""
    figures = tmp_path / "figures.json"
    done = compared("--generate", "120", "--limit", "30", "--seed", seed, "--json", str(figures))
    print(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(figures.read_text())
    assert found["different"] == {}
    assert found["merge"] + found["pair"] >= 40
    assert found["clean"] >= 3
    assert found["conflict"] >= 10


@pytest.mark.slow
def test_a_difference_is_shown_from_both_sides_and_ends_with_1(repo: Repo, tmp_path: Path) -> None:
    """Told by a git whose `merge` takes our side of a conflict, as ccc's does not."""
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("Theirs", {"docs/guide.md": "Call it.\n"})
    side = repo.oid()
    repo.git("checkout", "-q", "main")
    repo.commit("Ours", {"docs/guide.md": "Do not call it.\n"})
    ours = repo.oid()
    repo.git("merge", "-q", "-s", "ours", "-m", "Merge", "side")
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = shutil.which("git")
    program.write_text(
        f'#!/bin/sh\n[ "$1" != merge ] || {{ shift; set -- merge -Xours "$@"; }}\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    asked = ("--repo", str(repo.path), "--seed", "1", "--pairs", "0")
    assert compared(*asked).returncode == 0
    done = compared(*asked, path=f"{program.parent}:")
    assert done.returncode == 1
    assert f"DIFFERS (alone): {side} into {ours}\n-- git merge:\nclean " in done.stdout
    assert (
        "-- ccc:\nconflict\n'docs/guide.md'\nCONFLICT (content): Merge conflict in docs/guide.md"
        in done.stdout
    )


@pytest.mark.slow
def test_a_history_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    tips = []
    for name in ("one", "two"):
        make(tmp_path / name, seed=7, commits=60)
        tips.append(Repo(tmp_path / name).git("for-each-ref", "--format=%(objectname) %(refname)"))
    assert tips[0] == tips[1]
    assert "refs/heads/line1" in tips[0]
