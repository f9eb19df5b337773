"""`python -m ccc.engines.rehearsal SCRIPT [MEMORY]`: plays a script in the current folder."""

from __future__ import annotations

import sys
from pathlib import Path

from ccc.engines.rehearsal.memory import Memory
from ccc.engines.rehearsal.player import Player
from ccc.engines.rehearsal.script import load
from ccc.engines.rehearsal.stream import Stream
from ccc.errors import CccError


def main(argv: list[str]) -> int:
    """Plays until standard input ends; the exit code. What is wrong with the script is one line on stderr."""
    if len(argv) not in (1, 2):
        sys.stderr.write("usage: python -m ccc.engines.rehearsal SCRIPT [MEMORY]\n")
        return 2
    try:
        script = load(Path(argv[0]))
    except CccError as error:
        sys.stderr.write(f"{error.message} ({error.hint})\n")
        return error.exit
    memory = Memory(Path(argv[1]) if len(argv) == 2 else None)
    try:
        Player(script, memory, Stream()).play()
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
