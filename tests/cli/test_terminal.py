"""Colour, pager, questions and progress behave like git's."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccc.cli import pager
from ccc.cli.preferences import GitPreferences
from ccc.cli.progress import ERASE, Progress
from ccc.cli.terminal import STYLES, Terminal
from tests.cli.conftest import COMMAND, Samples

GREEN = "\x1b[32myou\x1b[m"
TIME_LIMIT = 30


@dataclass
class Asked:
    """Preferences that answer what they are told."""

    color: bool = False
    command: str = ""

    def wants_color(self, *, is_terminal: bool) -> bool:
        return self.color and is_terminal

    def pager(self) -> str:
        return self.command


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(*arguments: str, cwd: Path, answer: str = "", **variables: str) -> str:
    """What a person sees who runs the sample commands at a real (pseudo) terminal."""
    outer, inner = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "PAGER": "cat", **variables}
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, env=environment, stdin=inner, stdout=inner, stderr=inner
    )
    os.close(inner)
    if answer:
        os.write(outer, answer.encode())
    seen = b""
    deadline = time.monotonic() + TIME_LIMIT
    while time.monotonic() < deadline:
        if not select.select([outer], [], [], deadline - time.monotonic())[0]:
            break
        try:
            part = os.read(outer, 4096)
        except OSError:  # Linux says EIO when the last writer has gone
            break
        seen += part
    os.close(outer)
    process.wait(TIME_LIMIT)
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color=never",), {}, False),
        ((), {"GIT_CONFIG_PARAMETERS": "'color.ui=never'"}, False),
        ((), {"GIT_CONFIG_PARAMETERS": "'color.ui=never' 'color.ccc=always'"}, True),
    ],
    ids=str,
)
def test_colour_at_a_terminal(
    samples: Samples, tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], colored: bool
) -> None:
    shown = on_terminal(*arguments, "greet", cwd=tmp_path, **variables)
    assert shown == f"hello {GREEN if colored else 'you'}\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        ((), {}, False),
        (("--color=always",), {}, True),
        ((), {"GIT_CONFIG_PARAMETERS": "'color.ui=always'"}, True),
        ((), {"GIT_PAGER_IN_USE": "true", "TERM": "xterm"}, True),
    ],
    ids=str,
)
def test_colour_in_a_pipe(
    samples: Samples, arguments: tuple[str, ...], variables: dict[str, str], colored: bool
) -> None:
    assert samples(*arguments, "greet", env=variables).stdout == f"hello {GREEN if colored else 'you'}\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "expected"),
    [
        ((), {"PAGER": "tr a-z A-Z"}, "ONE\nTWO\n"),
        ((), {"PAGER": "tr a-z A-Z", "GIT_PAGER": "sed s/^/-/"}, "-one\n-two\n"),
        ((), {"GIT_PAGER": "cat"}, "one\ntwo\n"),
        ((), {"GIT_PAGER": ""}, "one\ntwo\n"),
        ((), {"PAGER": "no-such-pager-here"}, "one\ntwo\n"),
        ((), {"PAGER": 'cat >/dev/null; echo "$LESS $LV $GIT_PAGER_IN_USE"'}, "FRX -c true\n"),
        ((), {"PAGER": "true"}, ""),
        (("-P",), {"PAGER": "tr a-z A-Z"}, "one\ntwo\n"),
        (("--no-pager",), {"PAGER": "tr a-z A-Z"}, "one\ntwo\n"),
        ((), {"GIT_CONFIG_PARAMETERS": "'core.pager=tr a-z A-Z'"}, "ONE\nTWO\n"),
    ],
    ids=str,
)
def test_pager_at_a_terminal(
    samples: Samples, tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], expected: str
) -> None:
    shown = on_terminal(*arguments, "page", cwd=tmp_path, **variables)
    assert shown.replace("sh: 1: no-such-pager-here: not found\n", "") == expected


def test_no_pager_in_a_pipe(samples: Samples) -> None:
    assert samples("page", env={"GIT_PAGER": "tr a-z A-Z"}).stdout == "one\ntwo\n"


def test_pager_that_is_closed_early_is_no_error() -> None:
    assert pager.show("line\n" * 100_000, "exit 0", os.environ)


def test_git_is_asked_for_the_preferences(tmp_path: Path) -> None:
    preferences = GitPreferences(tmp_path, {"GIT_PAGER": "most", "GIT_DIR": "/nowhere"})
    assert preferences.pager() == "most"


def terminal(output: io.StringIO, words: io.StringIO, typed: io.StringIO, **environment: str) -> Terminal:
    return Terminal(output, words, typed, Asked(color=True), environment)


def test_words_follow_the_answer_and_lines_are_ended() -> None:
    output, words = io.StringIO(), io.StringIO()
    door = terminal(output, words, io.StringIO())
    door.out("a")
    door.out("b\n")
    door.err("c")
    assert (output.getvalue(), words.getvalue()) == ("a\nb\n", "c\n")


@pytest.mark.parametrize(
    ("typed", "expected"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_question_at_a_terminal_is_answered(typed: str, expected: bool) -> None:
    words = Tty()
    assert terminal(Tty(), words, Tty(typed)).confirm("Land it?") is expected
    assert words.getvalue() == "Land it? [y/N] "


@pytest.mark.parametrize(("words", "typed"), [(Tty(), io.StringIO("y\n")), (io.StringIO(), Tty("y\n"))])
def test_nobody_is_asked_without_a_terminal(words: io.StringIO, typed: io.StringIO) -> None:
    assert terminal(Tty(), words, typed).confirm("Land it?") is None
    assert words.getvalue() == ""


def test_json_is_indented_for_a_person_only() -> None:
    person, pipe = Tty(), io.StringIO()
    terminal(person, Tty(), Tty()).json({"format": 1})
    terminal(pipe, Tty(), Tty()).json({"format": 1})
    assert (person.getvalue(), pipe.getvalue()) == ('{\n  "format": 1\n}\n', '{"format": 1}\n')


def test_width_follows_columns_or_is_eighty() -> None:
    assert terminal(io.StringIO(), io.StringIO(), io.StringIO(), COLUMNS="50").width == 50
    assert terminal(io.StringIO(), io.StringIO(), io.StringIO(), COLUMNS="none").width == 80


def test_every_style_is_closed_again() -> None:
    door = terminal(Tty(), Tty(), Tty())
    assert all(door.style("x", name) == f"\x1b[{code}mx\x1b[m" for name, code in STYLES.items())


def test_progress_shows_long_work_and_leaves_nothing() -> None:
    words, now = Tty(), [0.0]
    with Progress("checking", 200, words, 80, clock=lambda: now[0]) as line:
        line.step(1)
        assert words.getvalue() == ""
        now[0] = 1.0
        line.step(50, "src/\x1bapp")
        line.step(51, "too soon after the last")
    assert words.getvalue() == f"{ERASE}checking: 25 % (50/200) src/\\x1bapp{ERASE}"


@pytest.mark.parametrize(("words", "kind"), [(io.StringIO(), "xterm"), (Tty(), "dumb")], ids=["pipe", "dumb"])
def test_progress_is_silent_where_a_line_cannot_be_rewritten(words: io.StringIO, kind: str) -> None:
    with terminal(Tty(), words, Tty(), TERM=kind).progress("checking") as line:
        line._next = 0.0
        line.step(1)
    assert words.getvalue() == ""
