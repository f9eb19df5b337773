"""A repository moved under its agents: nothing is made in the old place, and they go on in the new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo


class There:
    """Runs ccc in another place than the test's own."""

    def __init__(self, ccc: RunsCcc, place: Path) -> None:
        self._ccc, self._place = ccc, place

    def __call__(self, *arguments: str, **how: object) -> object:
        return self._ccc(*arguments, cwd=self._place, **how)  # type: ignore[arg-type]


@pytest.mark.slow
def test_agents_go_on_where_repository_and_worktrees_were_moved_to(
    ready: Repo, start: Starts, ccc: RunsCcc, tmp_path: Path
) -> None:
    agent = start([{"say": "begin"}, {"wait": {"seconds": 600}}])
    agent.becomes("running")
    host = agent.pid("host")
    new = tmp_path / "new"
    new.mkdir()
    for name in ("repo.ccc", "repo"):
        (tmp_path / name).rename(new / name)
    moved = replace(agent, ccc=There(ccc, new / "repo"), runs=new / "repo" / ".git" / "ccc" / "runs")  # type: ignore[arg-type]
    try:
        until(lambda: not (Path("/proc") / str(host)).exists(), "the host ended")
        seen = moved.becomes("unknown")
        assert seen["evidence"][0]["what"] == f"nothing at {agent.path}"
        refused = ccc("send", agent.name, "hello", cwd=new / "repo", exit=1).stderr
        assert "hint: git ccc doctor --fix" in refused
        ccc("doctor", "--fix", cwd=new / "repo")
        assert moved.becomes("running")["worktree"] == str(new / "repo.ccc" / agent.name)
        assert not ready.path.exists()
    finally:
        moved.end()
