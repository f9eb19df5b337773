"""Interactive shells on a pseudo-terminal: type, press TAB, look at the line."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 30.0
KEY = "\x18p"
"""Ctrl-X p: what each shell is told to write the line for."""

GIT_COMPLETION = (
    Path("/usr/share/bash-completion/completions/git"),
    Path("/usr/share/git/completion/git-completion.bash"),
    Path("/etc/bash_completion.d/git"),
)
START = {
    "bash": [
        "PS1='ready> '",
        "bind 'set enable-bracketed-paste off'",
        'bind -x \'"{key}": printf "%s" "$READLINE_LINE" >"$OUT.new"; mv "$OUT.new" "$OUT"\'',
        "{git}",
        'eval "$(git-ccc completion bash)"',
    ],
    "zsh": [
        "PS1='ready> '; unsetopt zle_bracketed_paste prompt_sp prompt_cr; LISTMAX=1000",
        "autoload -Uz compinit; compinit -u -D",
        'dump() {{ print -rn -- "$BUFFER" >"$OUT.new"; mv "$OUT.new" "$OUT" }}',
        'zle -N dump; bindkey "^Xp" dump',
        'eval "$(git-ccc completion zsh)"',
    ],
    "fish": [
        "function fish_prompt; printf 'ready> '; end; set -g fish_greeting",
        "set -g fish_autosuggestion_enabled 0",
        "bind \\cxp 'commandline -b | string collect >$OUT.new; command mv $OUT.new $OUT'",
        "git-ccc completion fish | source",
    ],
}
COMMANDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "-i"],
}


class Shell:
    """A running interactive shell."""

    def __init__(self, terminal: int, out: Path) -> None:
        self.terminal = terminal
        self.out = out
        self.screen = ""

    def type(self, keys: str) -> None:
        """Presses keys."""
        os.write(self.terminal, keys.encode())

    def wait_for(self, text: str) -> None:
        """Waits until the text has been printed since the last wait."""
        end = time.monotonic() + PATIENCE
        while text not in self.screen:
            left = end - time.monotonic()
            assert left > 0, f"{text!r} did not come: {self.screen!r}"
            if select.select([self.terminal], [], [], left)[0]:
                self.screen += os.read(self.terminal, 65536).decode("utf-8", "replace")
        self.screen = self.screen.partition(text)[2]

    def completed(self, line: str) -> str:
        """The line after TAB; the shell begins a new one."""
        self.out.unlink(missing_ok=True)
        self.type(f"{line}\t{KEY}")
        end = time.monotonic() + PATIENCE
        while not self.out.exists():
            assert time.monotonic() < end, f"no line: {self.screen!r}"
            if select.select([self.terminal], [], [], 0.02)[0]:
                self.screen += os.read(self.terminal, 65536).decode("utf-8", "replace")
        self.type("\x15" if line else "")
        return self.out.read_text()


@contextmanager
def shell(kind: str, folder: Path, work: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    """A shell of a kind in `work`, with completion set up; skips the test where it is not installed."""
    if shutil.which(kind) is None:
        pytest.skip(f"{kind} is not installed")
    out = folder / "line"
    start = folder / f"start.{kind}"
    git = next((file for file in GIT_COMPLETION if file.exists()), None)
    words = [line.format(key="\\C-xp", git=f"source {git}" if git else ":") for line in START[kind]]
    start.write_text("\n".join(words) + "\n")
    ours, theirs = pty.openpty()
    env = {**environment, "TERM": "xterm", "OUT": str(out), "COLUMNS": "200", "LINES": "50"}
    process = subprocess.Popen(
        COMMANDS[kind],
        cwd=work,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    running = Shell(ours, out)
    try:
        running.type(f"source {start}; echo set-'up'\r")
        running.wait_for("set-up")
        running.wait_for("ready> ")
        yield running
    finally:
        process.kill()
        process.wait(PATIENCE)
        os.close(ours)
