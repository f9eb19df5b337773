"""A host that has much to tell starts one drain, not one for each fact."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccc.domain.events import Draft
from ccc.host.facts import Facts
from ccc.layout import Layout
from ccc.runs import drain
from ccc.runs.waking import STARTING_SECONDS
from tests.support.agents import until

FACT = Draft("session.idle", "backend-one", "idle", {"sessions/7f": {"run.1": {"status": "idle"}}})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Files of ccc whose drain says that it was started, and never comes to listen."""
    layout = Layout(tmp_path)
    layout.drain_script.parent.mkdir(parents=True)
    layout.drain_script.write_text(f"#!/bin/sh\necho started >>{tmp_path}/starts\n")
    layout.drain_script.chmod(0o755)
    return layout


def starts(layout: Layout, at_least: int) -> int:
    """How often the drain was started, once it was so often."""
    file = layout.common / "starts"

    def found() -> int:
        return len(file.read_text().splitlines()) if file.exists() else 0

    until(lambda: found() >= at_least, f"{at_least} starts")
    return found()


def test_facts_told_while_a_drain_begins_start_no_other(layout: Layout) -> None:
    facts = Facts(layout)
    for _ in range(5):
        facts.tell(FACT)
    facts.last_word()
    assert starts(layout, 2) == 2, "the first fact's, and the last word's"
    facts.last_word()
    assert len(list(layout.journal_new.iterdir())) == 5


def test_a_drain_that_never_listens_is_started_again(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Facts(layout)
    facts.tell(FACT)
    facts.tell(FACT)
    monkeypatch.setattr("ccc.runs.waking.STARTING_SECONDS", 0.0)
    facts.flush()
    assert starts(layout, 2) == 2
    assert STARTING_SECONDS > 0


def test_one_that_listens_is_rung(layout: Layout) -> None:
    os.mkfifo(layout.root / "drain.fifo")
    listener = os.open(layout.root / "drain.fifo", os.O_RDONLY | os.O_NONBLOCK)
    assert drain.ring(layout)
    assert os.read(listener, 9) == b"."
    os.close(listener)
    assert not drain.ring(layout)
