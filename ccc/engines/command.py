"""Any program as an engine: an argv template from the configuration, one process a turn."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ccc.domain.life import Request
from ccc.engines.protocol import Busy, Launch, Sign, Spoke, Task
from ccc.errors import EngineFailed

WORD = 60


class Command:
    """One turn of a program that knows nothing of ccc: exit code 0 says that it is done.

    The template is a list of words; in each, `{prompt}`, `{prompt_file}`, `{system_file}`, `{name}`,
    `{role}`, `{worktree}`, `{model}` and `{conversation}` are replaced. `resume` is used for later turns.
    """

    one_turn = True

    def __init__(self, name: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Raises EngineFailed where its program is not on PATH."""
        self.name = name
        self.resumes = bool(options.get("resume"))
        self._first = tuple(str(word) for word in options["command"])
        self._later = tuple(str(word) for word in options.get("resume") or self._first)
        self._spoke = False
        program = self._first[0]
        if shutil.which(program, path=environment.get("PATH")) is None:
            raise EngineFailed(
                f"the program {program} of engine {name} is not on PATH",
                f"[engines.{name}] of .ccc/config.toml",
            )

    def launch(self, task: Task) -> Launch:
        template = self._later if task.resumes else self._first
        values = {
            "prompt": task.prompt,
            "prompt_file": _kept(task.folder / "prompt.md", task.prompt, template, "{prompt_file}"),
            "system_file": _kept(task.folder / "system.md", task.system, template, "{system_file}"),
            "name": task.name,
            "role": task.role,
            "worktree": str(task.worktree),
            "model": task.model or "",
            "conversation": task.conversation,
        }
        return Launch(tuple(_filled(word, values) for word in template))

    def greeting(self, task: Task) -> bytes:
        return b""

    def read(self, line: bytes) -> Sequence[Sign]:
        words = " ".join(line.decode("utf-8", "replace").split())[:WORD]
        first: tuple[Sign, ...] = () if self._spoke else (Spoke(),)
        self._spoke = True
        return (*first, Busy(words))

    def message(self, identifier: str, text: str) -> bytes:
        return b""

    def answer(self, request: Request, text: str) -> bytes:
        return b""

    def interrupt(self) -> bytes:
        return b""

    def usage(self) -> bytes:
        return b""

    def forgot(self, words: str) -> bool:
        return False


def _filled(word: str, values: Mapping[str, str]) -> str:
    """The word with its placeholders replaced; what a value contains is never looked at again."""
    parts, rest = [], word
    while "{" in rest:
        before, _, after = rest.partition("{")
        key, closed, tail = after.partition("}")
        if closed and key in values:
            parts += [before, values[key]]
            rest = tail
        else:
            parts += [before, "{"]
            rest = after
    return "".join([*parts, rest])


def _kept(path: Path, text: str, template: Sequence[str], placeholder: str) -> str:
    """Writes a text for the program to read, if its template wants one; the path."""
    if any(placeholder in word for word in template):
        path.write_text(text, encoding="utf-8")
    return str(path)
