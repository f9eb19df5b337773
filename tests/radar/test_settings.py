"""The radar's settings: as validated, or as they were found to be for the very same bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ccc.config.model import Radar
from ccc.errors import BadConfig
from ccc.ops.policy import local_policy
from ccc.ops.radar.settings import KIND, RadarSettings, settings_of
from ccc.ops.workspace import Workspace
from tests.support.program import in_fresh_python
from tests.support.repository import Repo

LOOK = """
import os, sys
from pathlib import Path
from ccc.ops.radar.settings import settings_of
from ccc.ops.workspace import Workspace
found = settings_of(Workspace.open(Path.cwd(), os.environ))
print(found.on, found.hot, *sorted({'pydantic', 'yaml'} & set(sys.modules)))
"""
ROLE = "---\ndescription: Paints\n---\nPaint.\n"


def workspace_of(repo: Repo) -> Workspace:
    return Workspace.open(repo.path, os.environ)


def looked(repo: Repo) -> str:
    """What a process of its own finds, and what it loads for that."""
    return in_fresh_python(LOOK, cwd=repo.path).stdout.strip()


def kept(repo: Repo) -> Path:
    return workspace_of(repo).layout.cache / f"{KIND}.json"


def test_the_defaults_are_those_of_the_configuration() -> None:
    assert RadarSettings() == RadarSettings(**Radar().model_dump())


def test_without_a_configuration_nothing_is_validated_and_nothing_kept(ready: Repo) -> None:
    assert looked(ready) == "True 3"
    assert not kept(ready).exists()


def test_a_configuration_is_validated_once(ready: Repo) -> None:
    ready.write(".ccc/config.toml", "[radar]\non = false\nhot = 7\n")
    ready.write(".ccc/roles/painter.md", ROLE)
    assert looked(ready) == "False 7 pydantic yaml"
    assert looked(ready) == "False 7"


def test_a_change_of_any_file_is_seen_at_once(ready: Repo) -> None:
    ready.write(".ccc/config.toml", "[radar]\nhot = 7\n")
    assert settings_of(workspace_of(ready)) == RadarSettings(hot=7)
    ready.write(".ccc/config.toml", "[radar]\nhot = 8\n")
    assert settings_of(workspace_of(ready)) == RadarSettings(hot=8)
    ready.write(".ccc/roles/painter.md", ROLE)
    assert looked(ready) == "True 8 pydantic yaml"
    ready.write(".ccc/roles/painter.md", "---\nno: key\n---\nPaint.\n")
    assert settings_of(workspace_of(ready)) == RadarSettings()


def test_what_is_wrong_is_refused_in_the_same_words_after_something_good_was_kept(ready: Repo) -> None:
    ready.write(".ccc/config.toml", "[radar]\nhot = 7\n")
    settings_of(workspace_of(ready))
    ready.write(".ccc/config.toml", "\n[radar]\nhot = 1\n")
    assert settings_of(workspace_of(ready)) == RadarSettings()
    with pytest.raises(BadConfig, match=r"^\.ccc/config\.toml:3: radar\.hot: "):
        local_policy(workspace_of(ready))


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"signature": 1}', "other"])
def test_what_is_kept_and_damaged_or_of_another_shape_is_not_believed(ready: Repo, damage: str) -> None:
    ready.write(".ccc/config.toml", "[radar]\nhot = 7\n")
    settings_of(workspace_of(ready))
    if damage == "other":
        damage = json.dumps({**json.loads(kept(ready).read_bytes()), "on": "no", "hot": None})
    kept(ready).write_text(damage)
    assert settings_of(workspace_of(ready)) == RadarSettings(hot=7)


def test_limits_and_gates_are_never_taken_from_what_is_kept(ready: Repo) -> None:
    ready.write(".ccc/config.toml", "[limits]\nparallel = 3\n[gate]\ncommands = ['true']\n")
    settings_of(workspace_of(ready))
    assert set(json.loads(kept(ready).read_bytes())) == {"signature", "on", "hot"}
