"""Rewriting takes an event's words out of everything that is kept, and out of nothing that was shared."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.audit.conftest import AGENT, Signer, Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.cold]

WORD = "Zanzibar"


def objects_with(repo: Repo, word: str) -> list[str]:
    """Every stored object, reachable or not, that holds the word."""
    listed = repo.git(
        "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"
    ).splitlines()
    oids = [line.split()[0] for line in listed]
    return [oid for oid in oids if word.encode() in content(repo, oid)]


def content(repo: Repo, oid: str) -> bytes:
    kind = repo.git("cat-file", "-t", oid)
    done = subprocess.run(
        ["git", "cat-file", kind, oid], cwd=repo.path, capture_output=True, check=True, timeout=30
    )
    return done.stdout


def files_with(folder: Path, word: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


@pytest.fixture
def noted(ready: Repo, ccc_inline: RunsCcc) -> str:
    """An event with the word, and others before and after it; its id."""
    ccc_inline("note", "before it", exit=0)
    ccc_inline("note", f"it is {WORD}", exit=0)
    ccc_inline("note", "after it", exit=0)
    events = ccc_inline("log", "--type", "note", "--json", exit=0).json["events"]
    return str(events[1]["id"])


def test_the_words_are_gone_from_every_object_and_file(
    ready: Repo, noted: str, signer: Signer, ccc_inline: RunsCcc
) -> None:
    ccc_inline("checkpoint", "--sign", exit=0)
    bundle = ready.common / "ccc" / "bundles" / "20261003T120000Z-close.bundle"
    bundle.parent.mkdir(exist_ok=True)
    ready.git("bundle", "create", "-q", str(bundle), "refs/ccc")
    before = ccc_inline("log", "--json", exit=0).json["events"]
    assert objects_with(ready, WORD)
    told = ccc_inline("redact", noted, "--why", "a name", "--rewrite", "--yes", exit=0).stdout
    assert told.startswith(f"{noted} (note.added) is out of the history\n")
    assert "dropped refs/ccc-checkpoints/" in told
    assert "deleted 1 kept bundle, which may have held them" in told
    assert objects_with(ready, WORD) == []
    assert files_with(ready.common / "ccc", WORD) == []
    after = ccc_inline("log", "--json", exit=0).json["events"]
    assert [event["id"] for event in after][2:] == [event["id"] for event in before]
    assert [event["type"] for event in after][:2] == ["event.erased", "event.redacted"]
    assert ready.git("show", "refs/ccc:redactions") != ""
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")
    ccc_inline("note", "going on", exit=0)
    assert ccc_inline("doctor", "--fix").exit in (0, 1)
    assert objects_with(ready, WORD) == []
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


def test_without_yes_it_says_why_nothing_is_kept(ready: Repo, noted: str, ccc_inline: RunsCcc) -> None:
    tip = ready.oid("refs/ccc")
    asked = ccc_inline("redact", noted, "--rewrite", exit=3)
    assert "No bundle of the old history is kept: it would keep the words" in asked.stderr
    assert f"git ccc redact {noted} --rewrite --yes" in asked.stderr
    assert ready.oid("refs/ccc") == tip


@pytest.mark.parametrize("ref", ["refs/ccc-sync/a.0", "refs/ccc-remotes/origin/a.0"])
def test_a_history_that_was_shared_is_not_rewritten(
    ready: Repo, noted: str, ccc_inline: RunsCcc, ref: str
) -> None:
    ready.git("update-ref", ref, "refs/ccc")
    refused = ccc_inline("redact", noted, "--rewrite", "--yes", exit=1)
    assert f"the history was shared ({ref})" in refused.stderr
    assert ccc_inline("log", "--type", "event", "--json").json["events"] == []


def test_a_branch_on_the_history_is_named(ready: Repo, noted: str, ccc_inline: RunsCcc) -> None:
    ready.git("branch", "mine", "refs/ccc")
    refused = ccc_inline("redact", noted, "--rewrite", "--yes", exit=1)
    assert "refs/heads/mine holds the event, too" in refused.stderr
    assert f"it is {WORD}" not in ccc_inline("log").stdout


def test_an_agent_rewrites_nothing(ready: Repo, noted: str, ccc_inline: RunsCcc) -> None:
    tip = ready.oid("refs/ccc")
    ccc_inline("redact", noted, "--rewrite", "--yes", env=AGENT, exit=3)
    assert ready.oid("refs/ccc") == tip


def test_an_event_that_is_redacted_already_can_be_taken_out_later(
    ready: Repo, noted: str, ccc_inline: RunsCcc
) -> None:
    ccc_inline("redact", noted, "--why", "a name", exit=0)
    ccc_inline("redact", noted, "--rewrite", "--yes", exit=0)
    assert objects_with(ready, WORD) == []
    assert ccc_inline("log", "--type", "note").stdout.count("[redacted by Developer") == 1


def test_packed_objects_are_told_and_git_collects_them(ready: Repo, noted: str, ccc_inline: RunsCcc) -> None:
    ready.git("repack", "-adq")
    assert "git gc --prune=now" in ccc_inline("redact", noted, "--rewrite", "--yes", exit=0).stdout
    ready.git("gc", "-q", "--prune=now")
    assert objects_with(ready, WORD) == []
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


def test_histories_that_were_merged_and_briefs_are_made_again(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    session = spawn("Add login")
    ccc_inline("send", session.name, f"It is {WORD}", exit=0)
    exported = ccc_inline("export", exit=0).stdout.replace("note.added", "note.added")
    ccc_inline("note", "here", exit=0)
    ccc_inline("import", "-", stdin=exported, exit=0)
    event = ccc_inline("log", "--type", "message.sent", "--json").json["events"][0]["id"]
    ccc_inline("redact", event, "--rewrite", "--yes", exit=0)
    assert objects_with(ready, WORD) == []
    shown = ccc_inline("status", "--json", exit=0).json["sessions"][0]
    assert (shown["name"], shown["task"]) == (session.name, "Add login")
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


@pytest.mark.parametrize(
    "step", ["rewrite-made", "rewrite-forgotten", "rewrite-swapped", "rewrite-remembered"]
)
def test_killed_at_any_step_it_is_whole_and_can_be_done_again(
    ready: Repo, noted: str, ccc: RunsCcc, step: str
) -> None:
    before = {event["id"] for event in ccc("log", "--json", exit=0).json["events"]}
    assert ccc("redact", noted, "--rewrite", "--yes", env={"CCC_TEST_STOP_AT": step}).exit == -9
    assert before <= {event["id"] for event in ccc("log", "--json", exit=0).json["events"]}
    ccc("doctor", "--fix")
    ccc("note", "between", exit=0)
    if step in ("rewrite-swapped", "rewrite-remembered"):
        assert WORD not in ready.git("log", "--format=%B", "refs/ccc")
    assert ccc("fsck", exit=0).stdout.startswith("whole")
    ccc("redact", noted, "--rewrite", "--yes", exit=0)
    ready.git("gc", "-q", "--prune=now")
    assert objects_with(ready, WORD) == []
    assert ccc("fsck", exit=0).stdout.startswith("whole")
