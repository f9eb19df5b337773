"""The reading commands on a real repository: JSON that scripts rely on, light imports, nothing written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns, ready, spawn
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.views.test_status import S_KEYS

__all__ = ["ready", "spawn"]

HEAVY = ("pygit2", "pydantic", "jinja2", "rich", "yaml", "mcp")


@pytest.mark.parametrize("command", ["status", "log", "inbox", ""])
def test_reading_commands_load_no_heavy_library(ready: Repo, spawn: Spawns, command: str) -> None:
    spawn("backend", "One")
    code = f"import sys\nfrom ccc.cli.main import main\nmain({command.split()!r})\n"
    code += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ready.path, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert loaded & set(HEAVY) == set()


@pytest.mark.parametrize("command", ["send backend-one hello", "note hello", "drain"])
def test_what_records_reads_no_configuration(ready: Repo, spawn: Spawns, command: str) -> None:
    """The libraries for that would take longer than all the rest of the command."""
    spawn("backend", "One")
    ready.write(".ccc/config.toml", "[radar]\non = false\n")
    code = f"import sys\nfrom ccc.cli.main import main\nfrom ccc.ops import work\nmain({command.split()!r})\n"
    code += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ready.path, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert loaded & {"pydantic", "jinja2", "yaml", "mcp"} == set()


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("status",), {"sessions", "waiting_for_you", "counts"}),
        (("inbox",), {"items"}),
        (("log",), {"events", "cursor"}),
        (("queue",), {"entries"}),
        (("show", "backend-one"), {*S_KEYS, "brief", "report", "verification", "commits", "files", "notes"}),
        (("review", "backend-one"), {"entry", "task", "gate", "diff", "conflicts", "approvals", "needed"}),
        (("fsck",), {"ok", "faults"}),
        (("doctor",), {"checks"}),
        ((), {"repository", "initialised", "next"}),
    ],
)
def test_every_document_has_format_tip_and_its_keys(
    ready: Repo, spawn: Spawns, ccc: RunsCcc, arguments: tuple[str, ...], keys: set[str]
) -> None:
    spawn("backend", "One")
    document = ccc(*arguments, "--json").json
    assert {"format", "tip", *keys} <= document.keys()
    assert document["format"] == 1
    assert document["tip"] == ready.oid("refs/ccc")


def test_an_error_is_a_document_too(ready: Repo, ccc: RunsCcc) -> None:
    told = ccc("show", "nobody", "--json", exit=1)
    error = told.json["error"]
    assert (error["kind"], error["exit"]) == ("not_found", 1)
    assert error["message"] in told.stderr


def test_a_session_answers_to_id_prefix_name_alias_and_branch(
    ready: Repo, spawn: Spawns, ccc: RunsCcc
) -> None:
    made = spawn("backend", "One")
    alias = ccc("status", "--json").json["sessions"][0]["alias"]
    for reference in (made.id, made.id[:4], made.name, alias, "ccc/backend/one"):
        assert ccc("show", reference, "--json", exit=0).json["id"] == made.id


def test_an_ambiguous_prefix_and_a_near_name_are_said(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    spawn("backend", "One")
    told = ccc("show", "backend-oen", exit=1).stderr
    assert told == "error: no session backend-oen\nhint: did you mean backend-one?\n"


def test_bare_git_ccc_writes_nothing_and_says_what_to_do(repo: Repo, ccc: RunsCcc) -> None:
    before = {path: path.stat().st_mtime_ns for path in repo.common.rglob("*")}
    told = ccc(exit=0).stdout
    assert told.splitlines()[-1].strip() == "git ccc init"
    assert {path: path.stat().st_mtime_ns for path in repo.common.rglob("*")} == before


def test_the_past_can_be_asked_for(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    made = spawn("backend", "One")
    tip = ready.oid("refs/ccc")
    made.tree.commit("Done\n\nCcc-Status: done", one="1")
    ccc("wait", "--timeout", "60", exit=0)
    assert ccc("status", "--json").json["sessions"][0]["status"] == "unchecked"
    assert ccc("status", "--at", tip, "--json", exit=0).json["sessions"][0]["status"] == "created"


def test_the_state_is_plain_files_for_plain_git(ready: Repo, spawn: Spawns) -> None:
    spawn("backend", "One")
    names = ready.git("ls-tree", "-r", "--name-only", "refs/ccc", "sessions").splitlines()
    assert sorted(Path(name).name for name in names) == ["brief.md", "state.json"]
    assert '"name": "backend-one"' in ready.git(
        "show", f"refs/ccc:{next(n for n in names if n.endswith('json'))}"
    )


def test_outside_a_repository_and_before_init_are_said(tmp_path: Path, repo: Repo, ccc: RunsCcc) -> None:
    away = tmp_path / "away"
    away.mkdir()
    assert ccc("status", cwd=away, exit=1).stderr.startswith(
        f"error: {away} is not in a git repository\nhint: "
    )
    assert (
        ccc("status", exit=1).stderr
        == "error: ccc is not initialised in this repository\nhint: git ccc init\n"
    )


def test_status_hides_only_closed_sessions(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    one = spawn("backend", "One")
    spawn("backend", "Two")
    ccc("close", one.name, exit=0)
    assert ccc("status", "--short", exit=0).stdout == "backend-two created\n"
    assert ccc("status", "--short", "--all", exit=0).stdout.splitlines()[0] == "backend-one closed"


def test_log_in_pieces(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    one = spawn("backend", "One")
    cursor = ccc("log", "--json").json["cursor"]
    spawn("backend", "Two")
    assert [e["subject"] for e in ccc("log", "--since", cursor, "--json").json["events"]] == ["backend-two"]
    assert [e["session"] for e in ccc("log", one.name, "--json").json["events"]] == [one.id]
    assert len(ccc("log", "-n", "1", "--json").json["events"]) == 1
    assert ccc("log", "--type", "session.landed", exit=0).stdout == ""
    unknown = ccc("log", "--type", "sesion.landed", exit=2).stderr
    assert unknown.startswith(
        "error: there are no events of type sesion.landed\nhint: did you mean session.landed, "
    )
    assert "hint: a family, checkpoint, " in ccc("log", "--type", "xyzzy", "-f", exit=2).stderr
    assert {e["type"] for e in ccc("log", "--type", "session", "--json").json["events"]} == {
        "session.spawned"
    }


def test_a_closed_pipe_ends_quietly(ready: Repo, spawn: Spawns) -> None:
    spawn("backend", "One")
    command = f"{sys.executable} -m ccc log | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=ready.path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert PROJECT.exists()
