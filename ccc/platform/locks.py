"""Who holds a lock on a file; Linux by `/proc/locks`."""

from __future__ import annotations

from pathlib import Path

from ccc.platform import processes


def holders(path: Path) -> list[int] | None:
    """The processes that hold a flock(2) on a file; None where the system does not say.

    By inode alone: the device is another one in `/proc/locks` than in stat(2) on overlays.
    """
    try:
        inode = path.stat().st_ino
        rows = (processes.PROC / "locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = []
    for row in rows:
        # "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF"; "1: -> FLOCK ..." waits for it
        words = row.split()
        if words[1:2] == ["FLOCK"] and words[5].rpartition(":")[2] == str(inode) and int(words[4]) > 0:
            found.append(int(words[4]))
    return found
