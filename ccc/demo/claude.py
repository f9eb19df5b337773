"""The demonstration with the real `claude` program: its scripted model, and an environment of its own."""

from __future__ import annotations

import json
from pathlib import Path

from ccc.demo.answers import Scripts
from ccc.resources import resource_dir


def scripts() -> Scripts:
    """What the model says in each of the three sessions."""
    found: Scripts = json.loads((resource_dir("templates") / "demo" / "claude.json").read_bytes())
    return found


def private_environment(folder: Path, url: str) -> dict[str, str]:
    """No account, no settings and no files of the user: everything of the program stays in `folder`."""
    places = {"TMPDIR": folder / "tmp", "CLAUDE_CONFIG_DIR": folder / "claude"}
    for place in places.values():
        place.mkdir(parents=True)
    return {
        **{name: str(place) for name, place in places.items()},
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "dummy",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
