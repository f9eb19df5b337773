"""`python -m ccc.engines.rehearsal SCRIPT MEMORY`: plays a script in the current folder."""

from __future__ import annotations

import sys
from pathlib import Path

from ccc.engines.rehearsal.player import Memory, Player
from ccc.engines.rehearsal.script import load
from ccc.errors import CccError


def main(argv: list[str]) -> int:
    """Plays; the exit code."""
    try:
        script = load(Path(argv[0]))
    except CccError as error:
        sys.stderr.write(f"{error.message} ({error.hint})\n")
        return 1
    return Player(script, Memory(Path(argv[1]))).play()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
