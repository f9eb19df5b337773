"""Preparing a repository, and taking ccc out again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place, content_of

LOCKS = (b"ccc/lock", b"ccc/lock.holder")


def everything(repo: Repo) -> dict[bytes, tuple[str, bytes]]:
    """The whole git directory, but for the files that a lock leaves."""
    found = content_of(repo.path / ".git")
    return {name: value for name, value in found.items() if name not in LOCKS}


def fake_git(folder: Path, answer: str) -> dict[str, str]:
    """A git first on PATH that says another version and is the real one otherwise."""
    import shutil

    real = shutil.which("git")
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        "#!/bin/sh\n"
        f'for word; do [ "$word" = version ] && {{ echo "{answer}"; exit 0; }}; done\n'
        f'exec {real} "$@"\n'
    )
    script.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_init_leaves_the_checkout_clean(repo: Repo, ccc_inline: RunsCcc) -> None:
    assert ccc_inline("init", exit=0).stdout == "ccc is ready\n"
    assert repo.git("status", "--porcelain", "--ignored") == ""
    assert repo.git("log", "--format=%s", "-1", "refs/ccc") == "ccc: initialised"


def test_a_second_init_changes_nothing(repo: Repo, ccc_inline: RunsCcc) -> None:
    ccc_inline("init", exit=0)
    before = everything(repo)
    assert ccc_inline("init", exit=0).stdout == "ccc is ready already\n"
    assert everything(repo) == before


def test_init_works_before_the_first_commit(tmp_path: Path, ccc_inline: RunsCcc) -> None:
    repo = Repo(tmp_path)
    repo.git("init", "-q")
    ccc_inline("init", exit=0)
    assert repo.git("status", "--porcelain") == ""


def test_init_works_on_a_detached_head(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.git("switch", "-q", "--detach")
    ccc_inline("init", exit=0)
    assert repo.git("status", "--porcelain") == ""


def test_files_are_written_once_and_never_over_edits(repo: Repo, ccc_inline: RunsCcc) -> None:
    written = ccc_inline("init", "--files", exit=0).stdout.splitlines()
    assert "wrote .ccc/config.toml" in written
    (repo.path / ".ccc/config.toml").write_text("# ours\n")
    assert ccc_inline("init", "--files", exit=0).stdout.splitlines()[1:] == [
        "every file of .ccc/ is there already"
    ]
    assert (repo.path / ".ccc/config.toml").read_text() == "# ours\n"


def test_the_written_files_change_nothing_by_themselves(repo: Repo, ccc_inline: RunsCcc) -> None:
    before = ccc_inline("config", exit=0).stdout
    ccc_inline("init", "--files", exit=0)
    assert ccc_inline("config", exit=0).stdout == before
    ccc_inline("roles", "check", exit=0)


def test_every_default_in_the_written_configuration_can_be_set(repo: Repo, ccc_inline: RunsCcc) -> None:
    ccc_inline("init", "--files", exit=0)
    file = repo.path / ".ccc/config.toml"
    keys = [line for line in file.read_text().splitlines() if re.match(r"#[a-z_]+ = (?!{})", line)]
    file.write_text(re.sub(r"(?m)^#([a-z_]+ = )", r"\1", file.read_text()))
    shown = ccc_inline("config", "--show-origin", exit=0).stdout
    assert '.ccc/config.toml\tsession.branch_prefix = "ccc"' in shown
    found = [line for line in shown.splitlines() if line.startswith(".ccc/config.toml\t")]
    assert len([line for line in found if not line.endswith("{}")]) == len(keys) > 15


def test_a_foreign_ref_is_refused_and_left_alone(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.git("update-ref", "refs/ccc", "HEAD")
    tip = repo.oid()
    refused = ccc_inline("init", exit=1)
    assert refused.stderr == (
        "error: refs/ccc exists and was not made by ccc\n"
        f"hint: keep it under another name: git update-ref refs/kept-ccc {tip}"
        " && git update-ref -d refs/ccc\n"
    )
    assert not (repo.path / ".git/ccc").exists()
    assert repo.oid("refs/ccc") == tip


def test_a_foreign_blob_is_refused(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.git("update-ref", "refs/ccc", repo.oid("HEAD:README.md"))
    assert "was not made by ccc" in ccc_inline("init", exit=1).stderr


def test_a_reference_below_is_refused(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.git("update-ref", "refs/ccc/notes", "HEAD")
    refused = ccc_inline("init", exit=1)
    assert refused.stderr.startswith("error: the reference refs/ccc/notes is in the way of refs/ccc\n")
    assert not (repo.path / ".git/ccc").exists()


def test_a_branch_in_the_way_is_said(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.git("branch", "ccc")
    said = ccc_inline("init", exit=0).stderr
    assert said == "a branch named ccc is in the way: session branches will be called ccc-<role>/<slug>\n"


def test_a_bare_repository_has_no_checkout_to_write_files_into(tmp_path: Path, ccc_inline: RunsCcc) -> None:
    Repo(tmp_path).git("init", "-q", "--bare")
    refused = ccc_inline("init", "--files", exit=1)
    assert refused.stderr == (
        "error: there is no checkout here to write .ccc/ into\n"
        "hint: git ccc init --files in a worktree of yours\n"
    )
    ccc_inline("init", exit=0)
    ccc_inline("doctor", exit=0)


def test_a_backend_that_there_is_not_is_refused(repo: Repo, ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("init", env={"CCC_BACKEND": "sqlite"}, exit=1)
    assert refused.stderr == ("error: CCC_BACKEND is 'sqlite'\nhint: unset it, or set it to libgit or git\n")


@pytest.mark.parametrize("answer", ["git version 2.30.0", "git version 2.38.5"])
def test_an_old_git_is_refused(repo: Repo, tmp_path: Path, ccc: RunsCcc, answer: str) -> None:
    refused = ccc("init", env=fake_git(tmp_path / "bin", answer), exit=1)
    number = answer.rpartition(" ")[2]
    assert refused.stderr == f"error: git {number} is too old\nhint: install git 2.39 or newer\n"
    assert not (repo.path / ".git/ccc").exists()


def test_outside_a_repository_is_refused(tmp_path: Path, ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("init", exit=1)
    assert (
        refused.stderr == f"error: {tmp_path} is not in a git repository\nhint: cd into one, or: git init\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_repository_not_initialised_is_said(repo: Repo, ccc_inline: RunsCcc) -> None:
    for command in (["deinit"], ["close", "x"], ["undo", "x"], ["fsck"], ["doctor", "--fix"]):
        refused = ccc_inline(*command, exit=1)
        assert refused.stderr == ("error: ccc is not initialised in this repository\nhint: git ccc init\n"), (
            command
        )


def test_deinit_keeps_what_was_recorded_and_init_goes_on_with_it(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    ccc_inline("close", session.name, exit=0)
    tip = place.repo.oid("refs/ccc")
    done = ccc_inline("deinit", exit=0).stdout.splitlines()
    assert done[0] == "ccc is taken out of this repository"
    assert "kept refs/ccc" in done
    assert place.repo.oid("refs/ccc") == tip
    assert "ccc" not in place.repo.git("config", "--local", "--list")
    ccc_inline("init", exit=0)
    assert place.session(session.name).closed is not None
    assert place.repo.oid("refs/ccc") == tip


def test_deinit_refuses_while_a_session_is_open(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    refused = ccc_inline("deinit", exit=1)
    assert refused.stderr == (
        f"error: 1 sessions are not closed: {session.name}\nhint: git ccc close {session.name}\n"
    )


def test_deinit_refuses_while_work_has_not_landed(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", {"login": "one\n"})
    ccc_inline("close", session.name, exit=0)
    refused = ccc_inline("deinit", "--purge", "--yes", exit=1)
    assert refused.stderr == (
        f"error: 1 closed sessions hold work that has not landed: branch {session.branch}\n"
        f"hint: git ccc undo {session.name}, or delete the branch: git branch -D {session.branch}\n"
    )


def test_a_purge_needs_yes_and_leaves_a_bundle_and_nothing_else(
    place: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    session = place.spawn()
    ccc_inline("close", session.name, exit=0)
    tip = place.repo.oid("refs/ccc")
    refused = ccc_inline("deinit", "--purge", exit=3)
    assert refused.stderr == (
        "error: --purge deletes refs/ccc and every backup\nhint: git ccc deinit --purge --yes\n"
    )
    ccc_inline("deinit", "--purge", "--yes", exit=0)
    assert place.repo.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert not (place.repo.path / ".git/ccc").exists()
    (bundle,) = (place.repo.path / ".git").glob("ccc-before-purge-*.bundle")
    place.repo.git("fetch", "-q", str(bundle), "refs/ccc:refs/heads/was")
    assert place.repo.oid("was") == tip


def test_a_killed_purge_can_be_finished(place: Place, ccc: RunsCcc) -> None:
    place.killed_at("deinit-purged", "deinit", "--purge", "--yes")
    ccc("deinit", "--purge", "--yes", exit=0)
    assert not (place.repo.path / ".git/ccc").exists()


def test_agents_do_not_take_ccc_out(place: Place, ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("deinit", env={"CLAUDECODE": "1"}, exit=3)
    assert refused.stderr.startswith("error: taking ccc out needs a person")


@pytest.mark.slow
def test_of_many_first_commands_at_once_each_finds_one_prepared_repository(repo: Repo, ccc: RunsCcc) -> None:
    calls = [
        subprocess.Popen(
            [sys.executable, "-m", "ccc", *words],
            cwd=repo.path,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for words in (["init"], ["spawn", "backend", "Part", "--no-start"]) * 4
    ]
    said = [call.communicate(timeout=60)[1].decode() for call in calls]
    assert [
        (call.returncode, words) for call, words in zip(calls, said, strict=True) if call.returncode
    ] == []
    known = (repo.path / ".git" / "ccc" / "replica").read_text().strip()
    assert repo.git("config", "--get-all", "ccc.replica") == known
    sessions = ccc("status", "--json", exit=0).json["sessions"]
    assert len(sessions) == 4
    shown = [ccc("show", session["name"], "--json", exit=0).json for session in sessions]
    assert {session["where"] for session in shown} == {known}
    ccc("doctor", exit=0)
