"""What sharing leaves alone: configuration, branches, tags, hooks, and git's own push and fetch."""

from __future__ import annotations

import pytest

from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow


def refs(repo: Repo, *patterns: str) -> list[str]:
    return repo.git("for-each-ref", "--format=%(refname) %(objectname)", *patterns).splitlines()


def test_configuration_branches_and_tags_stay_as_they_are(hub: Repo, clone: Clones) -> None:
    one = clone("one")
    one("init")
    one.repo.git("tag", "-a", "-m", "only here", "v1")
    hub.git("tag", "only-there")
    for key in ("fetch.prune", "fetch.pruneTags", "push.followTags", "remote.origin.mirror"):
        one.repo.git("config", key, "true")
    config = one.repo.common / "config"
    before = (
        config.read_bytes(),
        refs(one.repo, "refs/heads", "refs/tags", "refs/remotes"),
        refs(hub, "refs/heads", "refs/tags"),
    )
    one("sync", "origin", "--enable", "--yes")
    one.note("something")
    one("sync")
    after = (
        config.read_bytes(),
        refs(one.repo, "refs/heads", "refs/tags", "refs/remotes"),
        refs(hub, "refs/heads", "refs/tags"),
    )
    assert after == before
    assert not (one.repo.common / "FETCH_HEAD").exists()
    assert [name for name in refs(hub) if name.startswith("refs/ccc ")] == []


def test_plain_push_fetch_clone_and_prune_keep_working(hub: Repo, clone: Clones, sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    one.repo.git("config", "push.default", "simple")
    pushed = one.repo.commit("Work", {"work.txt": "one\n"})
    one.repo.git("push", "-q")
    assert hub.oid("refs/heads/main") == pushed
    two.repo.git("fetch", "-q", "--prune")
    two.repo.git("remote", "prune", "origin")
    assert two.repo.oid("origin/main") == pushed
    two("sync")
    assert refs(clone("three").repo, "refs/ccc*") == []


def test_the_persons_own_pre_push_hook_is_not_run(sharing: Clones) -> None:
    one = sharing("one")
    hook = one.repo.common / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    one.note("something")
    one("sync")


def test_a_remote_that_checks_every_object_takes_ours(hub: Repo, sharing: Clones) -> None:
    hub.git("config", "transfer.fsckObjects", "true")
    one = sharing("one")
    one.repo.git("config", "fetch.fsckObjects", "true")
    one("spawn", "backend", "Add login", "--no-start")
    two = sharing("two")
    one("sync")
    assert one.tip == two.tip or two("sync").exit == 0
    assert one.tip == two.tip


def test_a_mirror_push_deletes_what_others_share_and_loses_nothing(hub: Repo, sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    two.note("from two")
    two("sync")
    one.repo.git("push", "-q", "--mirror")
    assert refs(hub, "refs/ccc-sync") == []
    one("sync")
    two("sync")
    one("sync")
    assert len(refs(hub, "refs/ccc-sync")) == 2
    assert one.tip == two.tip
    assert one.notes() == {"from two"}


def test_with_fetch_a_plain_fetch_brings_what_others_share(sharing: Clones, clone: Clones) -> None:
    one, two = sharing("one"), clone("two")
    before = (two.repo.common / "config").read_bytes()
    two("init")
    own = (two.repo.common / "config").read_bytes()
    two("sync", "origin", "--enable", "--yes", "--with-fetch")
    one.note("from one")
    one("sync")
    two.repo.git("fetch", "-q")
    two("drain")
    assert two.notes() == {"from one"}
    two("sync", "--disable")
    assert (two.repo.common / "config").read_bytes() == own
    assert own.startswith(before)


def test_a_remote_that_was_renamed_is_named(sharing: Clones) -> None:
    one: Clone = sharing("one")
    one.repo.git("remote", "rename", "origin", "upstream")
    refused = one("sync", exit=1)
    assert "origin" in refused.stderr
    assert "git ccc sync --disable" in refused.stderr
