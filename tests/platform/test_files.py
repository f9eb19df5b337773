"""Files written whole, by many processes at the same moment and on a disk that takes no more."""

from __future__ import annotations

import ast
import multiprocessing
import resource
import signal
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from ccc.platform.files import replace_file, write_whole
from tests.support.program import PROJECT
from tests.support.together import again_and_again

WRITERS, TIMES = 6, 150
MOVES = {"replace", "rename"}
RENAMES = {
    "ccc/cli/export.py": "an export is longer than what one would hold in memory",
    "ccc/engines/rehearsal/script.py": "a moment's time zone",
    "ccc/domain/parking.py": "a moment's time zone",
    "ccc/store/moments.py": "a moment's time zone",
    "ccc/git/admins.py": "a folder, under the lock",
    "ccc/git/folders.py": "a folder",
    "ccc/git/linking.py": "a folder",
    "ccc/git/scratch.py": "a copy of an index, by the only user of a number",
    "ccc/git/unsaved.py": "a copy of an index, under the radar's lock",
    "ccc/host/log.py": "a log that is turned",
    "ccc/ops/adopt.py": "git.admins",
    "ccc/ops/bundles.py": "a file that git writes",
    "ccc/ops/close.py": "a folder",
    "ccc/ops/landing/running.py": "a wish that is denied",
    "ccc/platform/files.py": "the one place",
    "ccc/runs/files.py": "room that was taken before the disk was full",
    "ccc/runs/mail.py": "a letter that was told",
    "ccc/store/gitstore.py": "a damaged batch, set aside",
    "ccc/store/journal.py": "an entry that is claimed",
    "ccc/store/repairing.py": "what is damaged, set aside",
    "ccc/store/restoring.py": "what is damaged, set aside",
    "ccc/store/wal.py": "a batch, whose name nobody else has",
}
"""Modules that give a file another name themselves, and what it is there."""


def _write_again_and_again(path: Path, number: int, ready: Barrier) -> None:
    ready.wait()
    for _ in range(TIMES):
        write_whole(path, f"{number}" * 5000)


def test_many_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path, context = tmp_path / "memo", multiprocessing.get_context("fork")
    ready = context.Barrier(WRITERS)
    writers = [
        context.Process(target=_write_again_and_again, args=(path, number, ready))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            seen.add(path.read_text())
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert seen <= {f"{number}" * 5000 for number in range(WRITERS)}
    assert [each.name for each in tmp_path.iterdir()] == ["memo"]


def test_a_file_that_cannot_be_written_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "memo"
    write_whole(path, "before")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(path, "x" * 5000, durable=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, heard)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["memo"]


def test_a_file_is_replaced_where_it_differs_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "hook"
    assert replace_file(path, "one", executable=True)
    assert path.stat().st_mode & 0o111
    assert not replace_file(path, "one", executable=True)
    path.chmod(0o644)
    assert replace_file(path, "one", executable=True)
    assert path.stat().st_mode & 0o111


def test_no_other_module_puts_one_file_in_the_place_of_another() -> None:
    """A temporary file of a fixed name fails where two processes write at the same moment."""
    found = set()
    for file in (PROJECT / "ccc").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in MOVES
            ):
                is_of_a_path = len(node.args) + len(node.keywords) == 1 or node.func.attr == "rename"
                if is_of_a_path:
                    found.add(file.relative_to(PROJECT).as_posix())
    assert found == set(RENAMES)


@pytest.mark.slow
def test_a_file_that_somebody_takes_away_meanwhile_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def comes_and_goes() -> None:
        path.write_text("text")
        path.unlink(missing_ok=True)

    with again_and_again(comes_and_goes):
        for _ in range(2000):
            replace_file(path, "text")
