"""Scripts of rehearsals: what is refused, in which words, and that the document tells all of it."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from ccc.config.problems import names
from ccc.domain.notes import KINDS
from ccc.engines.rehearsal.player import DEEDS
from ccc.engines.rehearsal.script import Note, Script, Step, load, parse
from ccc.errors import BadConfig, NotFound
from tests.support.program import PROJECT

DOCUMENT = (PROJECT / "docs" / "rehearsal.md").read_text(encoding="utf-8")


def script_of(*steps: str) -> bytes:
    return "\n".join(["turns:", "  - steps:", *(f"      - {step}" for step in steps), ""]).encode()


def step_of(text: str) -> Step:
    return parse(script_of(text), "s.yml").turns[0].steps[0]


@pytest.mark.parametrize(
    ("step", "key", "what"),
    [
        ("edits: {}", ".edits", "unknown key"),
        ("{say: a, fail: b}", "", "a step does exactly one thing"),
        ("{}", "", "a step does exactly one thing"),
        ("crash", "", "must be a table"),
        ("edit:", ".edit.path", "is missing"),
        ("say:", ".say", "must be text"),
        ("edit: {path: a}", ".edit", "give exactly one of content, append, replace"),
        ("edit: {path: a, content: b, append: c}", ".edit", "give exactly one of content, append, replace"),
        ("edit: {path: a, replace: b}", ".edit", "replace and with go together"),
        ("edit: {path: a, content: b, with: c}", ".edit", "replace and with go together"),
        ('edit: {path: a, replace: "", with: c}', ".edit.replace", "must not be empty"),
        ("run: []", ".run.command", "must not be empty"),
        ('run: "sh -c \'x"', ".run.command", "no closing quotation"),
        ("run: {command: ls, expect: 1}", ".run.expect", "must be a list"),
        ("commit: {message: a, progress: 101}", ".commit.progress", "must be at most 100"),
        ("commit: {message: a, status: ready}", ".commit.status", "must be 'done', 'blocked' or 'question'"),
        ("report: {}", ".report", "give exactly one of done, progress, blocked"),
        ("report: {progress: 3, summary: a}", ".report", "summary goes with done"),
        ("report: {done: false}", ".report.done", "must be True"),
        ("ask: {text: a, choices: [yes, no]}", ".ask.choices.0", "must be text"),
        ("wait: {seconds: 1, file: a}", ".wait", "give exactly one of seconds, message, file"),
        ("wait: {seconds: -1}", ".wait.seconds", "must be at least 0.0"),
        ("wait: {seconds: .inf}", ".wait.seconds", "must be a finite number"),
        ("crash: {}", ".crash", "give exactly one of signal, exit"),
        ("crash: {exit: 256}", ".crash.exit", "must be at most 255"),
        ("flood: {line: 1}", ".flood.line", "must be at least 2"),
        ("hang: {seconds: 1}", ".hang.seconds", "unknown key"),
        ("tasks: -1", ".tasks", "must be at least 0"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_key(step: str, key: str, what: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse(script_of("say: hello", step), "s.yml")
    assert caught.value.message == f"s.yml:4: turns.0.steps.1{key}: {what}"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (b"- a\n", "s.yml:1: the script is not a table", "write key: value lines"),
        (b"", "s.yml:1: the script is not a table", "write key: value lines"),
        (b"turn: []\n", "s.yml:1: turns: is missing", "add turns there"),
        (b"turns: {}\n", "s.yml:1: turns: must be a list", None),
        (b"turns: []\nturns: []\n", "s.yml:2: turns: is there twice", "delete one of them"),
        (b"turns:\n  - [\n", "s.yml:3: expected the node content, but found '<stream end>'", None),
        (b"turns: []\xff\n", "s.yml:1: is not UTF-8", "save the file as UTF-8"),
    ],
)
def test_a_file_that_is_no_script_is_told(text: bytes, message: str, hint: str | None) -> None:
    with pytest.raises(BadConfig) as caught:
        parse(text, "s.yml")
    assert caught.value.message == message
    assert hint is None or caught.value.hint == hint


def test_a_script_that_is_not_there_is_told(tmp_path: Any) -> None:
    with pytest.raises(NotFound, match=r"none\.yml: No such file or directory$"):
        load(tmp_path / "none.yml")


def test_short_forms_mean_what_they_say() -> None:
    assert step_of("run: sh -c 'a b'").deed.command == ("sh", "-c", "a b")
    assert step_of("run: [sleep, 0.5, 3]").deed.command == ("sleep", "0.5", "3")
    assert step_of("run: {command: ls, expect: [0, 1]}").deed.expect == (0, 1)
    assert step_of("hang:").kind == "hang"
    assert step_of("ask: {text: a, choices: [1, b]}").deed.choices == ("1", "b")
    assert step_of("limit: {until: 2026-01-02T04:04:05+01:00}").deed.until == "2026-01-02T03:04:05Z"


def test_every_step_has_a_deed_and_notes_know_every_kind() -> None:
    assert list(DEEDS) == list(dict.fromkeys(DEEDS))
    assert DEEDS.keys() == Step.model_fields.keys()
    assert set(get_args(Note.model_fields["kind"].annotation)) == set(KINDS)


def test_the_document_tells_every_key_and_its_example_is_valid() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", DOCUMENT, re.M))
    assert rows.keys() == Step.model_fields.keys()
    for kind, field in Step.model_fields.items():
        model = next((part for part in get_args(field.annotation) if isinstance(part, type)), None)
        if isinstance(model, type) and issubclass(model, BaseModel):
            told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", rows[kind]))))
            assert set(names(model)) <= told, kind
    example = re.search(r"```yaml\n(.*?)```", DOCUMENT, re.S)
    assert example is not None
    kinds = [step.kind for turn in parse(example[1].encode(), "doc").turns for step in turn.steps]
    assert kinds == ["edit", "edit", "edit", "run", "run", "commit", "ask", "note", "report", "say"]
    assert names(Script) == ["turns"]
