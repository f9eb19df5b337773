"""Spawning: many at once, killed at any step, refused in words, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

STEPS = (
    *("spawn-claimed", "spawn-briefed", "worktree-branched", "worktree-folder", "worktree-linked"),
    *("worktree-registered", "worktree-filled", "spawn-made", "spawn-copied", "spawn-recorded"),
)

QUICK = ("spawn-made", "spawn-recorded")


def remains(repo: Repo) -> dict[str, list[str]]:
    """Everything a spawn could leave."""
    folder = repo.path.with_name(f"{repo.path.name}.ccc")
    return {
        "branches": repo.git("for-each-ref", "--format=%(refname)", "refs/heads/ccc").splitlines(),
        "admin": sorted(path.name for path in (repo.common / "worktrees").glob("ccc-*")),
        "entries": sorted(path.name for path in (repo.common / "ccc" / "worktrees").iterdir()),
        "folders": sorted(path.name for path in folder.glob("*")) if folder.exists() else [],
    }


NOTHING: dict[str, list[str]] = {"branches": [], "admin": [], "entries": [], "folders": []}


@pytest.mark.slow
def test_sixteen_spawns_at_once_all_succeed(ready: Repo, ccc: RunsCcc) -> None:
    command = [sys.executable, "-m", "ccc", "spawn", "backend", "Same task", "--no-start"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    running = [
        subprocess.Popen(command, cwd=ready.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(16)
    ]
    outcomes = [(process.communicate(timeout=100), process.returncode) for process in running]
    assert [code for _, code in outcomes] == [0] * 16, outcomes
    names = sorted(session["name"] for session in ccc("status", "--json", exit=0).json["sessions"])
    assert len(set(names)) == 16
    for name in names:
        assert Repo(ready.path.with_name("repo.ccc") / name).git("status", "--porcelain") == ""
    ccc("fsck", exit=0)


@pytest.mark.parametrize(
    "step",
    [step if step in QUICK else pytest.param(step, marks=pytest.mark.slow) for step in STEPS],
)
def test_a_spawn_killed_at_any_step_leaves_a_whole_session_or_none(
    ready: Repo, ccc: RunsCcc, step: str
) -> None:
    killed = ccc("spawn", "backend", "Killed", "--no-start", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("spawn", "backend", "Next", "--no-start", exit=0)
    names = [session["name"] for session in ccc("status", "--json", exit=0).json["sessions"]]
    expected = ["backend-killed", "backend-next"] if step == "spawn-recorded" else ["backend-next"]
    assert sorted(names) == expected
    assert remains(ready) == {
        "branches": [f"refs/heads/ccc/backend/{name.removeprefix('backend-')}" for name in expected],
        "admin": [f"ccc-{name}" for name in expected],
        "entries": expected,
        "folders": expected,
    }
    for name in expected:
        Repo(ready.path.with_name("repo.ccc") / name).commit("Works", works="1")
    ccc("fsck", exit=0)


def test_the_same_key_gives_the_same_session(ready: Repo, ccc: RunsCcc) -> None:
    one = ccc("spawn", "backend", "Keyed", "--no-start", "--key", "k", "--json", exit=0).json
    again = ccc("spawn", "backend", "Keyed", "--no-start", "--key", "k", "--json", exit=0).json
    assert one["sessions"][0]["id"] == again["sessions"][0]["id"]
    assert len(remains(ready)["entries"]) == 1


def test_count_and_key_number_the_sessions(ready: Repo, ccc: RunsCcc) -> None:
    made = ccc("spawn", "backend", "Many", "--no-start", "--count", "3", "--json", exit=0).json["sessions"]
    assert [each["name"] for each in made] == ["backend-many", "backend-many-2", "backend-many-3"]


@pytest.mark.parametrize(
    ("task", "ending"),
    [
        ("JWT auth", "jwt-auth"),
        ("Größe prüfen!", "gro-e-prufen"),
        ("quotes \" and ' and $(rm -rf /) {{ braces }}", "quotes-and-and-rm-rf-braces"),
        ("添加用户认证", "task-"),
        ("🚀🚀", "task-"),
    ],
)
def test_any_task_makes_a_name_and_stands_verbatim_in_the_brief(
    ready: Repo, spawn: Spawns, task: str, ending: str
) -> None:
    session = spawn("backend", task)
    assert session.name == f"backend-{ending}" + (session.id[:8] if ending == "task-" else "")
    brief = (session.path / ".ccc/sessions" / session.name / "brief.md").read_text(encoding="utf-8")
    assert f"\n{task}\n" in brief
    stored = ready.git("log", "-1", "--format=%an|%ae", session.tree.oid())
    assert stored == "Developer (backend)|developer@example.com"


def test_commits_are_signed_with_the_role_and_never_wait_for_a_pinentry(ready: Repo, spawn: Spawns) -> None:
    ready.git("config", "commit.gpgsign", "true")
    session = spawn("backend", "Signs")
    session.tree.commit("One", one="1")
    assert (
        session.tree.git("log", "-1", "--format=%an <%ae> %G?")
        == "Developer (backend) <developer@example.com> N"
    )


def refused(ccc: RunsCcc, *arguments: str, exit: int = 1, env: dict[str, str] | None = None) -> list[str]:
    lines = ccc(*arguments, exit=exit, env=env).stderr.strip().splitlines()
    assert len(lines) == 2, lines
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("hint: ")
    return [lines[0].removeprefix("error: "), lines[1].removeprefix("hint: ")]


SPAWN = ("spawn", "backend", "Task", "--no-start")


def test_an_unknown_role_is_refused_with_near_names(ready: Repo, ccc: RunsCcc) -> None:
    assert refused(ccc, "spawn", "backnd", "Task", "--no-start") == [
        "no role backnd",
        "did you mean backend?",
    ]
    assert remains(ready) == NOTHING


def test_an_engine_is_known_when_it_is_asked_for(ready: Repo, ccc: RunsCcc) -> None:
    """Also for what is started later, from another folder."""
    assert refused(ccc, *SPAWN, "--engine", "nothing") == [
        "no engine nothing",
        "engines: claude, rehearsal",
    ]
    assert remains(ready) == NOTHING
    ready.write("plays/script.yml", "turns: []\n")
    ccc(*SPAWN, "--engine", "rehearsal:script.yml", cwd=ready.path / "plays", exit=0)
    (session,) = ccc("status", "--json", exit=0).json["sessions"]
    assert session["engine"] == f"rehearsal:{ready.path / 'plays' / 'script.yml'}"


def test_an_explicit_name_that_is_taken_is_refused(ready: Repo, ccc: RunsCcc) -> None:
    ccc(*SPAWN, "--name", "mine", exit=0)
    words = refused(ccc, *SPAWN, "--name", "mine")
    assert words[0] == "the name backend-mine is taken"


def test_a_branch_called_ccc_is_said_and_gone_around(ready: Repo, ccc: RunsCcc) -> None:
    ready.git("branch", "ccc")
    made = ccc(*SPAWN, "--json", exit=0)
    assert made.json["sessions"][0]["branch"] == "ccc-backend/task"
    assert "branch ccc is in the way" in made.stderr


def test_a_missing_identity_is_refused(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    words = refused(ccc, *SPAWN, env={"GIT_CONFIG_GLOBAL": str(tmp_path / "empty")})
    assert words[0] == "no user identity is configured"
    assert remains(ready) == NOTHING


def test_an_unknown_base_or_target_is_refused(ready: Repo, ccc: RunsCcc) -> None:
    assert refused(ccc, *SPAWN, "--base", "nowhere")[0] == "no commit nowhere to start from"
    assert refused(ccc, *SPAWN, "--into", "nowhere")[0] == "no branch nowhere to land on"
    assert remains(ready) == NOTHING


def test_a_detached_head_needs_a_named_target(ready: Repo, ccc: RunsCcc) -> None:
    ready.git("checkout", "--quiet", "--detach")
    assert refused(ccc, *SPAWN)[0] == "HEAD is detached, so there is no branch to land on"
    ccc(*SPAWN, "--into", "main", exit=0)


def test_an_unborn_branch_is_refused(tmp_path: Path, ccc: RunsCcc) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "new")], check=True)
    assert ccc("init", cwd=tmp_path / "new").exit == 0
    told = ccc(*SPAWN, cwd=tmp_path / "new", exit=1).stderr.splitlines()
    assert told[0] == "error: branch main has no commit yet"


def test_an_invalid_configuration_names_file_line_and_key(ready: Repo, ccc: RunsCcc) -> None:
    ready.write(".ccc/config.toml", '[session]\nbranch_prefix = "ok"\nbranc = 1\n')
    words = refused(ccc, *SPAWN)
    assert words[0] == ".ccc/config.toml:3: session.branc: unknown key"
    assert remains(ready) == NOTHING


def test_a_parent_folder_that_cannot_be_written_is_refused(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        folder = Path("/proc/ccc")
    else:
        folder = tmp_path / "locked" / "inside"
        folder.parent.mkdir(mode=0o500)
    ready.write(".ccc/config.toml", f'[session]\nworktree_dir = "{folder}"\n')
    assert "cannot be written" in refused(ccc, *SPAWN)[0]
    assert remains(ready)["branches"] == []


def test_a_full_disk_in_the_middle_of_a_spawn_leaves_nothing(
    ready: Repo, ccc: RunsCcc, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        ready.write("big.bin", "x" * 3_000_000)
        ready.commit("Big")
        ready.write(".ccc/config.toml", f'[session]\nworktree_dir = "{small}/trees"\n')
        assert "no space left" in refused(ccc, *SPAWN)[0]
        assert remains(ready)["branches"] == []
        assert remains(ready)["admin"] == []
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    shutil.rmtree(ready.path / ".ccc")
    ccc(*SPAWN, exit=0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("spawn", "backend", "x" * 20_000, "--no-start"),
            2,
            "the task has 20000 bytes, at most 16000 are recorded",
        ),
        (
            ("spawn", "backend", b"caf\xe9".decode("utf-8", "surrogateescape"), "--no-start"),
            2,
            "the task is not UTF-8 text",
        ),
        (("spawn", "backend", " ", "--no-start"), 2, "the task is empty"),
        ((*SPAWN, "--count", "0"), 2, "--count is a number from 1 to 64, not 0"),
        (
            (*SPAWN, "--name", ""),
            2,
            "'' is not a name: lower-case letters, digits and single dashes, at most 40",
        ),
    ],
)
def test_what_cannot_be_a_session_is_said(
    ready: Repo, ccc: RunsCcc, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert refused(ccc, *arguments, exit=code)[0] == words
    assert remains(ready) == NOTHING


@pytest.mark.parametrize("place", [".", ".git/trees", "src/trees"])
def test_worktrees_inside_the_checkout_are_refused(ready: Repo, ccc: RunsCcc, place: str) -> None:
    ready.write(".ccc/config.toml", f'[session]\nworktree_dir = "{place}"\n')
    assert refused(ccc, *SPAWN)[0].startswith("session.worktree_dir: ")
    assert remains(ready) == NOTHING


def test_worktrees_in_an_ignored_folder_of_the_checkout_are_fine(ready: Repo, ccc: RunsCcc) -> None:
    ready.commit("Ignore", {".gitignore": "/.trees/\n"})
    ready.write(".ccc/config.toml", '[session]\nworktree_dir = ".trees"\n')
    ccc(*SPAWN, exit=0)
    assert ready.git("status", "--porcelain") == "?? .ccc/"


def test_a_set_up_that_takes_too_long_is_said_and_the_session_stays(ready: Repo, ccc: RunsCcc) -> None:
    ready.write(".ccc/config.toml", '[session]\nsetup = [{run = "sleep 50", timeout = "1s"}]\n')
    words = refused(ccc, *SPAWN)
    assert words[0] == "backend-task is there, but its set-up failed: sleep 50 timed out"
    assert ccc("status", "--short", exit=0).stdout == "backend-task created\n"


def test_set_up_knows_its_session_and_copies_stay_inside(ready: Repo, ccc: RunsCcc) -> None:
    ready.write(".ccc/config.toml", '[session]\nsetup = ["printenv CCC_NAME >name"]\ncopy = ["../*"]\n')
    place = ".ccc/config.toml:3: session.copy.0"
    way = "leads out of the checkout: name files below it, as in .env or config/*"
    assert refused(ccc, *SPAWN)[0] == f"{place}: ../* {way}"
    assert remains(ready) == NOTHING
    ready.write(".ccc/config.toml", '[session]\nsetup = ["printenv CCC_NAME >name"]\n')
    ccc(*SPAWN, exit=0)
    assert (ready.path.with_name("repo.ccc") / "backend-task" / "name").read_text() == "backend-task\n"


def test_a_repository_path_that_is_not_utf8_is_refused(ready: Repo, ccc: RunsCcc) -> None:
    odd = Path(os.fsdecode(os.fsencode(ready.path.parent) + b"/caf\xe9"))
    shutil.move(ready.path, odd)
    told = ccc(*SPAWN, cwd=odd, exit=1).stderr
    assert told.startswith("error: the path of this repository is not UTF-8 text\nhint: ")
