"""What goes wrong on purpose: crashes, silence, noise, and processes left behind."""

from __future__ import annotations

import os
import signal
import subprocess

from ccc.engines.rehearsal import script
from ccc.engines.rehearsal.stage import Stage

DAEMON_SECONDS = 600
MEGABYTE = 1_000_000
PIECE = b"#" * 65536

GARBAGE = b'\xff\xfe\x00 no text at all\n{"type": "says", \n[1, 2]\n{"type": "asks"}\n'
"""Bytes that are no UTF-8, JSON that breaks off, JSON that is no object, a line without its parts."""


def crash(stage: Stage, crash: script.Crash) -> None:
    """The process ends here, and the resumed one gets past it unless the script says otherwise."""
    if not stage.memory.crashes() and not crash.always:
        return
    if crash.exit is not None:
        os._exit(crash.exit)
    os.kill(os.getpid(), signal.Signals[f"SIG{crash.signal}"])


def hang(_stage: Stage, _: script.Nothing) -> None:
    """Silent and deaf until it is killed."""
    while True:
        signal.pause()


def flood(stage: Stage, flood: script.Flood) -> None:
    """Noise, as fast as it is read."""
    size = round(flood.megabytes * MEGABYTE)
    length = size if flood.one else flood.line
    for _ in range(max(1, size // length)):
        rest = max(1, length - 1)
        while rest > 0:
            stage.stream.write(PIECE[:rest])
            rest -= len(PIECE)
        stage.stream.write(b"\n")


def garble(stage: Stage, _: script.Nothing) -> None:
    """Four lines that cannot be read."""
    stage.stream.write(GARBAGE)


def daemon(_stage: Stage, _: script.Nothing) -> None:
    """Leaves a child in a process session of its own, and a daemon whose parents are gone."""
    nap = f"exec sleep {DAEMON_SECONDS}"
    for line in (nap, f"({nap}) &"):
        process = subprocess.Popen(
            ["sh", "-c", line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if line != nap:
            process.wait()
        process.returncode = process.returncode or 0  # nobody waits for the child
