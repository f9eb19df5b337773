"""The tools of an orchestrating agent say what the command line says, and decide nothing for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client

from ccc.engines.transcripts import CUT
from ccc.errors import InsideAgent
from ccc.ops.actor import require_person_at_keyboard
from ccc.servers.mcp.desk import Desk
from ccc.servers.mcp.server import build
from tests.servers.conftest import Door, door_at
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place

TOKEN_BYTES = 3.5
MOST_TOKENS = 4_000


def settled(document: Any) -> Any:
    """The same without the moments at which it was looked at."""
    if isinstance(document, list):
        return [settled(each) for each in document]
    if isinstance(document, dict):
        return {key: settled(value) for key, value in document.items() if key != "as_of"}
    return document


def test_the_tools_are_described_within_four_thousand_tokens(repo: Repo) -> None:
    async def listed() -> str:
        async with Client(build(repo.path, {})) as client:
            return (await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True)

    assert len(anyio.run(listed).encode()) / TOKEN_BYTES <= MOST_TOKENS


def test_workers_are_spawned_like_sessions_of_the_command_line(door: Door, ccc_inline: RunsCcc) -> None:
    after = ["backend-jwt-auth"]
    workers = [
        {"role": "backend", "task": "JWT auth", "start": False},
        {"role": "testing", "task": "Cover login", "name": "cover", "after": after, "start": False},
    ]
    made = door("spawn_workers", workers=workers).json
    shown = ccc_inline("status", "--json", exit=0).json
    assert made["failed"] == []
    assert made["sessions"][1]["after"] == [made["sessions"][0]["id"]]
    uncounted = {"ahead": None, "behind": None}
    assert settled(made["sessions"]) == settled([{**each, **uncounted} for each in shown["sessions"]])


def test_one_worker_that_fails_leaves_the_others(door: Door) -> None:
    workers = [
        {"role": "nobody", "task": "Nothing", "start": False},
        {"role": "backend", "task": "JWT auth", "start": False},
    ]
    made = door("spawn_workers", workers=workers).json
    assert [each["name"] for each in made["sessions"]] == ["backend-jwt-auth"]
    (failed,) = made["failed"]
    assert (failed["role"], failed["task"], failed["kind"]) == ("nobody", "Nothing", "not_found")
    assert failed["error"].startswith("no role nobody\nhint: roles: ")


def test_spawning_nothing_at_all_is_an_error(door: Door) -> None:
    refused = door("spawn_workers", workers=[{"role": "nobody", "task": "Nothing"}])
    assert refused.is_error
    assert "nobody: no role nobody\nhint: roles: " in refused.text


def test_the_full_list_is_the_status_document(place: Place, door: Door, ccc_inline: RunsCcc) -> None:
    place.tree(place.spawn()).commit("Add login", login="one\n")
    closed = place.spawn("Old")
    ccc_inline("drain", exit=0)
    ccc_inline("close", closed.name, exit=0)
    shown = ccc_inline("status", "--json", exit=0).json
    assert settled(door("list_workers", full=True).json) == settled(shown)
    everything = ccc_inline("status", "--all", "--json", exit=0).json
    assert settled(door("list_workers", full=True, all=True).json) == settled(everything)
    assert len(everything["sessions"]) == 2


def test_the_short_list_tells_status_state_evidence_and_needs(place: Place, door: Door) -> None:
    session = place.spawn("JWT auth " + "with every detail " * 10)
    tree = place.tree(session)
    head = tree.commit("Add login\n\nCcc-Status: blocked\nCcc-Progress: 40", login="one\n")
    place.session(session.name)
    (worker,) = door("list_workers").json["workers"]
    assert worker == {
        "id": session.id[:8],
        "name": session.name,
        "alias": session.alias,
        "role": "backend",
        "status": "waiting",
        "worker_state": "BUSY",
        "task": session.task[:99] + "…",
        "progress": 40,
        "evidence": [f"blocked at {head[:7]} by commit trailer"],
        "needs_you": [f"question: {session.name} is blocked"],
    }


def test_workers_are_chosen_by_status_and_by_state(place: Place, door: Door, ccc_inline: RunsCcc) -> None:
    made, running, closed = place.spawn("One"), place.spawn("Two"), place.spawn("Three")
    place.tree(running).commit("Add login", login="one\n")
    ccc_inline("drain", exit=0)
    ccc_inline("close", closed.name, exit=0)

    def chosen(status: str) -> list[str]:
        return [each["name"] for each in door("list_workers", status=status).json["workers"]]

    assert (chosen("created"), chosen("SPAWNING")) == ([made.name], [made.name])
    assert (chosen("running"), chosen("BUSY")) == ([running.name], [running.name])
    assert (chosen("closed"), chosen("CLOSED")) == ([closed.name], [closed.name])
    assert chosen("READY") == []
    refused = door("list_workers", status="busy")
    assert "there is no status busy\nhint: one of created " in refused.text


def test_examining_is_the_show_document(place: Place, door: Door, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", login="one\n")
    ccc_inline("drain", exit=0)
    shown = settled(ccc_inline("show", session.name, "--json", exit=0).json)
    for reference in (session.id, session.id[:6], session.name, session.alias):
        assert settled(door("examine_worker", worker=reference).json) == shown


def test_waiting_is_the_wait_document(place: Place, door: Door, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login\n\nCcc-Status: blocked", login="one\n")
    ccc_inline("drain", exit=0)
    waited = door("wait_idle_workers", workers=[session.alias]).json
    cursor = waited.pop("cursor")
    shown = ccc_inline("wait", session.name, "--json", exit=3).json
    del shown["cursor"]
    assert waited == shown
    assert [item["kind"] for item in waited["needs_you"]] == ["question"]
    again = door("wait_idle_workers", any=True, since=cursor, timeout=0).json
    assert (again["needs_you"], again["timed_out"]) == ([], True)


def test_a_wait_that_runs_out_says_so(place: Place, door: Door) -> None:
    session = place.spawn()
    waited = door("wait_idle_workers", timeout=0).json
    assert (waited["timed_out"], waited["open"]) == (True, [session.id])


def test_reading_is_the_output_document(
    place: Place, door: Door, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    for number, subject in enumerate(("Long " + "word " * 1000, "Add login", "Add logout")):
        tree.commit(subject, login=f"{number}\n")
    ccc_inline("drain", exit=0)
    monkeypatch.setattr("ccc.servers.mcp.tools.LAST_TURNS", 2)
    read = door("read_worker_logs", worker=session.alias).json
    assert read == ccc_inline("output", session.name, "-n", "2", "--json", exit=0).json
    assert [turn["text"] for turn in read["turns"]] == ["Add login", "Add logout"]
    long, *_ = door("read_worker_logs", worker=session.id, last=3).json["turns"]
    assert (len(long["text"]), long["text"][-4:]) == (2000 + len(CUT), "cut]")


def test_a_message_is_recorded_for_each_worker(place: Place, door: Door) -> None:
    one, other = place.spawn("One"), place.spawn("Two")
    sent = door("message_workers", workers=[one.alias, other.id[:8]], text="Mind the umlauts").json
    assert [(each["to"], each["name"]) for each in sent["messages"]] == [
        (one.id, one.name),
        (other.id, other.name),
    ]
    told = f"{other.name}: message from Developer: Mind the umlauts"
    assert place.subjects()[-1] == told
    assert "error" not in door("message_workers", workers=["all"], text="Again", topic="umlauts").text


def test_a_note_goes_to_the_worker_and_into_the_handoff(
    place: Place, door: Door, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    noted = door("annotate_worker", worker=session.alias, text="Tokens are RS256", kind="decision").json
    (note,) = door("examine_worker", worker=session.name).json["notes"]
    assert (note["id"], note["kind"], note["text"]) == (noted["note"], "decision", "Tokens are RS256")
    text = door("handoff").text
    assert "Tokens are RS256" in text
    assert text == ccc_inline("handoff", "--tokens", "8000", exit=0).stdout


def test_a_handoff_is_recorded_when_asked(place: Place, door: Door) -> None:
    place.spawn()
    door("handoff", write=True)
    assert "handed off" in place.subjects()[-1]


def test_closing_keeps_the_work_and_the_command_line_brings_it_back(
    place: Place, door: Door, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.write("login", "one\n")
    closed = door("close_workers", workers=[session.alias]).json
    assert [each["name"] for each in closed["sessions"]] == [session.name]
    assert closed["backup"].startswith(f"refs/ccc-backup/{session.name}/")
    assert not tree.path.exists()
    ccc_inline("undo", session.name, exit=0)
    assert (tree.path / "login").read_text() == "one\n"


def test_a_session_closes_no_other_through_a_server_that_it_started(place: Place) -> None:
    one, other = place.spawn(), place.spawn("Other")
    refused = door_at(place.repo, {"CCC_SESSION": one.id})("close_workers", workers=[other.name])
    assert refused.is_error
    assert f"ask the human to run, in the main checkout: git ccc close {other.name}" in refused.text
    assert Path(other.worktree or "").is_dir()


def test_an_approval_is_shown_with_the_words_for_the_human(place: Place, door: Door, ccc: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login\n\nCcc-Status: done", login="one\n")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    (item,) = door("inbox").json["items"]
    assert item.pop("words") == f"ask the human to run, in the main checkout: git ccc merge {session.name}"
    assert [item] == ccc("inbox", "--json", exit=0).json["items"]
    assert item["kind"] == "approval"


def test_inside_a_session_the_inbox_is_its_own(place: Place, door: Door, ccc_inline: RunsCcc) -> None:
    parent = place.spawn()
    inside = {"CCC_SESSION": parent.id}
    mine = door_at(place.repo, inside)
    child = {"role": "testing", "task": "Cover login", "start": False}
    (made,) = mine("spawn_workers", workers=[child]).json["sessions"]
    ccc_inline("ask", "Which store?", env={"CCC_SESSION": made["id"]}, exit=0)
    door("message_workers", workers=[parent.name], text="Mind the umlauts")
    message, question = sorted(mine("inbox").json["items"], key=lambda item: str(item["kind"]))
    assert (message["kind"], message["text"]) == ("message", "Mind the umlauts")
    assert (question["kind"], question["text"], "words" in question) == ("question", "Which store?", False)
    assert place.subjects()[-1] == f"{parent.name}: read message {message['id'][:8]}"
    (seen,) = door("inbox").json["items"]
    assert seen["words"].startswith("ask the human to run, in the main checkout: git ccc answer ")


def test_a_session_answers_its_own_children_and_nobody_else_does(
    place: Place, door: Door, ccc_inline: RunsCcc
) -> None:
    parent = place.spawn()
    mine = door_at(place.repo, {"CCC_SESSION": parent.id})
    child = {"role": "testing", "task": "Cover login", "start": False}
    (made,) = mine("spawn_workers", workers=[child]).json["sessions"]
    ccc_inline("ask", "Which store?", "--choice", "git", env={"CCC_SESSION": made["id"]}, exit=0)
    (question,) = mine("inbox").json["items"]
    refused = door("answer", item=question["id"], choice=1)
    assert refused.is_error
    assert "hint: ask the human to run, in the main checkout: git ccc answer " in refused.text
    answered = mine("answer", item=question["id"], choice=1).json
    assert (answered["session"], answered["answer"]) == (made["id"], "git")
    assert mine("inbox").json["items"] == []


def test_nothing_asked_through_the_server_comes_from_a_person(place: Place) -> None:
    workspace = Desk(place.repo.path, {}, place.repo.path).fresh()
    with pytest.raises(InsideAgent):
        require_person_at_keyboard(workspace, "approving", "git ccc approve")


def test_an_unknown_worker_is_refused_in_the_words_of_the_command_line(place: Place, door: Door) -> None:
    place.spawn()
    refused = door("examine_worker", worker="backend-jwt-aut")
    assert refused.is_error
    assert "no session backend-jwt-aut\nhint: did you mean backend-jwt-auth?" in refused.text


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("list_workers", {"statuses": "idle"}, "statuses: Extra inputs are not permitted"),
        ("examine_worker", {}, "worker: Field required"),
        ("spawn_workers", {"workers": [{"role": "backend"}]}, "workers.0.task: Field required"),
        ("wait_idle_workers", {"timeout": 601}, "timeout: Input should be less than or equal to 600"),
    ],
)
def test_wrong_arguments_are_named(repo: Repo, tool: str, arguments: dict[str, Any], words: str) -> None:
    refused = door_at(repo)(tool, **arguments)
    assert refused.is_error
    assert refused.text == f"{tool} was called with wrong arguments\n{words}"


def test_a_repository_without_ccc_is_refused_until_it_has_it(repo: Repo, ccc_inline: RunsCcc) -> None:
    door = door_at(repo)
    refused = door("list_workers")
    assert "ccc is not initialised in this repository\nhint: git ccc init" in refused.text
    ccc_inline("init", exit=0)
    assert door("list_workers").json["workers"] == []


def test_a_repository_that_is_prepared_anew_is_read_anew(
    place: Place, door: Door, ccc_inline: RunsCcc
) -> None:
    assert door("list_workers").json["workers"] == []
    ccc_inline("deinit", "--purge", "--yes", exit=0)
    assert "ccc is not initialised" in door("list_workers").text
    ccc_inline("init", exit=0)
    place.spawn("Other")
    (worker,) = door("list_workers").json["workers"]
    assert (worker["name"], worker["status"]) == ("backend-other", "created")


def test_a_fault_is_said_and_the_next_call_is_answered(
    place: Place, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.spawn()
    with monkeypatch.context() as broken:
        broken.setattr("ccc.servers.mcp.tools.look", lambda _: 1 // 0)
        refused = door("list_workers")
    assert "a fault of ccc: ZeroDivisionError" in refused.text
    assert len(door("list_workers").json["workers"]) == 1
