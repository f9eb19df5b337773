"""A disk that fills up at any step of recording: said in words, and nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccc.domain.events import Draft
from ccc.errors import CccError
from ccc.layout import Layout
from ccc.store import wal
from ccc.store.protocol import REF
from tests.store.tools import backend_of, faults_of, git_store, progress, texts
from tests.support.repository import Repo

pytestmark = pytest.mark.slow
FILES, PAGE = 400, 4096


@pytest.fixture
def small(tmp_path: Path, repo: Repo) -> Iterator[Path]:
    """The common directory of a repository on a disk of its own: 3 MB, 400 files."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = f"size=3m,nr_inodes={FILES}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        subprocess.run(["git", "init", "-q", "--bare", "--template=", str(folder / "r.git")], check=True)
        yield folder / "r.git"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def full_but_for(common: Path, *, files: int | None = None, pages: int = 0) -> Iterator[None]:
    """Leaves room for so many new files, or so many pages of content."""
    filler = common.parent / "filler"
    filler.mkdir()
    try:
        if files is not None:
            names = [filler / f"{number}" for number in range(FILES)]
            with contextlib.suppress(OSError):
                for name in names:
                    name.touch()
            for name in sorted(filler.iterdir())[:files]:
                name.unlink()
        else:
            reserve = filler / "reserve"
            reserve.write_bytes(b"x" * PAGE * pages)
            with contextlib.suppress(OSError), (filler / "big").open("wb", buffering=0) as file:
                while file.write(b"x" * PAGE) == PAGE:
                    continue
            reserve.unlink()
        yield
    finally:
        shutil.rmtree(filler)


def worked(common: Path) -> tuple[set[str], list[str]]:
    """Journals, drains, decides, journals; what was acknowledged, and the words of what failed."""
    store, acknowledged, words = git_store(common), set(), []
    steps: dict[str, Callable[[Draft], object]] = {
        "noted": store.journal,
        "drained": lambda draft: git_store(common).drain(),
        "decided": lambda draft: store.transact(lambda state: [draft]),
        "noted-again": store.journal,
    }
    for name, step in steps.items():
        try:
            step(progress(name, 1))
        except (OSError, CccError) as error:
            words.append(str(error))
        else:
            acknowledged |= {f"{name}: progress 1 %"} if name != "drained" else set()
    return acknowledged, words


ROOM = [{"files": files} for files in range(16)] + [{"pages": pages} for pages in range(12)]


@pytest.mark.parametrize("room", ROOM, ids=lambda room: "-".join(f"{k}-{v}" for k, v in room.items()))
def test_a_disk_that_fills_at_any_step_loses_nothing_acknowledged(small: Path, room: dict[str, int]) -> None:
    store = git_store(small)
    for number in range(3):
        store.transact(lambda state, number=number: [progress("a", number)])  # type: ignore[misc]
    acknowledged = set(texts(store))
    with full_but_for(small, **room):
        recorded, words = worked(small)
    assert [text for text in words if "space" not in text.lower()] == []
    after = git_store(small)
    after.transact(lambda state: [progress("after", 1)])
    found = texts(after)
    assert len(found) == len(set(found))
    assert set(found) >= acknowledged | recorded | {"after: progress 1 %"}
    assert faults_of(small) == []
    assert wal.undone(Layout(small)) == []
    assert backend_of(small).get(REF) == after.tip()
