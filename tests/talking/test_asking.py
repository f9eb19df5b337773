"""Questions of sessions, and who may answer them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ccc.layout import Layout
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from tests.support.agents import until
from tests.support.program import PROJECT, Outcome, RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Session, Spawns, items

pytestmark = pytest.mark.slow
"""Real processes, a second each."""

Diary = Callable[[], list[str]]


def only(where: RunsCcc | Session) -> dict[str, Any]:
    (item,) = items(where("inbox", "--json", exit=0))
    return item


def status(ccc: RunsCcc, session: Session) -> str:
    found: str = ccc("status", session.name, "--json", exit=0).json["sessions"][0]["status"]
    return found


def test_a_question_waits_for_its_answer_and_the_answer_comes_as_a_message(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("Tokens")
    told = session("ask", "Which algorithm?", "--choice", "HS256", "--choice", "RS256").stdout
    short = told.split()[1].rstrip(":")
    assert told == (
        f"asked {short}: git ccc inbox shows the answer here; end your turn, or go on with other work\n"
    )
    assert (status(ccc_inline, session), diary()[-1]) == (
        "waiting",
        f"{session.name}: asks: Which algorithm?",
    )
    item = only(ccc_inline)
    assert (item["id"][:8], item["kind"], item["session"]) == (short, "question", session.id)
    assert (item["choices"], item["command"]) == (["HS256", "RS256"], f"git ccc answer {short} --choice N")
    assert ccc_inline("inbox", exit=0).stdout.splitlines()[2:4] == ["      1  HS256", "      2  RS256"]
    said = ccc_inline("answer", short, "--choice", "2", exit=0).stdout
    assert said == f"answered {session.name}: RS256 (git ccc inbox shows it in its worktree)\n"
    assert items(ccc_inline("inbox", "--json", exit=0)) == []
    assert status(ccc_inline, session) == "created"
    assert only(session)["text"] == "You asked: Which algorithm?\n\nAnswer: RS256"
    assert f"{session.name}: was answered: RS256" in diary()
    again = ccc_inline("answer", short, "HS256", exit=1).stderr
    assert again == f"error: no item {short} in the inbox\nhint: git ccc inbox\n"


def test_what_blocks_a_session_is_answered_by_its_name(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    session("report", "--blocked", "no database here")
    item = only(ccc_inline)
    assert item["command"] == f"git ccc answer {item['id'][:8]} TEXT"
    ccc_inline("answer", session.name, "Use sqlite", exit=0)
    assert items(ccc_inline("inbox", "--json", exit=0)) == []
    assert status(ccc_inline, session) == "created"
    assert only(session)["text"] == "You asked: no database here\n\nAnswer: Use sqlite"
    refused = ccc_inline("answer", session.name, "Use files", exit=1).stderr
    assert refused == f'error: {session.name} asks nothing\nhint: git ccc send {session.name} "TEXT"\n'


def test_a_question_in_a_commit_is_answered_and_asked_anew_by_the_next(
    spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Tokens")
    session.tree.commit("Try\n\nCcc-Status: question", one="1")
    first = only(ccc_inline)
    ccc_inline("answer", first["id"][:6], "Yes", exit=0)
    assert (items(ccc_inline("inbox", "--json", exit=0)), status(ccc_inline, session)) == ([], "running")
    session.tree.commit("Try again\n\nCcc-Status: question", one="2")
    assert only(ccc_inline)["id"] != first["id"]


@pytest.mark.parametrize("how", ["command", "trailer"])
def test_what_is_asked_after_done_waits_like_any_question(
    spawn: Spawns, ccc_inline: RunsCcc, how: str
) -> None:
    session = spawn("Tokens")
    session("ask", "Which algorithm?")
    session.tree.commit("Sign" if how == "command" else "Sign\n\nCcc-Status: done", one="1")
    if how == "command":
        session("report", "--done", "--summary", "Signed")
    session("ask", "May I also delete prod?", "--choice", "Y", "--choice", "N")
    item = only(ccc_inline)
    assert (item["kind"], item["text"], item["choices"]) == (
        "question",
        "May I also delete prod?",
        ["Y", "N"],
    )
    found = ccc_inline("status", session.name, "--json", exit=0).json
    assert (found["sessions"][0]["status"], found["waiting_for_you"]) == ("waiting", [item])
    evidence = found["sessions"][0]["evidence"]
    assert evidence[0]["what"] == "asks: May I also delete prod?"
    assert any(each["source"] == "report" for each in evidence)
    assert ccc_inline("wait", "--json", "--timeout", "30", exit=3).json["needs_you"] == [item]
    refused = ccc_inline("merge", session.name, "--yes", exit=1)
    assert "it waits for an answer: asks: May I also delete prod?" in refused.stdout + refused.stderr
    ccc_inline("answer", item["id"][:8], "--choice", "2", exit=0)
    assert only(session)["text"] == "You asked: May I also delete prod?\n\nAnswer: N"
    ccc_inline("wait", "--timeout", "30", exit=0)
    assert status(ccc_inline, session) == "unchecked"


def test_what_is_asked_after_a_landing_is_in_the_inbox(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    session("ask", "Before?")
    session.tree.commit("Sign", one="1")
    session("report", "--done", "--summary", "Signed")
    ccc_inline("merge", session.name, "--yes", exit=0)
    session("ask", "May I go home?")
    assert only(ccc_inline)["text"] == "May I go home?"
    assert status(ccc_inline, session) == "completed"
    ccc_inline("answer", session.name, "Yes", exit=0)
    assert items(ccc_inline("inbox", "--json", exit=0)) == []


def test_a_rejected_session_waits_for_its_answer(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    session.tree.commit("Sign", one="1")
    session("report", "--done", "--summary", "Signed")
    ccc_inline("reject", session.name, "--why", "No key", exit=0)
    session("ask", "Which key?")
    assert (only(ccc_inline)["text"], status(ccc_inline, session)) == ("Which key?", "waiting")


def test_with_two_questions_the_name_is_not_enough(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    for text in ("Here?", "Now?"):
        session("ask", text)
    refused = ccc_inline("answer", session.name, "Yes", exit=1).stderr
    assert refused.startswith(f"error: {session.name} fits 2 items\nhint: use one of: ")
    assert "Here?" in refused
    assert "Now?" in refused
    for item in items(ccc_inline("inbox", "--json", exit=0)):
        ccc_inline("answer", item["id"], "Yes", exit=0)
    assert len(items(session("inbox", "--json"))) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "say the answer"),
        (("Yes", "--choice", "1"), 2, "a text and --choice exclude each other"),
        (("--choice", "3"), 2, "--choice is a number from 1 to 2, not 3"),
        (("--choice", "0"), 2, "--choice is a number from 1 to 2, not 0"),
        (("  ",), 2, "the answer is empty"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(
    spawn: Spawns, ccc_inline: RunsCcc, words: tuple[str, ...], code: int, said: str
) -> None:
    session = spawn("Tokens")
    session("ask", "Which?", "--choice", "a", "--choice", "b")
    assert ccc_inline("answer", session.name, *words, exit=code).stderr.startswith(f"error: {said}\n")
    assert status(ccc_inline, session) == "waiting"


@pytest.mark.parametrize("arguments", [("Which?", "--choice", "a", "--choice", "a"), ("",), ("x" * 8001,)])
def test_what_is_no_question_is_refused_in_words(
    spawn: Spawns, ccc_inline: RunsCcc, arguments: tuple[str, ...]
) -> None:
    session = spawn("Tokens")
    assert session("ask", *arguments, exit=None).exit in (1, 2)
    assert status(ccc_inline, session) == "created"


def test_other_items_are_no_questions(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    session("send", "orchestrator", "I begin")
    refused = ccc_inline("answer", only(ccc_inline)["id"], "Fine", exit=1).stderr
    assert refused.splitlines()[0].endswith(" is no question")


def test_a_session_answers_its_own_children_and_nobody_else(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    parent = spawn("Plan")
    child, stranger = spawn("Build", by=parent), spawn("Test")
    child("ask", "Here?")
    assert [item["title"] for item in items(parent("inbox", "--json"))] == [f"{child.name} asks"]
    assert items(stranger("inbox", "--json")) == []
    refused = stranger("answer", child.name, "No, there", exit=3).stderr.splitlines()
    assert refused[0].startswith(f"error: answering {child.name} needs a person, and this call comes from")
    item = only(ccc_inline)["id"][:8]
    assert (
        refused[1] == f"hint: ask the human to run, in the main checkout: git ccc answer {item} 'No, there'"
    )
    parent("answer", child.name, "Yes")
    assert only(child)["title"] == f"message from {parent.name}"


def test_an_orchestrating_agent_that_is_no_session_answers_nothing(
    spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Build")
    session("ask", "Here?")
    outcome: Outcome = ccc_inline("answer", session.name, "Yes", env={"CLAUDECODE": "1"}, exit=3)
    assert "CLAUDECODE is set" in outcome.stderr
    assert status(ccc_inline, session) == "waiting"


class Asking:
    """`git ccc ask --timeout` in a session, as a process of its own."""

    def __init__(self, session: Session, *arguments: str) -> None:
        command = [sys.executable, "-m", "ccc", "ask", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        self.process = subprocess.Popen(
            command, cwd=session.tree.path, env=environment, stdout=subprocess.PIPE, text=True
        )

    def end(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=30)
        return self.process.returncode, said


def test_who_waits_for_the_answer_gets_it_and_it_goes_nowhere_else(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("Tokens")
    asking = Asking(session, "Which?", "--timeout", "60")
    until(lambda: any("asks: Which?" in line for line in diary()), "the question")
    ccc_inline("answer", session.name, "This\none", exit=0)
    assert asking.end() == (0, "This\none\n")
    assert mail.waiting(SessionFiles.of(Layout(ready.common), session.id)) == []
    assert diary()[-1].startswith(f"{session.name}: read message ")


def test_who_gives_up_or_dies_gets_the_answer_as_a_message(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("Tokens")
    assert session("ask", "First?", "--timeout", "0.1s", exit=4).stdout.startswith("asked ")
    ccc_inline("answer", session.name, "One", exit=0)
    asking = Asking(session, "Second?", "--timeout", "60")
    until(lambda: any("asks: Second?" in line for line in diary()), "the question")
    asking.process.kill()
    asking.end()
    ccc_inline("answer", session.name, "Two", exit=0)
    letters = mail.waiting(SessionFiles.of(Layout(ready.common), session.id))
    assert [letter.text.split()[-1] for letter in letters] == ["One", "Two"]


def test_the_hand_off_tells_what_is_asked(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    session("ask", "Which algorithm?")
    told = ccc_inline("handoff", exit=0).stdout
    assert f"- {session.name} asks at `" in told
    assert "Which algorithm?" in told
    ccc_inline("answer", session.name, "RS256", exit=0)
    assert "asks at" not in ccc_inline("handoff", exit=0).stdout
    audited = ccc_inline("log", "--audit", "-n", "1", "--json", exit=0).json["events"][0]
    assert (audited["type"], audited["by"]) == ("session.answered", "Developer <developer@example.com>")
