"""`log --audit`: what proves the history, who decided what, on what evidence; refusals included."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.audit.conftest import AGENT, Session, Signer, Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

DEVELOPER = "Developer <developer@example.com>"


@pytest.fixture
def done(spawn: Spawns, ccc_inline: RunsCcc) -> Session:
    """A session with a commit that says it is done."""
    session = spawn("Add login")
    session.tree.commit("Add login\n\nCcc-Status: done", {"login.py": "LOGIN = 1\n"})
    return session


def audited(ccc: RunsCcc, *options: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = ccc("log", "--audit", "--json", *options, exit=0).json["events"]
    return events


def only(ccc: RunsCcc, kind: str) -> dict[str, Any]:
    (event,) = [each for each in audited(ccc) if each["type"] == kind]
    return event


def test_an_approval_shows_who_approved_what_against_which_failures(
    done: Session, ready: Repo, ccc_inline: RunsCcc
) -> None:
    ccc_inline("approve", done.name, "--override", "the demo is today", exit=0)
    event = only(ccc_inline, "merge.approved")
    base, head = ready.oid("main"), done.tree.oid()
    assert (event["who"], event["agent"], event["key"]) == (DEVELOPER, False, None)
    assert event["recorded_by"] == DEVELOPER
    evidence = event["evidence"]
    assert (evidence["base"], evidence["head"], evidence["override"]) == (base, head, "the demo is today")
    assert re.fullmatch("[0-9a-f]{40}", evidence["tree"])


def test_a_landing_shows_the_commits_and_the_approval_it_rests_on(
    done: Session, ready: Repo, ccc_inline: RunsCcc
) -> None:
    ccc_inline("merge", done.name, "--yes", exit=0)
    evidence = only(ccc_inline, "session.landed")["evidence"]
    assert evidence["commit"] == ready.oid("main")
    assert evidence["head"] == ready.oid("main^2") if ready.git("rev-parse", "main^@").count("\n") else True
    assert evidence["target"] == "main"


REFUSED = {
    "approve": ("approve", "{name}"),
    "reject": ("reject", "{name}", "--why", "no"),
    "merge": ("merge", "{name}"),
    "undo": ("undo", "{name}"),
    "deinit": ("deinit",),
    "checkpoint": ("checkpoint", "--sign"),
}


@pytest.mark.parametrize("command", REFUSED)
def test_what_is_refused_to_an_agent_is_on_record(done: Session, ccc_inline: RunsCcc, command: str) -> None:
    if command == "undo":
        ccc_inline("merge", done.name, "--yes", exit=0)
    ccc_inline(*(word.format(name=done.name) for word in REFUSED[command]), env=AGENT, exit=3)
    event = only(ccc_inline, "decision.refused")
    assert (event["who"], event["agent"]) == (DEVELOPER, True)
    assert event["evidence"]["agent"] == "CLAUDECODE is set"
    assert f"git ccc {command}" in event["evidence"]["hint"]
    ccc_inline("drain", exit=0)
    assert only(ccc_inline, "decision.refused")["commit"] is not None


def test_a_session_that_tries_to_approve_itself_is_named(done: Session, ccc_inline: RunsCcc) -> None:
    ccc_inline("approve", done.name, cwd=done.tree.path, exit=3)
    event = only(ccc_inline, "decision.refused")
    assert (event["who"], event["agent"], event["session"]) == (done.name, True, done.id)


def test_the_text_says_first_what_proves_the_history(
    done: Session, signer: Signer, ccc_inline: RunsCcc
) -> None:
    assert ccc_inline("log", "--audit", exit=0).stdout.startswith("not proven: there is no checkpoint")
    ccc_inline("checkpoint", "--sign", exit=0)
    ccc_inline("approve", done.name, "--override", "why not", exit=0)
    lines = ccc_inline("log", "--audit", exit=0).stdout.splitlines()
    assert re.fullmatch(rf"unchanged since checkpoint \S+ signed by {signer.who}; \d+ events since", lines[0])
    at = next(number for number, line in enumerate(lines) if "approved backend-add-login" in line)
    assert lines[at].endswith(f"[{DEVELOPER}]")
    assert lines[at + 1].strip().startswith("base ")
    assert "override why not" in lines[at + 1]
    made = next(number for number, line in enumerate(lines) if "ccc: checkpoint" in line)
    assert "key SHA256:" in lines[made + 1]


def test_a_move_that_ccc_did_not_make_is_part_of_the_audit(
    done: Session, ready: Repo, ccc_inline: RunsCcc
) -> None:
    old = ready.oid("main")
    ready.commit("Past ccc", {"past.py": "1\n"})
    ccc_inline("drain", exit=0)
    evidence = only(ccc_inline, "target.moved")["evidence"]
    assert (evidence["old"], evidence["new"]) == (old, ready.oid("main"))


def test_a_log_without_audit_says_nothing_of_proof(ready: Repo, ccc_inline: RunsCcc) -> None:
    document = ccc_inline("log", "--json", exit=0).json
    assert set(document) == {"format", "tip", "events", "cursor"}
    assert document["events"][0]["redacted"] is None
