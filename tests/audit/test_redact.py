"""Redacted events: no view shows their words, everything else goes on working, and the tombstone is seen."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ccc.layout import Layout
from ccc.store.lock import locked
from tests.audit.conftest import AGENT, Session, Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

WORD = "Zanzibar"
VIEWS = (
    *(("status",), ("log",), ("log", "--audit"), ("inbox",), ("handoff",), ("note",), ("queue",)),
    *(
        ("show", "{name}"),
        ("show", "{name}", "--brief"),
        ("show", "{name}", "--report"),
        ("review", "{name}"),
    ),
    *(("output", "{name}"), ()),
)
WITHOUT_JSON = {("handoff",), ("show", "{name}", "--brief"), ("show", "{name}", "--report")}

Find = Callable[[str], str]


@pytest.fixture
def find(ready: Repo, ccc_inline: RunsCcc) -> Find:
    """The id of the only event of a type."""

    def found(kind: str) -> str:
        events = ccc_inline("log", "--type", kind, "--json", exit=0).json["events"]
        assert len(events) == 1, events
        return str(events[0]["id"])

    return found


def views(ccc: RunsCcc, name: str) -> dict[str, str]:
    """What every view shows, as text and as JSON; none may fail."""
    shown = {}
    for view in VIEWS:
        command = [word.format(name=name) for word in view]
        for options in ((), ("--json",)) if view not in WITHOUT_JSON else ((),):
            outcome = ccc(*command, *options)
            assert outcome.exit in (0, 3), outcome
            shown[" ".join([*command, *options])] = outcome.stdout
    return shown


def state_of(repo: Repo) -> str:
    """Every file in the tree of refs/ccc."""
    listed = repo.git("ls-tree", "-r", "refs/ccc").splitlines()
    oids = "".join(f"{line.split()[2]}\n" for line in listed)
    return repo.git("cat-file", "--batch", stdin=oids)


def test_a_redacted_note_is_a_tombstone_everywhere(ready: Repo, find: Find, ccc_inline: RunsCcc) -> None:
    ccc_inline("note", f"the code is {WORD}", "--why", f"{WORD} said so", "--kind", "decision", exit=0)
    event = find("note.added")
    told = ccc_inline("redact", event, "--why", "named a customer", exit=0).stdout
    assert told.startswith(f"redacted {event} (note.added)\n  git still holds the old words")
    (line,) = ccc_inline("log", "--type", "note", exit=0).stdout.splitlines()
    assert "ccc: [redacted by Developer <developer@example.com> 2" in line
    assert line.endswith(": named a customer]")
    shown = ccc_inline("log", "--type", "note", "--json", exit=0).json["events"][0]
    assert shown["redacted"]["by"] == "Developer <developer@example.com>"
    assert shown["redacted"]["why"] == "named a customer"
    noted = ccc_inline("note", "--json", exit=0).json["notes"][0]
    assert noted["text"] == noted["why"] == shown["text"]
    assert noted["kind"] == "decision"
    assert WORD not in state_of(ready)
    assert WORD in ready.git("log", "--format=%B", "refs/ccc")
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


@pytest.fixture
def day(spawn: Spawns, ready: Repo, ccc_inline: RunsCcc) -> Session:
    """A session in whose events the word is said in every way there is."""
    ccc_inline("spawn", "backend", f"{WORD}: add login", "--name", "login", "--no-start", exit=0)
    made = ccc_inline("show", "backend-login", "--json", exit=0).json
    session = Session(made["name"], made["id"], Repo(ready.path.parent / "repo.ccc" / "backend-login"))
    there = session.tree.path
    ccc_inline("note", f"{WORD} it is", "--kind", "problem", cwd=there, exit=0)
    ccc_inline("ask", f"Is it {WORD}?", "--choice", WORD, "--choice", "no", cwd=there)
    ccc_inline("send", session.name, f"{WORD} waits", "--topic", WORD, exit=0)
    ccc_inline("report", "--blocked", f"by {WORD}", cwd=there, exit=0)
    session.tree.commit("Mention it", {f".ccc/sessions/{session.name}/report.md": f"It is {WORD}.\n"})
    ccc_inline("drain", exit=0)
    ccc_inline("reject", session.name, "--why", f"no {WORD}", exit=0)
    session.tree.commit("Again\n\nCcc-Status: done", {"login.py": "LOGIN = 1\n"})
    ccc_inline("approve", session.name, "--override", f"for {WORD}", exit=0)
    return session


@pytest.mark.slow
def test_whatever_is_redacted_every_view_goes_on_and_the_words_are_gone(
    day: Session, ready: Repo, ccc_inline: RunsCcc
) -> None:
    before = ccc_inline("status", "--json", exit=0).json["sessions"][0]
    events = ccc_inline("log", "--json", exit=0).json["events"]
    said = [event for event in events if WORD in json.dumps(event)]
    assert len({event["type"] for event in said}) >= 6
    with locked(Layout(ready.common).worker_lock, timeout=30):  # nobody checks once more what was checked
        for event in events:
            ccc_inline("redact", event["id"], exit=0)
            assert ccc_inline("show", day.name, "--json", exit=0).json["status"] == before["status"], event
    for view, shown in views(ccc_inline, day.name).items():
        assert WORD not in shown, view
    assert WORD not in state_of(ready)
    after = ccc_inline("status", "--json", exit=0).json["sessions"][0]
    same = ("name", "branch", "status", "head", "base", "target", "worktree", "role", "priority", "progress")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert after["task"].startswith("[redacted by Developer")
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")
    ccc_inline("merge", day.name, "--yes", exit=0)


@pytest.mark.slow
def test_a_redacted_brief_is_a_tombstone_in_the_tree(
    day: Session, ready: Repo, find: Find, ccc_inline: RunsCcc
) -> None:
    ccc_inline("redact", find("session.spawned"), "--why", "a name", exit=0)
    brief = ccc_inline("show", day.name, "--brief", exit=0).stdout
    assert brief.startswith("[redacted by Developer <developer@example.com> 2")
    (path,) = [
        line for line in ready.git("ls-tree", "-r", "--name-only", "refs/ccc").splitlines() if "brief" in line
    ]
    assert ready.git("show", f"refs/ccc:{path}") + "\n" == brief


@pytest.mark.slow
def test_what_was_said_later_in_the_same_field_stays(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Add login")
    for why in ("the first reason", "the second reason"):
        ccc_inline("report", "--blocked", why, "--session", session.name, exit=0)
    first = ccc_inline("log", "--type", "session.blocked", "--json", exit=0).json["events"][1]["id"]
    ccc_inline("redact", first, exit=0)
    assert "second reason" in state_of(ready)
    assert "first reason" not in ccc_inline("log", "--json", exit=0).stdout


@pytest.mark.slow
def test_an_agent_redacts_nothing(ready: Repo, find: Find, ccc_inline: RunsCcc) -> None:
    ccc_inline("note", WORD, exit=0)
    event, tip = find("note.added"), ready.oid("refs/ccc")
    refused = ccc_inline("redact", event, env=AGENT, exit=3)
    assert f"git ccc redact {event} --why TEXT" in refused.stderr
    assert ready.oid("refs/ccc") == tip


@pytest.mark.slow
def test_a_commit_names_its_event_and_twice_is_refused(ready: Repo, ccc_inline: RunsCcc) -> None:
    ccc_inline("note", WORD, exit=0)
    commit = ready.oid("refs/ccc")
    ccc_inline("redact", commit[:10], "--why", "first", exit=0)
    assert "already redacted by Developer" in ccc_inline("redact", commit, exit=1).stderr
    assert (
        "no event 20260101T000000.000+000.q"
        in ccc_inline("redact", "20260101T000000.000+000.q", exit=1).stderr
    )


@pytest.mark.slow
def test_a_look_back_shows_no_words_that_were_redacted_since(
    day: Session, ready: Repo, find: Find, ccc_inline: RunsCcc
) -> None:
    before = ready.oid("refs/ccc")
    assert WORD in ccc_inline("status", "--at", before, "--json", exit=0).stdout
    ccc_inline("redact", find("session.spawned"), "--why", "a name", exit=0)
    shown = ccc_inline("status", "--at", before, "--json", exit=0)
    assert shown.json["sessions"][0]["task"].startswith("[redacted by Developer")
    assert WORD not in shown.json["sessions"][0]["task"]
