"""`git ccc` and `python -m ccc`."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from ccc import later

COLLECT_AFTER = 50_000
"""New objects between two searches for circles; Python's 700 cost a short command a tenth of its time."""

UNUSED = ("copy", "inspect", "ipaddress", "locale", "shlex", "signal", "unicodedata")
"""What dataclasses and pathlib import, and few commands need: 7 ms."""

BACKGROUND = ["drain", "--background"]
MOST_DESCRIPTORS = 4096


def run() -> NoReturn:
    """The console script: this process's arguments, its streams, its exit code."""
    gc.set_threshold(COLLECT_AFTER)
    if sys.argv[-2:] == BACKGROUND:
        # A hook's descriptors: among them the session's lock, if its agent hands it on.
        os.closerange(3, MOST_DESCRIPTORS)
    later.defer(*UNUSED)
    from ccc.cli.boundary import (  # not before: imports are most of a short command
        INTERRUPTED,
        end_of_output,
        prepare_streams,
    )
    from ccc.cli.quick import answer, is_quick

    prepare_streams()
    if not is_quick(sys.argv[1:]):
        from ccc.cli.interrupts import hear_once

        hear_once()
    code = end_of_output(answer(sys.argv[1:]))
    if code == INTERRUPTED:
        from ccc.cli.interrupts import hear_no_more

        hear_no_more()
    # What is left dies with the process; searching it for circles costs `status` 10 ms.
    gc.freeze()
    gc.disable()
    if is_quick(sys.argv[1:]):  # nothing is to be done at its end, and taking modules apart costs 4 ms
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
