"""Old and new gits in one repository, upgrades and downgrades: each commit is noted exactly once."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from ccc.git import hookconfig, hookfiles, hookway
from ccc.git.hookway import Way
from tests.hooks import gits
from tests.hooks.gits import Gits
from tests.hooks.making import ADMIN, BRANCH, forget, hook, install, lines, make_tree
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

gits.find(new=False)
gits.find(new=True)
DAY = 86_400


def way(repo: Repo) -> Way | None:
    """The way that hooks go; what is said of it must be true."""
    assert [words for words in hookfiles.problems(repo.common) if "drain" not in words] == []
    written = hookconfig.written_way(repo.common)
    assert (repo.common / "ccc" / "hooks" / "post-commit").exists() or written is Way.CONFIGURATION
    return written


def noted_once(repo: Repo, tree: Repo, program: str) -> None:
    """Commits with a git and looks for its one note."""
    forget(repo)
    os.spawnv(
        os.P_WAIT, program, ["git", "-C", str(tree.path), "commit", "--quiet", "--allow-empty", "-m", "x"]
    )
    assert lines(repo) == [f"1 post-commit {ADMIN} {tree.oid()} - {BRANCH}"]


def replace(place: Path, program: str) -> None:
    """Another git in the place of one, as after an upgrade."""
    place.unlink(missing_ok=True)
    place.symlink_to(program)


def forget_since(repo: Repo, seconds: int) -> None:
    """Everything about gits was noted so long ago."""
    file = hookway.file_of(repo.common)
    rows = [line.split(" ", 2) for line in file.read_text().splitlines()]
    file.write_text("".join(f"{mark} {int(last) - seconds} {rest}\n" for mark, last, rest in rows))


def test_an_upgrade_and_a_downgrade_are_followed(
    both: Gits, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "bin" / "git"
    place.parent.mkdir()
    monkeypatch.setenv("PATH", str(place.parent), prepend=os.pathsep)
    replace(place, both.old)
    install(repo)
    tree = make_tree(repo, "backend-x")
    assert way(repo) is Way.SHIMS
    for program, expected in (
        (both.new, Way.CONFIGURATION),
        (both.old, Way.SHIMS),
        (both.new, Way.CONFIGURATION),
    ):
        replace(place, program)
        assert hookfiles.refresh(repo.common)
        assert not hookfiles.refresh(repo.common)
        assert way(repo) is expected
        noted_once(repo, tree, program)


def test_shims_are_taken_away_a_day_after_the_last_git_that_needs_them(both: Gits, repo: Repo) -> None:
    both.use(both.old)
    install(repo)
    shims, base = repo.common / "ccc" / "hooks", repo.common / "ccc" / "gitconfig"
    hookway.file_of(repo.common).unlink()
    both.use(both.new)
    hookfiles.refresh(repo.common)
    assert shims.is_dir()
    os.utime(base, (time.time() - DAY - 1,) * 2)
    assert hookfiles.refresh(repo.common)
    assert not shims.exists()
    assert not hookfiles.refresh(repo.common)


def test_with_a_second_older_git_both_note_once(both: Gits, repo: Repo) -> None:
    install(repo)
    tree = make_tree(repo, "backend-x")
    assert way(repo) is Way.CONFIGURATION
    noted_once(repo, tree, both.new)
    for program in (both.old, both.new):
        both.use(program)
        hookfiles.refresh(repo.common)
        assert way(repo) is Way.SHIMS
        noted_once(repo, tree, both.old)
        noted_once(repo, tree, both.new)


def test_an_older_git_that_is_gone_or_not_met_for_a_month_decides_no_more(
    both: Gits, repo: Repo, sealed: Path
) -> None:
    both.use(both.old)
    install(repo)
    both.use(both.new)
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.SHIMS
    forget_since(repo, 29 * DAY)
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.SHIMS
    forget_since(repo, 2 * DAY)
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.CONFIGURATION
    both.use(both.old)
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.SHIMS
    both.use(both.new)
    next(sealed.glob(f"git-*{both.old.strip('/').replace('/', '-')}/git")).unlink()
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.CONFIGURATION


def test_the_user_may_say_which_way(both: Gits, repo: Repo) -> None:
    repo.git("config", "ccc.hooks", "shims")
    install(repo)
    tree = make_tree(repo, "backend-x")
    assert way(repo) is Way.SHIMS
    noted_once(repo, tree, both.new)
    noted_once(repo, tree, both.old)
    repo.git("config", "ccc.hooks", "configuration")
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.CONFIGURATION
    assert hookfiles.describe(repo.common).endswith("ccc.hooks is configuration")


@pytest.mark.parametrize("content", ["", "nonsense\n", "1.2.3 4 2.99 /gone/git\n", "\0\n\n"])
def test_a_broken_memory_of_gits_is_made_again(both: Gits, repo: Repo, content: str) -> None:
    install(repo)
    file = hookway.file_of(repo.common)
    good = file.read_text()
    file.write_text(content)
    hookfiles.refresh(repo.common)
    assert way(repo) is Way.CONFIGURATION
    assert file.read_text().split(" ")[2:] == good.split(" ")[2:]


@pytest.mark.parametrize("first", ["shims", "configuration"])
def test_a_commit_under_way_while_the_way_changes_meets_every_hook_once(
    both: Gits, repo: Repo, tmp_path: Path, first: str
) -> None:
    """The message is being written, in a git that has read its configuration already."""
    other = "configuration" if first == "shims" else "shims"
    repo.git("config", "ccc.hooks", first)
    seen = tmp_path / "seen"
    for name in ("pre-commit", "commit-msg", "post-commit"):
        hook(repo.common / "hooks", name, f"echo {name} >>'{seen}'")
    install(repo)
    tree = make_tree(repo, "backend-x")
    call = f"hookfiles.refresh(Path({str(repo.common)!r}))"
    code = f"from pathlib import Path; from ccc.git import hookfiles; {call}"
    editor = hook(
        tmp_path,
        "editor",
        f'echo Written >"$1"; cd {shlex.quote(str(PROJECT))} && unset GIT_DIR GIT_INDEX_FILE\n'
        f"git -C '{repo.path}' config ccc.hooks {other} && exec {sys.executable} -c {shlex.quote(code)}",
    )
    tree.git("commit", "--quiet", "--allow-empty", GIT_EDITOR=str(editor))
    assert way(repo) == other
    assert seen.read_text().split() == ["pre-commit", "commit-msg", "post-commit"]
    assert lines(repo) == [f"1 post-commit {ADMIN} {tree.oid()} - {BRANCH}"]


@pytest.mark.slow
def test_a_commit_of_an_older_git_nobody_knows_of_is_one_event_all_the_same(
    both: Gits, repo: Repo, ccc: RunsCcc
) -> None:
    """Hooks are hints: what no hook noted is found by comparing refs."""
    ccc("init", exit=0)
    assert hookconfig.written_way(repo.common) is Way.CONFIGURATION
    made = ccc("spawn", "backend", "Old and new", "--no-start", "--json", exit=0).json["sessions"][0]
    tree = Repo(Path(made["worktree"]))
    told = []
    for program, remember in ((both.old, False), (both.new, False), (both.old, True), (both.new, False)):
        if remember:
            both.use(both.old)
            ccc("doctor", "--fix")
            assert hookconfig.written_way(repo.common) is Way.SHIMS
        command = ["git", "-C", str(tree.path), "commit", "--quiet", "--allow-empty", "-m", "x"]
        assert os.spawnv(os.P_WAIT, program, command) == 0
        told.append(tree.oid())
        ccc("drain", exit=0)
    events = ccc("log", "--json", exit=0).json["events"]
    found = [event["commit"] or event["text"] for event in events if event["type"] == "session.committed"]
    assert len(found) == len(told)
