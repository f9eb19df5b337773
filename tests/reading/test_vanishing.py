"""What is looked at goes away in the very moment: for whoever reads, it was not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from ccc.engines import reading, transcripts
from ccc.engines.reading import Cursor
from ccc.engines.transcripts import Source
from ccc.errors import GitFailed
from ccc.git import memory, snapshot
from ccc.git.command import Git
from ccc.layout import Layout
from ccc.ops.notices.ledger import Ledger
from ccc.runs import life
from ccc.runs.files import SessionFiles
from tests.support.repository import Repo
from tests.support.together import again_and_again, together

SESSION, TIMES = "5" * 32, 300


def comes_and_goes(*paths: Path, text: str = "{}\n") -> Callable[[], None]:
    def once() -> None:
        for path in paths:
            path.write_text(text)
        for path in paths:
            path.unlink(missing_ok=True)

    return once


def test_a_log_that_is_gone_by_now_has_no_turns(tmp_path: Path) -> None:
    groups = [(Source("l1", tmp_path / "gone", transcripts.plain),)]
    assert reading.read(groups, Cursor())[0] == []
    assert reading.latest(groups, 5) == []
    assert reading.ends(groups).marks["l1"].offset == 0


@pytest.mark.slow
def test_notices_that_somebody_else_tells_meanwhile_are_none_to_tell(tmp_path: Path) -> None:
    ledger = Ledger(Layout(tmp_path))
    new, told = ledger.root / "new", ledger.root / "told"
    for folder in (new, told):
        folder.mkdir(parents=True)
    names = [f"{number:032x}.desktop.json" for number in range(20)]
    with again_and_again(comes_and_goes(*(folder / name for name in names for folder in (new, told)))):
        for _ in range(TIMES):
            ledger.waiting(["desktop"])
            ledger.clear([], ["desktop"])


@pytest.mark.slow
def test_a_run_that_was_begun_in_vain_is_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    files = SessionFiles.of(layout, SESSION).run(1)
    files.root.mkdir(parents=True)
    order = json.dumps({"engine": "claude", "starter": "1 1 1"})
    with again_and_again(comes_and_goes(files.order, text=order)):
        found = {life.sight(layout, SESSION) is None for _ in range(20 * TIMES)}
    assert found <= {True, False}


@pytest.mark.slow
def test_files_that_come_and_go_do_not_break_a_snapshot(repo: Repo) -> None:
    repo.write("work.txt", "uncommitted\n")
    paths = [repo.path / f"moment-{number}" for number in range(6)]
    with again_and_again(comes_and_goes(*paths)):
        for _ in range(15):
            with suppress(GitFailed):
                snapshot.take(repo.path)


@pytest.mark.slow
def test_who_learns_the_same_resolution_at_the_same_moment_learns_it(tmp_path: Path) -> None:
    place, known = tmp_path / "memory", "5" * 40

    def learn(number: int) -> None:
        top = tmp_path / str(number)
        made = top / "rr-cache" / known
        made.mkdir(parents=True)
        for name in (memory.PREIMAGE, memory.POSTIMAGE):
            (made / name).write_text("text\n")
        desk, other = (memory._Desk(Git(each), each, each, ()) for each in (top, top / "other"))
        (other.directory / "rr-cache").mkdir(parents=True)
        for _ in range(TIMES):
            assert desk.keep(known, place, {"by": str(number)})
            other.lend(place)

    assert together([partial(learn, number) for number in range(4)]) == []
    assert sorted(path.name for path in (place / known).iterdir()) == sorted(
        [memory.FROM, memory.PREIMAGE, memory.POSTIMAGE]
    )
    assert [path.name for path in place.iterdir()] == [known]
