"""What cannot work says so: one line of what, one of what to do, nothing left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import DONE, until
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow
"""Real processes, a second each."""

VERSION = "case $1 in --version) echo '2.9.9 (Claude Code)' ;;"


def path_with(folder: Path, script: str | None) -> dict[str, str]:
    """An environment whose PATH has git and sh, and a `claude` that is this script."""
    folder.mkdir()
    for name in ("git", "sh", "env", "sed", "setsid", "nice", "cat", "mv"):
        found = shutil.which(name)
        if found is not None:
            (folder / name).symlink_to(found)
    if script is not None:
        (folder / "claude").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / "claude").chmod(0o755)
    return {"PATH": str(folder)}


def words(outcome: Outcome) -> list[str]:
    return outcome.stderr.splitlines()


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (None, "there is no claude program on PATH"),
        ("echo '1.0.3 (Claude Code)'", "is 1.0.3, ccc needs 2.1.0 or newer"),
        ("echo 'not today'; exit 3", "--version says nothing of a version: 'not today'"),
    ],
)
def test_a_claude_that_cannot_be_used_is_refused_before_anything_is_made(
    ready: Repo, ccc: RunsCcc, tmp_path: Path, script: str | None, what: str
) -> None:
    refused = ccc("spawn", "backend", "Anything", env=path_with(tmp_path / "bin", script), exit=1)
    assert what in words(refused)[0]
    assert words(refused)[1].startswith("hint: ")
    assert len(words(refused)) == 2
    assert ready.git("branch", "--list", "ccc/*") == ""
    assert ccc("status", "--json", exit=0).json["sessions"] == []


@pytest.mark.parametrize(
    ("engine", "what"),
    [
        ("nonsense", "error: no engine nonsense"),
        ("rehearsal", "error: a rehearsal needs its script"),
        ("rehearsal:none.yml", "error: no script "),
    ],
)
def test_an_engine_that_is_none_is_refused(ready: Repo, ccc: RunsCcc, engine: str, what: str) -> None:
    refused = ccc("spawn", "backend", "Anything", "--engine", engine, exit=1)
    assert words(refused)[0].startswith(what)
    assert len(words(refused)) == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--budget", "much"),
        ("--timeout", "long"),
        ("--timeout", "0"),
        ("--runner", "moon"),
        ("--budget", "1usd", "--budget", "2usd"),
        ("--budget", "3s", "--timeout", "100"),
    ],
)
def test_a_limit_that_is_none_is_wrong_usage(
    ready: Repo, ccc_inline: RunsCcc, options: tuple[str, ...]
) -> None:
    assert ccc_inline("spawn", "backend", "Anything", *options).exit == 2


def test_a_start_beyond_the_limits_is_a_person_s_and_is_refused_before_anything_is_made(
    ready: Repo, ccc_inline: RunsCcc
) -> None:
    assert ccc_inline("spawn", "backend", "Anything", "--now", "--no-start").exit == 2
    refused = ccc_inline("spawn", "backend", "Anything", "--now", env={"CLAUDECODE": "1"}, exit=3).stderr
    assert refused.startswith("error: a start beyond the limits needs a person")
    assert ccc_inline("status", "--all", "--json", exit=0).json["sessions"] == []
    assert ccc_inline("queue", exit=0).stdout == "nothing waits to land\n"


def test_a_program_that_does_not_know_our_options_is_told_as_it_tells(
    ready: Repo, ccc: RunsCcc, tmp_path: Path
) -> None:
    script = f"{VERSION} *) echo 'error: unknown option' >&2; exit 1 ;; esac"
    done = ccc("spawn", "backend", "Old", "--json", env=path_with(tmp_path / "bin", script), exit=0)
    name = done.json["sessions"][0]["name"]

    def failed() -> bool:
        found = ccc("status", name, "--json", exit=0).json["sessions"][0]
        return bool(found["status"] == "failed" and "unknown option" in found["evidence"][0]["what"])

    until(failed, "the failure in the program's own words")


def test_a_role_without_tools_can_still_commit_and_report(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> None:
    ready.write(".ccc/roles/bare.md", "---\ndescription: Bare\n---\nDo it.\n")
    said = tmp_path / "said"
    script = f"{VERSION} *) printf '%s\\n' \"$@\" >{said}; exit 1 ;; esac"
    ccc("spawn", "bare", "Anything", env=path_with(tmp_path / "bin", script), exit=0)
    given = until(lambda: said.exists() and said.read_text(encoding="utf-8"), "its arguments").splitlines()
    tools = given[given.index("--allowedTools") + 1]
    assert tools == "Bash(git ccc *),Bash(git status *),Bash(git add *),Bash(git commit *)"


def test_bypassing_permissions_needs_the_word_of_the_target(
    ready: Repo, ccc: RunsCcc, tmp_path: Path
) -> None:
    role = "---\ndescription: Free\npermission_mode: bypassPermissions\n---\nDo it.\n"
    ready.write(".ccc/roles/free.md", role)
    environment = path_with(tmp_path / "bin", "echo '2.9.9 (Claude Code)'")
    refused = ccc("spawn", "free", "Anything", env=environment, exit=1)
    assert "bypasses permissions, and main does not say so" in words(refused)[0]
    if os.geteuid() == 0:
        ready.commit("Free role")
        refused = ccc("spawn", "free", "Anything", env=environment, exit=1)
        assert words(refused)[0] == "error: an agent is not started as root without permissions"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_for_the_log_does_not_stop_the_agent(
    ready: Repo, start: Starts, small_disk: Path
) -> None:
    runs = ready.path / ".git" / "ccc" / "runs"
    runs.symlink_to(small_disk)
    agent = start([{"flood": {"megabytes": 3}}, *DONE])
    agent.becomes("unchecked")
    assert "its output is no longer kept" in ready.git("log", "--format=%s", "refs/ccc")


def test_a_script_with_a_mistake_says_where(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> None:
    script = tmp_path / "play.yml"
    script.write_text("turns:\n  - steps:\n      - edti: {path: a}\n", encoding="utf-8")
    done = ccc("spawn", "backend", "Mistaken", "--engine", f"rehearsal:{script}", "--json")
    if done.exit == 0:
        name = done.json["sessions"][0]["name"]
        found = until(
            lambda: [s for s in ccc("status", name, "--json").json["sessions"] if s["status"] == "failed"],
            "failure",
        )
        assert "play.yml:3" in found[0]["evidence"][0]["what"]
    else:
        assert "play.yml:3" in words(done)[0]
