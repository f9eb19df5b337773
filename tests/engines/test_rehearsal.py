"""The rehearsal engine: how it is started, what its steps do, and how it is spoken to."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccc.domain.life import Denied, Request
from ccc.engines.protocol import (
    Asked,
    Background,
    Busy,
    Limited,
    Received,
    Refused,
    Settled,
    Spent,
    Spoke,
    Task,
    TurnEnded,
    Used,
)
from ccc.engines.rehearsal.engine import Rehearsal
from ccc.engines.rehearsal.memory import Memory
from ccc.errors import EngineFailed
from tests.engines.conftest import Rehearsed
from tests.engines.harness import Runs, without
from tests.engines.rehearsing import FIRST, Steps, memory_of, played, says
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow
"""Real processes, a second each."""

# --- how it is started


def test_it_is_started_with_the_python_of_ccc_and_keeps_its_memory_beside_the_runs(
    rehearsed: Rehearsed, task: Task, tmp_path: Path
) -> None:
    rehearsed.script([])
    launch = rehearsed.engine().launch(replace(task, folder=task.folder / "1"))
    program = (sys.executable, "-E", "-P", "-m", "ccc.engines.rehearsal")
    assert launch.argv == (*program, str(tmp_path / "script.yml"), str(memory_of(task)))
    assert launch.talks


@pytest.mark.parametrize("script", ["", "nowhere.yml"])
def test_without_a_script_nothing_is_launched(script: str, task: Task) -> None:
    with pytest.raises(EngineFailed, match=f"^no script {script or 'given'}$"):
        Rehearsal(script).launch(task)


def test_the_host_s_side_of_it_needs_neither_yaml_nor_pydantic() -> None:
    heavy = "{'yaml', 'pydantic', 'pygit2', 'asyncio', 'click', 'jinja2'}"
    look = f"import ccc.engines.rehearsal.engine, sys; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_wrong_script_is_one_line_of_what_where_and_how(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([{"say": "hello"}, {"edit": {"path": "x", "contents": ""}}])
    with rehearsal.start() as process:
        assert process.finish() == 1
        assert process.signs == []
        path = rehearsal.subject.engine().launch(process.task).argv[5]
        what = "turns.0.steps.1.edit.contents: unknown key (did you mean content?)"
        assert process.words == f"{path}:5: {what}\n"


# --- what an agent does


def test_edits_keep_every_other_byte(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    folder = rehearsal.task.worktree
    (folder / "dos.txt").write_bytes(b"one a\r\n\xff two b a\r\n")
    played(
        rehearsal,
        rehearsed,
        {"edit": {"path": "dos.txt", "replace": "a", "with": "b"}},
        {"edit": {"path": "deep/down/new.txt", "content": "Zeile\u00e4\n"}},
        {"edit": {"path": "twice.txt", "append": "x\n"}},
        {"edit": {"path": "twice.txt", "append": "x\n"}},
    )
    assert (folder / "dos.txt").read_bytes() == b"one b\r\n\xff two b a\r\n"
    assert (folder / "deep/down/new.txt").read_text(encoding="utf-8") == "Zeile\u00e4\n"
    assert (folder / "twice.txt").read_text(encoding="utf-8") == "x\nx\n"


def test_commits_carry_trailers_and_only_what_differs(
    rehearsed: Rehearsed, rehearsal: Runs, repo: Repo
) -> None:
    before = repo.oid()
    played(
        rehearsal,
        rehearsed,
        {"commit": {"message": "Nothing to commit"}},
        {"edit": {"path": "a.txt", "content": "a\n"}},
        {"commit": {"message": "Add a", "progress": 50, "status": "done"}},
        {"commit": {"message": "Nothing left"}},
    )
    assert repo.git("log", "--format=%B", f"{before}..") == "Add a\n\nCcc-Progress: 50\nCcc-Status: done\n"


@pytest.mark.slow
def test_a_merge_that_changes_nothing_is_still_concluded(
    rehearsed: Rehearsed, rehearsal: Runs, repo: Repo
) -> None:
    repo.git("branch", "other")
    repo.commit("Ours", {"README.md": "ours\n"})
    repo.git("checkout", "-q", "other")
    theirs = repo.commit("Theirs", {"README.md": "theirs\n"})
    repo.git("checkout", "-q", "main")
    played(
        rehearsal,
        rehearsed,
        {"run": {"command": "git merge --quiet other", "expect": [1]}},
        {"edit": {"path": "README.md", "content": "ours\n"}},
        {"commit": {"message": "Keep ours"}},
    )
    assert repo.oid("HEAD^2") == theirs


CANNOT_BE_DONE: list[tuple[dict[str, Any], str]] = [
    ({"run": ["sh", "-c", "echo one; echo two >&2; exit 3"]}, "ended with 3: two"),
    ({"run": ["sh", "-c", "kill -9 $$"]}, "sh -c 'kill -9 $$' ended with -9"),
    ({"run": "no-such-program"}, "no-such-program: No such file or directory"),
    ({"edit": {"path": "README.md", "replace": "none", "with": ""}}, "README.md does not contain 'none'"),
    ({"edit": {"path": "none.txt", "replace": "a", "with": "b"}}, "none.txt: No such file or directory"),
    ({"edit": {"path": "src", "content": ""}}, "src: Is a directory"),
    ({"fail": "I give up"}, "I give up"),
]


def test_a_step_that_cannot_be_done_ends_its_turn_in_words(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script(*([step, {"say": "never said"}] for step, _ in CANNOT_BE_DONE), [{"say": "I go on"}])
    with rehearsal.start() as process:
        for _, why in CANNOT_BE_DONE:
            failure = process.until(TurnEnded).failure
            assert failure is not None
            assert failure.endswith(why)
            process.write(process.engine.message(FIRST, "Go on."))
        says(process, "I go on")
        assert process.until(TurnEnded).failure is None
        assert Busy("never said") not in process.signs


@pytest.mark.slow
def test_a_command_may_leave_something_running(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([{"run": "sh -c 'sleep 300 & echo started'"}])
    with rehearsal.start() as process:
        assert process.until(TurnEnded).failure is None
        assert len(process.tree.members()) == 2


@pytest.mark.slow
def test_beyond_its_last_turn_it_says_done(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([])
    with rehearsal.start() as process:
        process.until(TurnEnded)
        process.write(process.engine.message(FIRST, "More?"))
        assert process.until(TurnEnded) == TurnEnded("done")


def test_what_it_says_of_itself_becomes_signs(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    process = played(
        rehearsal,
        rehearsed,
        {"deny": {"tool": "Bash", "what": "rm -rf"}},
        {"tasks": 2},
        {"tasks": 0},
        {"limit": {"seconds": 0, "until": "2026-01-02T03:04:05Z"}},
        {"use": {"input": 1000, "output": 50, "usd": 0.01, "context": 900}},
        {"use": {"input": 1, "output": 1, "usd": 0.000001}},
    )
    used = [Used(Spent(1000, 50, 10_000, 900)), *[Used(Spent(1001, 51, 10_001, 900))] * 2]
    assert without(process.signs, Busy) == [
        *(Spoke(), Received(""), Refused(Denied("Bash", "rm -rf")), Background(2), Background(0)),
        *(Limited("a rehearsed rate limit", "2026-01-02T03:04:05Z"), *used, TurnEnded("done")),
    ]


@pytest.mark.slow
def test_what_a_resumed_process_used_begins_at_zero(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    use = {"use": {"input": 10, "output": 5, "usd": 0.5}}
    rehearsed.script([use, {"crash": {"signal": "KILL"}}, use])
    with rehearsal.start(1) as process:
        process.until(Used)
        assert process.finish() == -9
    with rehearsal.start(2, resumes=True) as process:
        assert process.until(Used) == Used(Spent(10, 5, 500_000))


@pytest.mark.slow
def test_what_it_tells_ccc_is_recorded(rehearsed: Rehearsed, task: Task, ccc: RunsCcc) -> None:
    ccc("init", exit=0)
    made = ccc("spawn", "backend", "A part", "--no-start", "--json", exit=0).json["sessions"][0]
    rehearsed.environment = {"CCC_SESSION": made["id"]}
    steps: Steps = [
        {"note": {"kind": "decision", "text": "--use HS256", "why": "one service"}},
        {"report": {"progress": 40}},
        {"report": {"blocked": "which key?"}},
        {"edit": {"path": "part.txt", "content": "part\n"}},
        {"commit": {"message": "Do the part"}},
        {"report": {"done": True, "summary": "The part is done"}},
    ]
    rehearsal = Runs(rehearsed, replace(task, session=made["id"], worktree=Path(made["worktree"])))
    assert played(rehearsal, rehearsed, *steps).signs[-1] == TurnEnded("done")
    ccc("wait", made["name"], "--timeout", "40", exit=0)
    shown = ccc("show", made["name"], "--json", exit=0).json
    assert (shown["status"], shown["progress"]) == ("unchecked", 40)
    assert shown["report"]["summary"] == "The part is done"
    assert [(note["kind"], note["text"]) for note in shown["notes"]] == [("decision", "--use HS256")]


@pytest.mark.slow
def test_a_question_is_asked_once_and_the_next_message_answers_it(
    rehearsed: Rehearsed, task: Task, ccc: RunsCcc
) -> None:
    ccc("init", exit=0)
    made = ccc("spawn", "backend", "A part", "--no-start", "--json", exit=0).json["sessions"][0]
    rehearsed.environment = {"CCC_SESSION": made["id"]}
    rehearsal = Runs(rehearsed, replace(task, session=made["id"], worktree=Path(made["worktree"])))
    rehearsed.script([{"ask": {"text": "--which one?", "choices": ["a", "b"]}}, {"say": "answered"}])

    def questions() -> list[tuple[str, list[str]]]:
        items = ccc("inbox", "--json", exit=0).json["items"]
        return [(item["text"], item["choices"]) for item in items if item["kind"] == "question"]

    with rehearsal.start(1) as process:
        until(lambda: Memory(memory_of(rehearsal.task)).known.plan, "the question")
        assert questions() == [("--which one?", ["a", "b"])]
        process.kill()
    with rehearsal.start(2, prompt="Go on.", resumes=True) as process:
        process.until(Received)
        process.write(process.engine.message(FIRST, "a"))
        says(process, "answered")
        assert process.until(TurnEnded) == TurnEnded("done")
        assert process.finish() == 0
    assert questions() == [("--which one?", ["a", "b"])]


# --- being spoken to


@pytest.mark.slow
def test_a_message_that_came_before_the_step_that_waits_for_it_counts(
    rehearsed: Rehearsed, rehearsal: Runs, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    rehearsed.script([{"wait": {"file": str(go)}}, {"say": "now"}, {"wait": {"message": True}}])
    with rehearsal.start() as process:
        process.until(Busy)
        process.write(process.engine.message(FIRST, "Early."))
        go.touch()
        process.until(Received, lambda sign: sign.message == FIRST)
        assert process.until(TurnEnded).failure is None


def test_a_request_waits_for_its_own_answer(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([{"request": {"kind": "question", "text": "Which?", "choices": ["a", 2]}}])
    with rehearsal.start() as process:
        request = process.until(Asked).request
        assert request == Request("1.1", "question", "Which?", ("a", "2"))
        process.write(process.engine.answer(replace(request, id="other"), "wrong"))
        process.write(process.engine.message(FIRST, "Not an answer."))
        process.write(process.engine.answer(request, "a"))
        assert process.until(Settled) == Settled("1.1")
        says(process, "answered: a")
        process.until(TurnEnded)


WAITING: dict[str, Steps] = {
    "a time": [{"wait": {"seconds": 300}}],
    "a message": [{"wait": {"message": True}}],
    "a file": [{"wait": {"file": "never"}}],
    "an answer": [{"request": {"text": "May I?"}}],
    "a limit": [{"limit": {"seconds": 300}}],
    "a command": [{"run": ["sh", "-c", "sleep 300; echo done"]}],
}


def test_whatever_it_waits_for_an_interruption_ends_the_turn(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    turns = ([{"say": what}, *steps, {"say": "never said"}] for what, steps in WAITING.items())
    rehearsed.script(*turns, [{"say": "I go on"}])
    with rehearsal.start() as process:
        for what in WAITING:
            says(process, what)
            process.write(process.engine.interrupt() + process.engine.message(FIRST, "Go on."))
            assert process.until(TurnEnded).interrupted, what
        says(process, "I go on")
        assert not process.until(TurnEnded).interrupted
        assert Busy("never said") not in process.signs
        assert process.tree.members() == [process.pid]


@pytest.mark.slow
def test_an_interruption_between_two_turns_ends_none_and_begins_none(
    rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    rehearsed.script([], [{"say": "I go on"}])
    with rehearsal.start() as process:
        process.until(TurnEnded)
        process.write(process.engine.interrupt() + process.engine.message(FIRST, "Go on."))
        says(process, "I go on")
        assert process.finish() == 0
        assert without(process.signs, Busy, Spoke) == [
            *(Received(""), TurnEnded("done"), Received(FIRST), TurnEnded("done"))
        ]


@pytest.mark.slow
def test_lines_it_cannot_read_are_left_out(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([], [{"say": "I go on"}])
    with rehearsal.start() as process:
        process.write(b"\xff\n[1]\n{\n" + process.engine.message(FIRST, "Go on."))
        says(process, "I go on")
    assert process.words.count("left out a line that is no JSON object") == 3
