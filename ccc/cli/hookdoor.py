"""What hooks of an agent's program call: `hook claude SESSION NAME COMMON [idle]`, without click's 15 ms.

And `hook reserved ROOT`, before a file is changed.

The program blocks on exit code 2, so whatever is not planned is 1.
"""

from __future__ import annotations

import os
import sys

from ccc.cli.boundary import guarded

WORDS = ("hook", "claude")
RESERVED = ("hook", "reserved")
LENGTH = 5
IDLE = "idle"
MAIL = 7
"""Ends a waiting for mail with the messages on standard error; the settings turn it into the 2 that wakes."""


def is_hook(argv: list[str]) -> bool:
    """Whether a command line is answered here; `git ccc hook settings` and the like are not."""
    if tuple(argv[:2]) == RESERVED and len(argv) == len(RESERVED) + 1:
        return True
    return len(argv) >= LENGTH and tuple(argv[:2]) == WORDS and argv[LENGTH:] in ([], [IDLE])


def answer(argv: list[str]) -> int:
    """Reads the hook's input, prints its answer; 0, MAIL, or 1 with the reason on standard error."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    call = _reserved if tuple(argv[:2]) == RESERVED else _answer
    code = guarded(argv, lambda: call(*argv[2:]))
    return code if code in (0, MAIL) else 1


def _reserved(root: str) -> int:
    import json
    from pathlib import Path

    from ccc.engines.claude import edits
    from ccc.ops.reservations.meeting import met

    try:
        found = met(Path(root), edits.path_of(json.load(sys.stdin)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"ccc: reservations cannot be looked at: {error}\n")
        return 1
    words = edits.printed(found.words, denies=found.denies)
    if words:
        sys.stdout.write(words + "\n")
    return 0


def _answer(session: str, name: str, common: str, idle: str = "") -> int:
    import json
    from pathlib import Path

    from ccc.engines.claude.hookpoints import point_of
    from ccc.layout import Layout
    from ccc.ops import hookpoints

    try:
        point = point_of(json.load(sys.stdin))
        place = hookpoints.Place(Layout(Path(common)), session, name)
        ask = hookpoints.while_idle if idle else hookpoints.at
        words = ask(place, point, hookpoints.program())
    except (ValueError, OSError) as error:
        sys.stderr.write(f"ccc: no messages now: {error}\n")
        return 1
    if words:
        stream = sys.stderr if idle else sys.stdout
        stream.write(words + "\n")
        stream.flush()
    hookpoints.shadow(place)
    return MAIL if idle and words else 0
