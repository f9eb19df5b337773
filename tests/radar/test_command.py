"""`git ccc conflicts`: what people and programs are shown, and what they can do about it."""

from __future__ import annotations

import os
import re

import pytest

from tests.flow.conftest import Spawns
from tests.radar.test_check import edit, pair, workspace_of
from tests.support.program import RunsCcc
from tests.support.repository import Repo

TABLE = """\

                                          1  2  3
   main                                   .  T  .
 1 backend-one                            .  .  t
 2 backend-three                          .  .  .
 3 backend-two                            t  .  .
T lines  S structure  G gate; small letters: work not committed has a part in it

main and backend-three: text, Ns
  b.py: 1 | 1

backend-one and backend-two: text, not all committed, Ns
  app.py: 3-4 | 3-4
"""


@pytest.mark.slow
def test_pairs_are_shown_as_a_table_and_one_by_one_and_wait_in_the_inbox(
    ready: Repo, spawn: Spawns, ccc: RunsCcc
) -> None:
    ready.commit("B", {"b.py": "b\n"})
    one, two = pair(ready, spawn)
    three = spawn("backend", "Three")
    three.tree.commit("Three", {"b.py": "three\n"})
    ready.commit("Main", {"b.py": "main\n"})
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    edit(two, 4, "theirs, too")
    shown = ccc("conflicts", "--now", exit=3).stdout
    heading, *lines = [re.sub(r"\b(\d+s|now)$", "Ns", line.rstrip()) for line in shown.splitlines()]
    assert heading.startswith("2 conflicts; looked at ")
    assert lines == TABLE.splitlines()
    assert max(map(len, shown.splitlines())) <= 80
    waiting = [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == "conflict"]
    assert {(each["title"], each["text"], each["command"]) for each in waiting} == {
        (f"{three.name} conflicts with main", "in b.py (line 1; line 1)", "git ccc conflicts"),
        (
            f"{one.name} and {two.name} conflict",
            "in app.py (lines 3-4; lines 3-4); not all of it is committed",
            "git ccc conflicts",
        ),
    }
    assert ccc("inbox", "--ack", waiting[0]["id"]).exit == 1


def test_the_document_has_the_keys_of_the_contract(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    found = ccc("conflicts", "--now", "--json", exit=3).json
    assert list(found) == ["format", "tip", "target", "checked_at", "pairs", "hot_files", "unseen"]
    assert found["target"] == "main"
    (shown,) = found["pairs"]
    assert shown["since"] <= found["checked_at"]
    assert shown == {
        "since": shown["since"],
        "a": one.name,
        "b": two.name,
        "kind": "text",
        "files": [{"path": "app.py", "a": [[3, 1]], "b": [[3, 1]]}],
        "uncommitted": True,
        "told": [one.name, two.name],
        "more": 0,
        "ids": {"a": one.id, "b": two.id},
    }
    assert ccc("conflicts", "--json", exit=3).json == found
    seen = ccc("show", two.name, "--json", exit=0).json["conflicts_with"]
    met = {"with": one.name, "kind": "text", "paths": ["app.py"], "uncommitted": True}
    assert seen == [{**met, "since": shown["since"]}]
    assert f"  conflict   with {one.name} (text): app.py\n" in ccc("show", two.name, exit=0).stdout


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("with space", "with space"),
        ("new\nline", '"new\\nline"'),
        (os.fsdecode(b"latin-\xe9"), '"latin-\\351"'),
        ("ünï", "ünï"),
    ],
)
def test_any_name_of_a_file_is_shown_as_git_shows_it(
    ready: Repo, spawn: Spawns, ccc: RunsCcc, name: str, shown: str
) -> None:
    for number, session in enumerate((spawn("backend", "One"), spawn("backend", "Two"))):
        (session.path / name).write_text(f"{number}\n")
    found = ccc("conflicts", "--now", "--json", exit=3).json
    assert [file["path"] for file in found["pairs"][0]["files"]] == [shown]


def test_files_that_several_touch_are_hot_whether_they_conflict_or_not(
    ready: Repo, spawn: Spawns, ccc: RunsCcc
) -> None:
    ready.commit("Settings", {".ccc/config.toml": "[radar]\nhot = 2\n"})
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 15, "theirs")
    found = ccc("conflicts", "--now", "--json", exit=0).json
    assert found["hot_files"] == [{"path": "app.py", "sessions": [one.name, two.name]}]


def test_a_radar_that_is_switched_off_forgets_and_says_so(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    ccc("conflicts", "--now", exit=3)
    ready.write(".ccc/config.toml", "[radar]\non = false\n")
    shown = ccc("conflicts", "--now", exit=0).stdout
    assert shown == "the radar is switched off: radar.on in .ccc/config.toml\n"
    assert (workspace_of(ready).layout.radar / "off").exists()
    ready.write(".ccc/config.toml", "[radar]\non = true\n")
    ccc("conflicts", "--now", exit=3)


def test_who_asks_first_is_told_what_is_so(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    for task in ("One", "Two"):
        spawn("backend", task).tree.write("README.md", f"# {task}\n")
    (shown,) = ccc("conflicts", "--json", exit=3).json["pairs"]
    assert shown["files"][0]["path"] == "README.md"
