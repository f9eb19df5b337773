"""The table of sessions: every status once, the same in text and JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, strategies

from ccc.cli.terminal import STYLES
from ccc.domain.status import STATUSES, before_closing
from ccc.text import display_width
from ccc.views.documents import session_document
from ccc.views.styling import STATUS_STYLES, Plain
from ccc.views.text.status import fields_text, none_text, short_text, status_text
from tests.views.making import AT, HEAD, NOW, every_status, rejected, session, sighting, waiting_item

S_KEYS = [
    "id",
    "name",
    "alias",
    "role",
    "task",
    "status",
    "since",
    "evidence",
    "as_of",
    "where",
    "progress",
    "branch",
    "target",
    "base",
    "head",
    "ahead",
    "behind",
    "dirty",
    "worktree",
    "engine",
    "runner",
    "terminal",
    "model",
    "after",
    "blocks",
    "parent",
    "plan",
    "priority",
    "tokens",
    "cost",
    "limits",
    "restarts",
    "unread",
    "updated_at",
]


def test_every_status_of_the_list_can_be_reached() -> None:
    found = every_status()
    assert {name: seen.view.status for name, seen in found.items()} == {name: name for name in STATUSES}


def test_every_status_has_evidence() -> None:
    assert all(seen.view.evidence for seen in every_status().values())


def test_text_and_json_agree_on_every_status() -> None:
    for status, seen in every_status().items():
        assert session_document(seen)["status"] == status
        assert short_text([seen]) == f"{seen.session.name} {status}"
        assert fields_text([seen], ["status"]) == status
        assert re.search(rf"\b{status}\b", status_text([seen], (), NOW, Plain()).splitlines()[0])


def test_a_session_document_has_every_key_of_the_contract() -> None:
    for seen in every_status().values():
        assert set(S_KEYS) <= session_document(seen).keys()


def test_the_table_of_every_status_as_a_whole() -> None:
    shown = [every_status()[status] for status in STATUSES]
    table = status_text(shown, (waiting_item(),), NOW, Plain())
    assert table == (
        "backend-created    7f7f7f7f  created                    10m  JWT auth\n"
        "backend-queued     7f7f7f7f  queued                     10m  JWT auth\n"
        "    event says queued\n"
        "backend-starting   7f7f7f7f  starting                   10m  JWT auth\n"
        "backend-running    7f7f7f7f  running                    10m  JWT auth\n"
        "backend-idle       7f7f7f7f  idle                       10m  JWT auth\n"
        "backend-waiting    7f7f7f7f  waiting                    10m  JWT auth\n"
        "    blocked at aaaaaaa by git ccc report: no database here\n"
        "backend-limited    7f7f7f7f  limited                    10m  JWT auth\n"
        "    event says limited\n"
        "backend-paused     7f7f7f7f  paused                     10m  JWT auth\n"
        "    event says paused\n"
        "backend-reported   7f7f7f7f  reported                   10m  JWT auth\n"
        "backend-verified   7f7f7f7f  verified                   10m  JWT auth\n"
        "backend-unchecked  7f7f7f7f  unchecked                  10m  JWT auth\n"
        "    done at aaaaaaa by commit trailer; the role has no checks here\n"
        "backend-completed  7f7f7f7f  completed                  10m  JWT auth\n"
        "backend-blocked    7f7f7f7f  blocked                    10m  JWT auth\n"
        "    event says blocked\n"
        "backend-failed     7f7f7f7f  failed                     10m  JWT auth\n"
        "    event says failed\n"
        "backend-stopped    7f7f7f7f  stopped                    10m  JWT auth\n"
        "    event says stopped\n"
        "backend-lost       7f7f7f7f  lost                       10m  JWT auth\n"
        "    nothing at /src/backend-lost; created\n"
        "backend-closed     7f7f7f7f  closed                     10m  JWT auth\n"
        "backend-unknown    7f7f7f7f  unknown                    10m  JWT auth\n"
        "    last known running, on another machine; worked by hand, last commit aaaaaaa\n"
        "\n"
        "1 blocked, 1 closed, 1 completed, 1 created, 1 failed, 1 idle, 1 limited, 1 lost, "
        "1 paused, 1 queued, 1 reported, 1 running, 1 starting, 1 stopped, 1 unchecked, 1 unknown, "
        "1 verified, 1 waiting\n"
        "1 waiting for you:\n"
        "  backend-jwt-auth is verified: git ccc merge backend-jwt-auth"
    )


def test_progress_and_distance_have_their_columns() -> None:
    seen = sighting(session(alias="groucho", progress=5))._replace(ahead=12, behind=345)
    assert status_text([seen], (), NOW, Plain()).splitlines()[0] == (
        "backend-jwt-auth  groucho   created      5%  +12 -345   10m  JWT auth"
    )


@dataclass(frozen=True)
class Columns(Plain):
    """A terminal of another width."""

    width: int = 80


@given(
    names=strategies.lists(
        strategies.sampled_from(["a", "backend-" + "x" * 40, "名前の長いセッション"]), min_size=1
    ),
    task=strategies.text(max_size=80),
    width=strategies.integers(min_value=40, max_value=200),
)
def test_the_table_fits_the_terminal(names: list[str], task: str, width: int) -> None:
    shown = [sighting(session(name, task=task))._replace(ahead=3, behind=0) for name in names]
    table = status_text(shown, (), NOW, Columns(width)).split("\n\n")[0]
    assert [line for line in table.splitlines() if display_width(line) > width] == []


def test_a_long_name_gives_way_to_the_task() -> None:
    shown = [sighting(session("backend-" + "x" * 40, task="Sign tokens with a key"))]
    assert status_text(shown, (), NOW, Columns(70)).splitlines()[0] == (
        "backend-xxx…  7f7f7f7f  created                    10m  Sign tokens w…"
    )


def test_messages_that_wait_are_said_below_their_session_before_its_evidence() -> None:
    shown = [sighting(replace(session("backend-a"), id="a1" * 16)), every_status()["stopped"]]
    lines = status_text(shown, (), NOW, Plain(), unread={"a1" * 16: 1, "7f" * 16: 12}).splitlines()
    assert lines[1] == "    1 unread message"
    assert lines[3] == "    12 unread messages; event says stopped"
    fields = fields_text(shown, ["name", "unread"], unread={"7f" * 16: 12})
    assert fields.splitlines() == ["backend-a\t0", "backend-stopped\t12"]


def test_none_of_those_asked_for_is_not_none_at_all() -> None:
    assert none_text(16, since=True) == "nothing has changed since; 16 in all: git ccc status --all"
    assert none_text(2, since=False) == "none of the sessions is yours; 2 in all: git ccc status --all"


def test_hidden_sessions_are_counted_and_nothing_is_said_to_be_nothing() -> None:
    one = [every_status()["running"]]
    assert status_text(one, (), NOW, Plain(), hidden=2).splitlines()[-1] == (
        "1 running (2 closed: git ccc status --all)"
    )
    begin = 'begin with: git ccc spawn ROLE "TASK"'
    assert status_text([], (), NOW, Plain()) == f"no sessions; {begin}"
    assert status_text([], (), NOW, Plain(), hidden=1) == (
        f"no open sessions (1 closed: git ccc status --all); {begin}"
    )


def test_each_status_has_a_colour_or_is_plain_on_purpose() -> None:
    plain = {status for status in STATUSES if status not in STATUS_STYLES}
    assert plain == {"created", "queued", "idle"}
    assert set(STATUS_STYLES.values()) <= STYLES.keys()


def test_fields_are_tab_separated_and_unknown_is_a_dash() -> None:
    seen = [sighting(session(alias="groucho"))]
    assert fields_text(seen, ["name", "engine", "after", "cost"]) == 'backend-jwt-auth\t-\t[]\t{"usd": null}'


def test_a_rejected_session_runs_and_says_why() -> None:
    seen = sighting(rejected())
    assert (seen.view.status, seen.view.evidence[0].what) == ("running", "rejected: too long")


def test_a_closed_session_counts_as_what_it_was() -> None:
    seen = every_status()["closed"]
    assert before_closing(seen.session, seen.view.status) == "completed"


def test_a_commit_after_the_report_makes_it_running_again() -> None:
    changed = every_status()["verified"].session
    moved = session(claim=changed.claim, verification=changed.verification, run=changed.run, head="e" * 40)
    assert sighting(moved).view.status == "running"


@given(strategies.text())
def test_no_task_can_send_control_characters_to_the_terminal(task: str) -> None:
    text = status_text([sighting(session(task=task, alias=task[:9] or None))], (), NOW, Plain())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_wide_characters_keep_the_columns() -> None:
    lines = status_text(
        [sighting(session(alias="名前")), sighting(session(alias="abcd"))], (), NOW, Plain()
    ).splitlines()
    assert lines[0].replace("名前", "abcd") == lines[1]


@pytest.mark.parametrize("status", ["verified", "completed"])
def test_facts_at_a_commit_hold_on_another_machine_too(status: str) -> None:
    from ccc.domain.status import derive

    assert derive(every_status()[status].session, None, NOW).status == status


def test_as_of_and_times_are_those_recorded() -> None:
    document = session_document(every_status()["verified"])
    assert (document["since"], document["as_of"], document["head"]) == (AT, NOW, HEAD)
