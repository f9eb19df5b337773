"""What is noticed of moves that ccc and the sessions themselves did not make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.conftest import approval_of, journal
from tests.audit.conftest import Session
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


AFTER_DONE = "after it had reported done"


def titles(ccc: RunsCcc) -> list[str]:
    """The messages, but for those about sessions that went on, whoever did that."""
    items = ccc("inbox", "--json", exit=0).json["items"]
    return [one["title"] for one in items if one["kind"] == "message" and AFTER_DONE not in one["title"]]


FIELDS: dict[str, Callable[[Session, dict[str, Any]], dict[str, Any]]] = {
    "landing": lambda one, entry: {
        f"sessions/{one.id}": {"landed": {**entry["entry"], "commit": entry["entry"]["head"]}}
    },
    "checks": lambda one, entry: {f"sessions/{one.id}": {"verification": {"state": "passed"}}},
    "target": lambda _, entry: {"targets/main": {"tip.here": entry["entry"]["head"]}},
}


def test_an_approval_in_a_journal_file_is_refused_and_told(
    ready: Repo, mine: Session, ccc_inline: RunsCcc
) -> None:
    entry = ccc_inline("review", mine.name, "--json", exit=0).json
    journal(ready, approval_of(ready, mine, entry))
    assert ccc_inline("review", mine.name, "--json", exit=0).json["approvals"] == []
    ccc_inline("drain", exit=0)
    assert ccc_inline("review", mine.name, "--json", exit=0).json["approvals"] == []
    assert titles(ccc_inline) == ["1 journal entry could not be read"]
    [event] = ccc_inline("log", "--type", "journal.bad", "--json", exit=0).json["events"]
    assert "merge.approved decides merges ok.0123456789abcdef, which no journal entry may" in event["text"]


@pytest.mark.parametrize("what", FIELDS)
def test_no_journal_file_decides(ready: Repo, mine: Session, ccc_inline: RunsCcc, what: str) -> None:
    entry = ccc_inline("review", mine.name, "--json", exit=0).json
    before = ccc_inline("show", mine.name, "--json", exit=0).json
    journal(ready, {"type": "x.y", "sub": "main", "text": "t", "set": FIELDS[what](mine, entry)})
    ccc_inline("drain", exit=0)
    after = ccc_inline("show", mine.name, "--json", exit=0).json
    assert {**after, "tip": "", "as_of": ""} == {**before, "tip": "", "as_of": ""}
    assert titles(ccc_inline) == ["1 journal entry could not be read"]


MOVES = {
    "update-ref": "git update-ref refs/heads/{branch} HEAD",
    "a file": "git rev-parse HEAD > {common}/refs/heads/{branch}",
    "a fetch": "git fetch -q --force --update-head-ok . HEAD:{branch}",
    "backwards": "git update-ref refs/heads/{branch} refs/heads/{branch}^",
}


@pytest.mark.parametrize("how", MOVES)
def test_another_sessions_branch_moved_from_outside_is_told(
    ready: Repo, mine: Session, theirs: Session, ccc_inline: RunsCcc, how: str
) -> None:
    branch = "ccc/frontend/theirs"
    command = MOVES[how].format(branch=branch, common=ready.common)
    mine.tree.git("-c", f"alias.attack=!{command}", "attack")
    assert titles(ccc_inline) == [f"{branch} was moved from outside its session's worktree"]
    ccc_inline("drain", exit=0)
    assert titles(ccc_inline) == [f"{branch} was moved from outside its session's worktree"]
    [event] = ccc_inline("log", "--audit", "--type", "session.moved-outside", "--json", exit=0).json["events"]
    assert event["evidence"]["new"] == ready.oid(branch)


WORK = {
    "commit": ("commit -q --allow-empty -m more",),
    "amend": ("commit -q --amend -m other",),
    "rebase": ("rebase -q main",),
    "reset": ("reset -q --hard HEAD^",),
    "two at once": ("commit -q --allow-empty -m a", "commit -q --allow-empty -m b"),
    "merge": ("merge -q --no-edit main",),
    "on another branch": ("checkout -q -b aside", "commit -q --allow-empty -m a", "checkout -q -B {0} aside"),
}


@pytest.mark.parametrize("how", WORK)
def test_nothing_is_told_of_what_git_did_in_the_sessions_own_worktree(
    ready: Repo, mine: Session, ccc_inline: RunsCcc, how: str
) -> None:
    session, name = mine, "ccc/backend/mine"
    other = ready.git("rev-parse", "main")
    if how in ("rebase", "merge"):
        scratch = Repo(ready.path)
        scratch.commit("Meanwhile", meanwhile="1")
    for command in WORK[how]:
        session.tree.git("-c", "core.hooksPath=/dev/null", *command.format(name).split(" "))
    moved = ["main was moved outside ccc"] if ready.oid("main") != other else []
    assert titles(ccc_inline) == moved


def test_a_target_moved_with_what_decides_says_so(ready: Repo, mine: Session, ccc_inline: RunsCcc) -> None:
    ready.commit("Policy", {".ccc/config.toml": "[approval]\nrequired = 0\n"})
    [item] = [one for one in ccc_inline("inbox", "--json", exit=0).json["items"] if one["kind"] == "message"]
    assert item["text"].endswith("; it changes what decides: .ccc/config.toml")
    [event] = ccc_inline("log", "--type", "target.moved", "--json", exit=0).json["events"]
    assert event["text"].endswith(" outside ccc, changing .ccc/config.toml")


@pytest.mark.parametrize("how", ["replace", "graft"])
def test_commits_with_other_parents_or_content_are_seen_as_they_are_stored(
    ready: Repo, mine: Session, ccc_inline: RunsCcc, how: str
) -> None:
    before = ccc_inline("review", mine.name, "--json", exit=0).json
    head = mine.tree.oid()
    if how == "replace":
        other = ready.git("commit-tree", "HEAD^{tree}", "-m", "other")
        ready.git("replace", head, other)
    else:
        (ready.common / "info" / "grafts").write_text(f"{head}\n", encoding="ascii")
    assert ready.git("rev-list", "--count", head) == "1"
    after = ccc_inline("review", mine.name, "--json", exit=0).json
    assert after["entry"] == before["entry"]
    assert after["diff"] == before["diff"]


SETTINGS = {
    "core.hooksPath": "/dev/null",
    "alias.status": "!true",
    "merge.mine.driver": "true",
    "include.path": "/elsewhere",
    "filter.mine.smudge": "true",
}


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_by_which_programs_run_is_told_once_and_when_it_is_gone(
    ready: Repo, mine: Session, ccc_inline: RunsCcc, key: str
) -> None:
    title = "the shared git configuration runs other programs than before"
    mine.tree.git("config", key, SETTINGS[key])
    [item] = [one for one in ccc_inline("inbox", "--json", exit=0).json["items"] if one["title"] == title]
    assert item["text"].lower() == f"{key} = {SETTINGS[key]}".lower()
    for _ in range(2):
        ccc_inline("drain", exit=0)
    ccc_inline("inbox", "--ack", item["id"], exit=0)
    ready.git("config", "branch.main.description", "nothing to tell")
    ccc_inline("drain", exit=0)
    assert titles(ccc_inline) == []
    mine.tree.git("config", "--unset", key)
    ccc_inline("drain", exit=0)
    found = ccc_inline("log", "--type", "settings.changed", "--json", exit=0).json["events"]
    assert [each["text"].rpartition(": ")[2].lower() for each in found] == [
        f"{key} is gone".lower(),
        f"{key} = {SETTINGS[key]}".lower(),
    ]


def test_attributes_for_every_branch_are_told(ready: Repo, mine: Session, ccc_inline: RunsCcc) -> None:
    (ready.common / "info" / "attributes").write_text("* merge=mine\n", encoding="ascii")
    assert titles(ccc_inline) == ["the shared git configuration runs other programs than before"]


def test_attributes_laid_into_the_git_directory_hide_nothing(
    ready: Repo, mine: Session, ccc_inline: RunsCcc
) -> None:
    (ready.common / ".gitattributes").write_text("* -diff merge=union\n", encoding="ascii")
    ready.commit("The same file", mine="otherwise\n")
    assert len(ccc_inline("review", mine.name, "--json", exit=0).json["conflicts"]) == 1
    ready.git("reset", "-q", "--hard", "HEAD~1")
    mine.tree.commit("Decide\n\nCcc-Status: done", {".ccc/roles/mine.md": "all of it\n"})
    assert "+all of it" in ccc_inline("review", mine.name, "--json", exit=0).json["deciding"]


def test_a_commit_in_another_sessions_worktree_is_told_with_whose_agent_made_it(
    mine: Session, theirs: Session, ccc_inline: RunsCcc
) -> None:
    theirs.tree.git("commit", "-q", "--allow-empty", "-m", "own", CCC_SESSION=theirs.id)
    theirs.tree.git("commit", "-q", "--allow-empty", "-m", "odd", CCC_SESSION="not an id")
    ccc_inline("drain", exit=0)
    assert titles(ccc_inline) == []
    theirs.tree.git("commit", "-q", "--allow-empty", "-m", "mine", CCC_SESSION=mine.id)
    ccc_inline("drain", exit=0)
    assert titles(ccc_inline) == ["ccc/frontend/theirs was moved by the agent of backend-mine"]
    head = theirs.tree.oid()
    assert ccc_inline("show", theirs.name, "--json", exit=0).json["head"] == head


def test_a_commit_after_the_report_is_told_until_somebody_reports_again(
    ready: Repo, theirs: Session, ccc_inline: RunsCcc
) -> None:
    """Nothing tells who made it; but what is there now is not what was said to be done."""
    theirs.tree.git("commit", "-q", "--allow-empty", "-m", "more")
    [found] = [
        one for one in ccc_inline("inbox", "--json", exit=0).json["items"] if AFTER_DONE in one["title"]
    ]
    head = theirs.tree.oid("HEAD")
    assert found["title"] == f"{theirs.name} got {head[:7]} {AFTER_DONE}"
    assert "more" in ready.git(*found["command"].split()[1:])
    ccc_inline("report", "--done", "--session", theirs.name, exit=0)
    items = ccc_inline("inbox", "--json", exit=0).json["items"]
    assert not any(AFTER_DONE in one["title"] for one in items)


def test_approvals_and_landings_of_the_last_day_are_listed_in_whose_name_they_are(
    ready: Repo, mine: Session, ccc_inline: RunsCcc
) -> None:
    assert ccc_inline("inbox", "--json", exit=0).json["decided"] == []
    ccc_inline("merge", mine.name, "--yes", exit=0)
    landed, approved = ccc_inline("inbox", "--json", exit=0).json["decided"]
    assert (landed["what"], landed["name"], landed["by"]) == ("landed", mine.name, None)
    assert (approved["what"], approved["session"], approved["signed"]) == ("approved", mine.id, False)
    assert approved["by"] == "Developer <developer@example.com>"
    said = ccc_inline("inbox", exit=0).stdout
    assert "decided in the last day; not by you? git ccc log --audit\n" in said
    assert f"{mine.name} approved by Developer <developer@example.com>\n" in said
    assert "decided" not in ccc_inline("inbox", cwd=mine.tree.path, exit=0).stdout
