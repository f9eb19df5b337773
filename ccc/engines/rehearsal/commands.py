"""Runs commands of a play in the worktree, always within earshot of an interruption."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from ccc.engines.rehearsal.stage import Stage, StepFailed

CCC = (sys.executable, "-E", "-P", "-m", "ccc")
"""The ccc that started the play, whatever the worktree or PYTHONPATH holds."""

TIME_LIMIT = 120.0
"""Seconds that one command may take."""

GRACE_SECONDS = 1.0
LEAST_PAUSE, MOST_PAUSE, SHARE = 0.002, 0.1, 0.1
"""Seconds between two looks at a command that runs, a tenth of what it took so far: a short one is not held
up, and a hundred agents at long ones leave the processor alone."""


def execute(stage: Stage, words: Sequence[str], expect: Sequence[int] = (0,)) -> int:
    """Says and runs a command; its exit code.

    Raises StepFailed with its last words unless it ends with one of `expect`; Interrupted.
    """
    shown = shlex.join(["git", "ccc", *words[len(CCC) :]] if tuple(words[: len(CCC)]) == CCC else words)
    stage.stream.say("tool", name="Bash", input=shown)
    with tempfile.TemporaryFile() as output:
        code = _run(stage, words, shown, output)
        if code not in expect:
            raise StepFailed(f"{shown} ended with {code}: {_last_words(output)}".rstrip(": "))
    return code


def answers(*words: str) -> tuple[int, str]:
    """The exit code and the output of a command that only looks. Raises StepFailed."""
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, check=False
    )
    return done.returncode, os.fsdecode(done.stdout).strip()


def _run(stage: Stage, words: Sequence[str], shown: str, output: IO[bytes]) -> int:
    """Its output goes into a file: what it leaves behind may hold a pipe open for ever."""
    process = subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={"GIT_EDITOR": "true", "GIT_TERMINAL_PROMPT": "0", **os.environ},
    )
    began = time.monotonic()
    try:
        while (code := process.poll()) is None:
            passed = time.monotonic() - began
            if passed > TIME_LIMIT:
                raise StepFailed(f"{shown} was ended after {TIME_LIMIT:g} s")
            stage.stream.listen(min(MOST_PAUSE, max(LEAST_PAUSE, passed * SHARE)))
    except BaseException:
        _end(process)
        raise
    return code


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its whole process group, politely first."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
            return


def _last_words(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - 4000))
    lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
