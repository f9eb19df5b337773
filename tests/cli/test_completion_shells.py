"""Completion in the shells themselves: TAB is pressed, and the line is looked at."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from ccc.cli.completion import SHELLS
from tests.cli.shells import GIT_COMPLETION, shell
from tests.support.program import RunsCcc
from tests.support.repository import Repo

SLOWEST = 0.15
"""Seconds from TAB to the answer of ccc; of the processor's time, because others may be at work here."""

LINES = {
    "ccc show backe": "ccc show backend-do-it ",
    "git-ccc close backend-do-it fronte": "git-ccc close backend-do-it frontend-do-it ",
    "ccc note --kind=dec": "ccc note --kind=decision ",
    "ccc merge --pl": "ccc merge --plan ",
    "ccc spawn backend x --into it": "ccc spawn backend x --into it\\'s\\;odd\\$x ",
    "ccc -C ../repo.c": "ccc -C ../repo.ccc/",
}
THROUGH_GIT = {
    "git cc": "git ccc ",
    "git ccc queu": "git ccc queue ",
    "git ccc show backe": "git ccc show backend-do-it ",
    "git ccc note --kind=dec": "git ccc note --kind=decision ",
    "git -C ../repo ccc show fronte": "git -C ../repo ccc show frontend-do-it ",
}
QUOTED = {
    "bash": {"ccc adopt 'it": "ccc adopt 'it'\\''s;odd$x' ", 'ccc adopt "it': 'ccc adopt "it\'s;odd\\$x" '},
    "zsh": {"ccc adopt 'it": "ccc adopt 'it'\\''s;odd$x' ", 'ccc adopt "it': 'ccc adopt "it\'s;odd\\$x" '},
    "fish": {"ccc adopt 'it": "ccc adopt 'it\\'s;odd$x' ", 'ccc adopt "it': 'ccc adopt "it\'s;odd\\$x" '},
}

pytestmark = pytest.mark.slow


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """Two sessions and a branch with an odd name."""
    ccc_inline("init", exit=0)
    for role in ("backend", "frontend"):
        ccc_inline("spawn", role, "Do it", "--no-start", exit=0)
    repo.git("branch", "it's;odd$x")
    return repo


@pytest.mark.parametrize("kind", SHELLS)
def test_tab_completes_words_of_every_kind(ready: Repo, tmp_path: Path, kind: str) -> None:
    expected = {**LINES, **QUOTED[kind]}
    if kind != "bash" or any(file.exists() for file in GIT_COMPLETION):
        expected.update(THROUGH_GIT)
    with shell(kind, tmp_path, ready.path, os.environ) as running:
        found = {line: running.completed(line) for line in expected}
    assert found == expected


@pytest.mark.parametrize("kind", SHELLS)
def test_outside_a_repository_tab_changes_and_prints_nothing(tmp_path: Path, kind: str) -> None:
    (tmp_path / "empty").mkdir()
    with shell(kind, tmp_path, tmp_path / "empty", os.environ) as running:
        assert running.completed("ccc show ") == "ccc show "
        assert running.completed("ccc sync ") == "ccc sync "
        assert running.completed("ccc merge --pl") == "ccc merge --plan "
        assert "error" not in running.screen


def test_bash_completes_git_ccc_without_gits_completion(ready: Repo) -> None:
    """`ccc` and `git-ccc` need nothing of git's."""
    script = (
        'eval "$(git-ccc completion bash)"; COMP_WORDS=(ccc note --kind = d); COMP_CWORD=4; _ccc; '
        'printf "%s\\n" "${COMPREPLY[@]}"; type _git_ccc >/dev/null && complete -p ccc git-ccc'
    )
    done = subprocess.run(
        ["bash", "--norc", "-uc", script], cwd=ready.path, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.splitlines(), done.stderr) == (
        ["decision", "discovery", "complete -F _ccc ccc", "complete -F _ccc git-ccc"],
        "",
    )


@pytest.mark.parametrize("words", [["show", ""], ["spawn", ""], [""], ["merge", "--"]], ids=" ".join)
def test_an_answer_comes_within_its_time(ready: Repo, words: list[str]) -> None:
    command = ["git-ccc", "completion", "--words", "--", *words]
    times = []
    for _ in range(7):
        before = _processor_seconds()
        subprocess.run(command, cwd=ready.path, capture_output=True, check=True)
        times.append(_processor_seconds() - before)
    assert min(times) < SLOWEST


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
