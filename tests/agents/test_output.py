"""`git ccc output` of sessions at work."""

from __future__ import annotations

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import DONE
from tests.support.program import RunsCcc
from tests.support.repository import Repo


@pytest.mark.slow
def test_a_conversation_is_shown_paged_and_followed_to_its_end(start: Starts, ccc: RunsCcc) -> None:
    agent = start([{"say": "\x1b[31mI begin"}, *DONE, {"say": "I am done"}])
    agent.becomes("unchecked")
    page = ccc("output", agent.name, "--json", exit=0).json
    assert page["turns"][0] == {
        "n": 1,
        "at": None,
        "role": "agent",
        "text": "\x1b[31mI begin",
        "tool": None,
        "ok": None,
    }
    assert {"type": "file", "path": "part.txt"} in page["output"]["artifacts"]
    assert ccc("output", agent.name, "--since", page["cursor"], "--json", exit=0).json["turns"] == []
    last = ccc("logs", agent.name, "-n", "1", "--json", exit=0).json["turns"]
    assert [turn["n"] for turn in last] == [page["turns"][-1]["n"]]
    shown = ccc("output", agent.name, exit=0).stdout
    assert "I begin" in shown
    assert "\x1b" not in shown
    assert '"type": "says"' in ccc("output", agent.name, "--raw", exit=0).stdout
    ccc("stop", agent.name, exit=0)
    followed = ccc("output", agent.name, "-f", "--json", exit=0).json_lines
    assert [turn["n"] for each in followed for turn in each["turns"]] == [turn["n"] for turn in page["turns"]]
    assert ccc("output", agent.name, "--since", "nonsense").exit == 2


def test_a_session_worked_by_hand_shows_its_commits(ready: Repo, ccc: RunsCcc) -> None:
    made = ccc("spawn", "backend", "By hand", "--no-start", "--json", exit=0).json["sessions"][0]
    Repo(ready.path.parent / "repo.ccc" / made["name"]).commit("One step", one="1")
    shown = ccc("output", made["name"], exit=0)
    assert "One step" in shown.stdout
    assert shown.stderr == f"{made['name']} is worked by hand: its commits are shown\n"
