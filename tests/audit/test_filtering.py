"""Secrets on their way through the commands: briefs, branches, notes, commits, words to the person."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Session, Spawns
from tests.audit.test_secrets import GONE, SECRET
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import settle

pytestmark = pytest.mark.slow


def everything(repo: Repo) -> str:
    """All that can be reached from any reference, as text."""
    names = repo.git("rev-list", "--objects", "--all").splitlines()
    oids = "\n".join(line.split(" ")[0] for line in names) + "\n"
    return repo.git("cat-file", "--batch", stdin=oids)


def test_a_task_with_a_token_leaves_none_of_it_on_any_ref(ready: Repo, ccc_inline: RunsCcc) -> None:
    made = ccc_inline("spawn", "backend", f"Deploy with {SECRET}", "--no-start", exit=0)
    assert "note: secrets are not recorded; removed: github token" in made.stderr
    found = everything(ready)
    assert SECRET not in found
    assert SECRET.lower() not in found
    assert f"Deploy with {GONE}" in ready.git("show", "ccc/backend/deploy-with-secret-removed-github-token")
    assert f"Deploy with {GONE}" in ready.git("grep", "-h", "Deploy", "refs/ccc")


def test_a_committed_report_is_recorded_without_its_token(
    spawn: Spawns, ready: Repo, ccc_inline: RunsCcc
) -> None:
    session: Session = spawn("Add login")
    session.tree.commit(
        f"Log in with {SECRET}", {f".ccc/sessions/{session.name}/report.md": f"It is {SECRET}\n"}
    )
    assert SECRET not in ccc_inline("log", exit=0).stdout
    ccc_inline("drain", exit=0)
    assert GONE in ccc_inline("log", exit=0).stdout
    assert ccc_inline("show", session.name, "--report", exit=0).stdout == f"It is {GONE}\n"
    assert SECRET not in ready.git("log", "--format=%B", "refs/ccc")
    ccc_inline("wait", session.name, "--timeout", "60", exit=0)
    settle(ready)
    ccc_inline("drain", exit=0)
    count = len(ready.git("rev-list", "refs/ccc").splitlines())
    ccc_inline("drain", exit=0)
    assert len(ready.git("rev-list", "refs/ccc").splitlines()) == count
    assert ccc_inline("fsck").stdout == "whole: every event, tree, clock and object is as it should be\n"


def test_patterns_of_the_main_checkout_hold_at_once(ready: Repo, ccc_inline: RunsCcc) -> None:
    ready.write(".ccc/config.toml", '[privacy]\npatterns = ["ACME-[0-9]{6}"]\n')
    told = ccc_inline("note", "the account is ACME-471147", exit=0)
    assert told.stderr == "note: secrets are not recorded; removed: as privacy.patterns says\n"
    assert ccc_inline("note", "--json").json["notes"][0]["text"] == (
        "the account is [secret removed: as privacy.patterns says]"
    )


def test_a_file_of_patterns_that_is_being_edited_gives_way_to_the_committed_one(
    ready: Repo, ccc_inline: RunsCcc
) -> None:
    ready.commit("Patterns", {".ccc/config.toml": '[privacy]\npatterns = ["ACME-[0-9]{6}"]\n'})
    ready.write(".ccc/config.toml", '[privacy]\npatterns = ["ACME-')
    ccc_inline("note", "the account is ACME-471147", exit=0)
    assert "ACME-4" not in ready.git("log", "--format=%B", "refs/ccc")


def test_a_pattern_that_is_none_is_named_with_its_line(ready: Repo, ccc_inline: RunsCcc) -> None:
    ready.write(".ccc/config.toml", '[privacy]\npatterns = ["("]\n')
    assert ".ccc/config.toml:2: privacy.patterns" in ccc_inline("config", exit=1).stderr
