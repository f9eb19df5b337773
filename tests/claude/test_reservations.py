"""What the real program makes of reservations before it writes a file: a word beside it, or a refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ccc.demo.stub import Stub
from tests.claude.conftest import RunsIn
from tests.claude.speaking import write
from tests.claude.test_hook_points import ByHand, ends, ready, session
from tests.support.program import RunsCcc
from tests.support.repository import Repo

__all__ = ["ready", "session"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WRITES = ("--allowedTools", "Write")


@pytest.mark.parametrize("mode", ["warn", "deny"])
def test_a_file_of_another_session_is_written_with_a_warning_or_not_at_all(
    ready: Repo, session: ByHand, stub: Stub, ccc: RunsCcc, mode: str
) -> None:
    ready.commit("Mode", {".ccc/config.toml": f'[reserve]\nmode = "{mode}"\n'})
    run = RunsIn(ccc, ready.path)
    run("spawn", "backend", "Holder", "--no-start", exit=0)
    run("reserve", "src/", "--session", "backend-holder", exit=0)
    taken, free = (session.tree.path / name for name in ("src/new.py", "free.py"))
    stub.scripts = {"*": [write(str(taken), "x"), write(str(free), "y"), {"text": "done"}]}
    ends(session.claude(*WRITES))
    assert (taken.exists(), free.read_text()) == (mode == "warn", "y")
    words = "src/new.py is reserved by backend-holder; wait for it: git ccc reserve src/new.py"
    said = [json.dumps(request.body["messages"]) for request in stub.requests()]
    assert [words in each for each in said] == [False, True, True]
    assert "free.py is reserved" not in said[-1]


def test_a_file_outside_of_sessions_is_nobodys(tmp_path: Path, repo: Repo, ccc: RunsCcc) -> None:
    (tmp_path / "reserved").write_text("deny backend-x :(literal,top)src\n")
    told = {"hook_event_name": "PreToolUse", "cwd": str(repo.path), "tool_input": {"file_path": "src/app.py"}}
    asked = ccc("hook", "reserved", str(tmp_path), stdin=json.dumps(told))
    assert (asked.exit, asked.stdout) == (0, "")
