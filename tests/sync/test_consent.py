"""Sharing begins with a person's yes, after being told what becomes visible to whom."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones


def is_shared(hub: Repo) -> bool:
    return bool(hub.git("for-each-ref", "refs/ccc-sync/"))


@pytest.fixture
def one(clone: Clones) -> Clone:
    made = clone("one")
    made("init")
    return made


def test_nothing_is_shared_before_a_yes(hub: Repo, one: Clone) -> None:
    refused = one("sync", "origin", "--enable", exit=3)
    assert "refs/ccc-sync/" in refused.stderr
    assert "briefs, notes, messages" in refused.stderr
    assert "never     logs, transcripts" in refused.stderr
    assert "git ccc sync origin --enable --yes" in refused.stderr
    assert one("sync", exit=1).stderr.startswith("error: sharing is off in this repository\n")
    assert not is_shared(hub)


def test_an_agent_cannot_consent(hub: Repo, one: Clone) -> None:
    agent = {"CLAUDECODE": "1"}
    assert "needs a person" in one("sync", "origin", "--enable", "--yes", env=agent, exit=3).stderr
    assert not is_shared(hub)
    one("sync", "origin", "--enable", "--yes")
    assert "needs a person" in one("sync", "--disable", env=agent, exit=3).stderr
    one("sync", env=agent)
    assert is_shared(hub)


@pytest.mark.slow
def test_an_agent_in_a_fresh_clone_cannot_consent_and_prepares_nothing(hub: Repo, clone: Clones) -> None:
    fresh = clone("fresh")
    fresh("sync", "origin", "--enable", "--yes", env={"CLAUDECODE": "1"}, exit=3)
    assert not (fresh.repo.common / "ccc").exists()


@pytest.mark.slow
def test_the_remote_must_be_one(one: Clone) -> None:
    assert "there is no remote nowhere" in one("sync", "nowhere", "--enable", "--yes", exit=1).stderr
    assert one("sync", "--enable", "--yes", exit=2).exit == 2
    one("sync", "origin", "--enable", "--yes")
    one.repo.git("remote", "add", "second", "https://person:secret@example.com/r.git")
    assert "through origin already" in one("sync", "second", "--enable", "--yes", exit=1).stderr
    one("sync", "--disable")
    words = one("sync", "second", "--enable", exit=3).stderr
    assert "https://example.com/r.git" in words
    assert "secret" not in words


@pytest.mark.slow
def test_disabling_says_what_stays_and_how_to_delete_it(hub: Repo, one: Clone) -> None:
    one("sync", "origin", "--enable", "--yes")
    words = one("sync", "--disable").stderr
    command = words.rpartition("to delete it: ")[2].split()
    one("sync", exit=1)
    assert is_shared(hub)
    subprocess.run(command, cwd=one.repo.path, check=True, capture_output=True)
    assert not is_shared(hub)


@pytest.mark.slow
def test_the_overview_says_when_what_waits_and_who_is_there(one: Clone, sharing: Clones) -> None:
    off = one("sync", "--status", "--json").json
    assert (off["format"], off["tip"], off["enabled"], off["remote"]) == (1, one.tip, False, None)
    two = sharing("two")
    one("sync", "origin", "--enable", "--yes")
    one.note("only here")
    found = one("sync", "--status", "--json").json
    assert found["enabled_by"] == "Developer <developer@example.com>"
    assert found["waiting"] == {"commits": 1, "pending": 0}
    assert found["last"]["ok"] is True
    assert [each["replica"] for each in found["others"]] == [two.replica]
    assert found["others"][0]["tip"] == two.tip
    text = one("sync", "--status").stdout
    assert "waiting     1 to be shared" in text
    assert f"other copy  {two.replica}" in text
