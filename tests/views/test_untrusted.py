"""No text view lets a session, a person or a repository write anything but text to the terminal."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccc.domain.status import STATUSES
from ccc.git.mergetree import ConflictFile
from ccc.ops.inbox import Item
from ccc.ops.landing.land import Landing
from ccc.ops.spawn import Spawned
from ccc.ops.wait import Waited
from ccc.views.styling import Plain
from ccc.views.text.inbox import inbox_text
from ccc.views.text.landed import landing_text, plan_text
from ccc.views.text.log import log_text
from ccc.views.text.orient import orient_text
from ccc.views.text.review import review_text, stat_text
from ccc.views.text.show import report_text, show_text, verification_text
from ccc.views.text.spawned import spawned_text
from ccc.views.text.status import fields_text, short_text, status_text
from ccc.views.text.waited import waited_text
from tests.views import making

CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
KEPT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{32,64}|\d{8}T\d{6}\.\d{3}\+\d{3}\.\w+")
"""Times and ids, which ccc makes itself and no session can choose."""

WORDS = {*STATUSES, "done", "passed", "failed", "none", "session.committed", "A", "M", "decision", "approval"}
NASTY = "\x1b]0;pwned\x07\x1b[2J\r\u202eevil\u2066\x9b31m\udcff\nsecond line\tend"


def spoiled(value: Any, dirt: str) -> Any:
    """The same, with dirt at the end of every text that somebody else than ccc can choose."""
    if isinstance(value, str):
        return value if KEPT.fullmatch(value) or value in WORDS else f"{value}{dirt}"
    if isinstance(value, tuple):
        parts = [spoiled(each, dirt) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, ConflictFile):
            return dataclasses.replace(value, kind=value.kind + dirt, message=value.message + dirt)
        fields = {
            field.name: spoiled(getattr(value, field.name), dirt) for field in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **fields)
    return value


def waited() -> Waited:
    everyone = making.picture(*making.every_status().values())
    ids = tuple(session.id for session in everyone.sessions)
    return Waited(ids, (), (making.waiting_item(),), (), True, None, everyone)


def table(dirt: str) -> str:
    seen = [spoiled(each, dirt) for each in making.every_status().values()]
    items: list[Item] = [spoiled(making.waiting_item(), dirt)]
    return status_text(seen, items, making.NOW, Plain())


def columns(dirt: str) -> str:
    seen = [spoiled(making.shown_session().sighting, dirt)]
    names = ["name", "task", "evidence", "worktree", "branch", "engine", "after"]
    return short_text(seen) + fields_text(seen, names).replace("\t", " ")


def landed(dirt: str) -> str:
    made = Landing(making.session(), making.HEAD, making.TREE, "Lead", ("left alone",))
    return landing_text(spoiled(made, dirt)) + plan_text([spoiled(making.conflict_review(), dirt)])


VIEWS: dict[str, Callable[[str], str]] = {
    "status": table,
    "columns": columns,
    "show": lambda dirt: show_text(spoiled(making.shown_session(), dirt), Plain()),
    "verification": lambda dirt: verification_text(spoiled(making.shown_session(), dirt), Plain()),
    "report": lambda dirt: report_text(spoiled(making.shown_session(), dirt)).replace("\t", " "),
    "conflict": lambda dirt: review_text(
        spoiled(making.conflict_review(), dirt), Plain(), spoiled(making.shown_session().report, dirt)
    ),
    "review": lambda dirt: review_text(spoiled(making.clean_review(), dirt), Plain()),
    "stat": lambda dirt: stat_text(spoiled(making.clean_review(), dirt), Plain()),
    "log": lambda dirt: log_text([spoiled(making.logged(), dirt)], Plain(), audit=True),
    "inbox": lambda dirt: inbox_text([spoiled(making.waiting_item(), dirt)], making.NOW, Plain()),
    "orient": lambda dirt: orient_text(spoiled(making.orientation(), dirt), Plain()),
    "landed": landed,
    "spawned": lambda dirt: spawned_text(
        spoiled(Spawned(making.session(), False, (), "no room", "waits for it"), dirt)
    ),
    "waited": lambda dirt: waited_text(spoiled(waited(), dirt)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_escape_sequences_become_visible_text(name: str) -> None:
    told = VIEWS[name](NASTY)
    assert CONTROLS.findall(told) == []
    assert "\\x1b]0;pwned" in told


def bare_page(dirt: str) -> str:
    """The page without what is shown line by line."""
    return show_text(spoiled(making.shown_session(brief=None, report=None), dirt), Plain())


@pytest.mark.parametrize("name", sorted(VIEWS.keys() - {"report", "inbox"}))
def test_untrusted_text_adds_no_line(name: str) -> None:
    """Otherwise a task could write a line that reads as ccc's own."""
    view = bare_page if name == "show" else VIEWS[name]
    assert view("\nnot yet\r\u2028").count("\n") == view("").count("\n")


def test_several_lines_of_an_item_stand_behind_a_bar_and_what_is_one_line_adds_none() -> None:
    item = making.waiting_item(text="one\n    git ccc merge all\r", title="a\nb", command="c\nd")
    assert inbox_text([item], making.NOW, Plain()).split("\n")[1:] == [
        "    | one",
        "    |     git ccc merge all\\r",
        "    c\\nd",
    ]


@pytest.mark.parametrize("name", VIEWS)
@settings(max_examples=60, deadline=None)
@given(dirt=st.text(min_size=1, max_size=12))
def test_no_text_sends_control_characters(name: str, dirt: str) -> None:
    assert CONTROLS.findall(VIEWS[name](dirt)) == []
