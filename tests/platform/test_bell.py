"""The drain's bell is heard through short work, and given up in long work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccc.layout import Layout
from ccc.runs import bell, drain
from ccc.runs.bell import Bell
from tests.support.agents import until


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Files of ccc whose drain only says that it was started."""
    layout = Layout(tmp_path)
    layout.drain_script.parent.mkdir(parents=True)
    layout.drain_script.write_text(f"#!/bin/sh\necho started >>{tmp_path}/starts\n")
    layout.drain_script.chmod(0o755)
    return layout


def started(layout: Layout) -> bool:
    return (layout.common / "starts").exists()


def pid_file(layout: Layout) -> Path:
    return layout.root / "drain.pid"


def test_what_is_rung_during_short_work_is_heard_after_it(layout: Layout) -> None:
    with Bell(layout) as mine:
        mine.listen()
        mine.leave()
        assert not mine.is_rung()
        drain.wake(layout)
        assert mine.is_rung()
        mine.listen()
        assert mine.wait(10)
        assert not mine.wait(0)
        assert pid_file(layout).read_text() == f"{os.getpid()}\n"
    assert not pid_file(layout).exists()
    assert not drain.ring(layout)
    assert not started(layout)


def test_long_work_gives_the_bell_up_and_whoever_rang_gets_another_drain(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bell(layout) as mine:
        mine.listen()
        drain.wake(layout)
        monkeypatch.setattr(bell, "AWAY_SECONDS", 0.0)
        mine.leave()
        until(lambda: started(layout), "another drain")
        assert not drain.ring(layout)
        assert not pid_file(layout).exists()
        mine.listen()
        assert drain.ring(layout)
        assert mine.wait(10)


def test_work_that_fails_leaves_who_rang_to_another_drain(layout: Layout) -> None:
    def work() -> None:
        with Bell(layout) as mine:
            mine.listen()
            mine.leave()
            drain.wake(layout)
            raise OSError("failed")

    with pytest.raises(OSError, match="failed"):
        work()
    until(lambda: started(layout), "another drain")


def test_the_end_of_one_leaves_the_bell_of_another_alone(layout: Layout) -> None:
    with Bell(layout) as mine:
        mine.listen()
        pid_file(layout).write_text("1\n")
        assert not mine.close()
        assert pid_file(layout).read_text() == "1\n"


def test_in_long_work_for_which_nobody_rang_no_other_is_started(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "AWAY_SECONDS", 0.0)
    with Bell(layout) as mine:
        mine.listen()
        mine.leave()
        until(lambda: not pid_file(layout).exists(), "the bell given up")
        assert not mine.close()
        assert not drain.ring(layout)
    assert not started(layout)
