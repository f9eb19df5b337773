"""Whatever is broken, the user's git neither fails, nor waits, nor prints."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ccc.git import hookfiles
from tests.hooks.making import (
    ADMIN,
    BRANCH,
    forget,
    hook,
    in_shell,
    install,
    installed_shells,
    journal,
    lines,
    make_tree,
    shim,
)
from tests.support.repository import Repo

STRANGE: list[dict[str, str | None]] = [
    {"PATH": ""},
    {"PATH": "/nonexistent"},
    {"PATH": None},
    {"HOME": None, "XDG_CONFIG_HOME": None},
    {"HOME": "/nonexistent", "IFS": "/ct"},
    {"SHELLOPTS": "errexit:nounset:noglob:noclobber", "BASHOPTS": "nullglob"},
    {"CDPATH": "/", "ENV": "/nonexistent", "BASH_ENV": "/nonexistent", "POSIXLY_CORRECT": "1"},
    {"LC_ALL": "C", "PWD": "/elsewhere", "ccc_made": "x", "ccc_hooks": "/nonexistent"},
]
PATIENCE = 20.0


@pytest.fixture(params=installed_shells())
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that a system may have as /bin/sh."""
    return str(request.param)


def commit(tree: Repo, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()) -> str:
    """Commits, which must succeed without a word; the new commit."""
    git = shutil.which("git")
    assert git is not None
    command = [*prefix, git, "commit", "--quiet", "--allow-empty", "-m", "x"]
    done = subprocess.run(command, cwd=tree.path, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return tree.oid()


def note(oid: str) -> str:
    return f"1 post-commit {ADMIN} {oid} - {BRANCH}"


def drain(repo: Repo, body: str) -> None:
    hook(repo.common / "ccc", "drain", body)


def until_there(path: Path) -> str:
    """What a background process writes into a file, once it is there."""
    end = time.monotonic() + PATIENCE
    while not path.is_file():
        assert time.monotonic() < end, f"{path.name} was not written"
        time.sleep(0.01)
    return path.read_text()


def test_every_shell_notes_a_commit(tree: Repo, hooked: Repo, shell: str) -> None:
    in_shell(hooked, shell)
    oid = commit(tree)
    assert lines(hooked) == [note(oid)]


def test_in_a_strange_environment_notes_are_written_and_the_users_hooks_run(
    tree: Repo, hooked: Repo, shell: str
) -> None:
    seen = hooked.common / "seen"
    for name in ("pre-commit", "post-commit"):
        hook(hooked.common / "hooks", name, f"echo {name} >>'{seen}'")
    hookfiles.refresh(hooked.common)
    in_shell(hooked, shell)
    for changes in STRANGE:
        env = {key: value for key, value in {**os.environ, **changes}.items() if value is not None}
        oid = commit(tree, env)
        assert (lines(hooked), seen.read_text()) == ([note(oid)], "pre-commit\npost-commit\n"), changes
        forget(hooked)
        seen.unlink()
        (hooked.common / "ccc" / "hooks.orig").unlink()


def test_an_empty_environment_does_no_harm(tree: Repo, hooked: Repo, shell: str) -> None:
    for key, value in (("user.name", "Developer"), ("user.email", "developer@example.com")):
        hooked.git("config", key, value)
    hookfiles.refresh(hooked.common)
    in_shell(hooked, shell)
    oid = commit(tree, {})
    assert lines(hooked) == [note(oid)]


def test_a_missing_journal_does_no_harm(tree: Repo, hooked: Repo, shell: str) -> None:
    in_shell(hooked, shell)
    shutil.rmtree(hooked.common / "ccc" / "journal")
    commit(tree)


def test_a_missing_folder_does_no_harm(tree: Repo, hooked: Repo) -> None:
    shutil.rmtree(hooked.common / "ccc")
    commit(tree)


@pytest.fixture
def read_only(hooked: Repo) -> Iterator[tuple[str, ...]]:
    """A journal that may not be written; gives the words before a command that make it so even for root."""
    folder = journal(hooked)
    folder.chmod(0o555)
    if os.geteuid():
        yield ()
    else:
        yield ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
    folder.chmod(0o755)


def test_a_read_only_journal_does_no_harm(
    tree: Repo, hooked: Repo, read_only: tuple[str, ...], shell: str
) -> None:
    in_shell(hooked, shell)
    commit(tree, prefix=read_only)
    assert lines(hooked) == []


def test_a_full_disk_leaves_nothing_behind(tree: Repo, hooked: Repo, shell: str) -> None:
    in_shell(hooked, shell)
    before = {path.name for path in (hooked.common / "ccc").iterdir()}
    done = subprocess.run(
        [shim(hooked, "post-commit")],
        cwd=tree.path,
        env={**os.environ, "GIT_DIR": str(hooked.common / "worktrees" / ADMIN)},
        capture_output=True,
        text=True,
        restore_signals=False,
        preexec_fn=_no_more_bytes,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(journal(hooked).iterdir()) == []
    assert {path.name for path in (hooked.common / "ccc").iterdir()} <= before | {"hooks.orig"}


def _no_more_bytes() -> None:
    """Files can be created but not written, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_drain_whose_python_is_gone_does_no_harm(tree: Repo, hooked: Repo) -> None:
    drain(hooked, "")
    (hooked.common / "ccc" / "drain").write_text(hookfiles.drain_script(hooked.common, "/gone/python"))
    oid = commit(tree)
    assert lines(hooked) == [note(oid)]


def test_nobody_who_reads_what_git_prints_waits_for_the_drain(tree: Repo, hooked: Repo, shell: str) -> None:
    in_shell(hooked, shell)
    started, ended = hooked.common / "started", hooked.common / "ended"
    drain(
        hooked, f"echo $$ >'{started}.new'; mv '{started}.new' '{started}'; sleep {PATIENCE}; echo >'{ended}'"
    )
    commit(tree)
    drain_pid = int(until_there(started))
    assert not ended.exists()
    os.kill(drain_pid, signal.SIGKILL)


def test_a_live_drain_gets_one_byte_and_no_second_is_started(tree: Repo, hooked: Repo, shell: str) -> None:
    in_shell(hooked, shell)
    second = hooked.common / "second"
    drain(hooked, f"echo >'{second}'")
    root = hooked.common / "ccc"
    os.mkfifo(root / "drain.fifo")
    bell = os.open(root / "drain.fifo", os.O_RDWR | os.O_NONBLOCK)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "ccc"]) as living:
        (root / "drain.pid").write_text(f"{living.pid}\n")
        commit(tree)
        assert os.read(bell, 100) == b"."
        living.kill()
    os.close(bell)
    assert not second.exists()


def test_a_stale_process_id_starts_a_new_drain(tree: Repo, hooked: Repo, shell: str) -> None:
    in_shell(hooked, shell)
    started = hooked.common / "started"
    drain(hooked, f"echo >'{started}'")
    root = hooked.common / "ccc"
    os.mkfifo(root / "drain.fifo")
    with subprocess.Popen(["sleep", "60"]) as other:
        for pid in ("1", "999999999", "", "-1", "0", "x", str(other.pid)):
            (root / "drain.pid").write_text(f"{pid}\n")
            commit(tree)
            until_there(started)
            started.unlink()
        other.kill()


@pytest.mark.parametrize("folder", ["a b", 'it\'s "quoted"', "[ab]*?", "ünï\\cødé", "$HOME `x`", "#;=", "-n"])
def test_any_path_of_a_repository_works(repo: Repo, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    shutil.move(repo.path, tmp_path / folder / "repo")
    moved = Repo(tmp_path / folder / "repo")
    hook(moved.common / "hooks", "post-commit", 'pwd >"$(git rev-parse --git-common-dir)/seen"')
    install(moved)
    tree = make_tree(moved, "backend-x")
    oid = commit(tree)
    assert lines(moved) == [note(oid)]
    assert (moved.common / "seen").read_text() == f"{tree.path}\n"


def test_a_repository_reached_through_a_link_works(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.path)
    linked = Repo(tmp_path / "link")
    install(linked)
    tree = make_tree(linked, "backend-x")
    (tmp_path / "tree").symlink_to(tree.path)
    oid = commit(Repo(tmp_path / "tree"))
    assert lines(repo) == [note(oid)]
