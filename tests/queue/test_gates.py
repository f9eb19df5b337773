"""Gates by path and role, what their results hold for, flaky ones, and their time limits."""

from __future__ import annotations

from typing import Any

import pytest

from ccc.config.roles import RoleSet
from ccc.config.settings import load_settings
from ccc.config.strangers import strangers
from ccc.domain.gating import concerns, covers, key_of, scope
from ccc.platform.trees import marked
from tests.queue.conftest import Finish, Gated
from tests.support.program import RunsCcc


def gate_of(ccc: RunsCcc, name: str) -> dict[str, Any]:
    found: dict[str, Any] = ccc("review", name, "--json", exit=0).json["gate"]
    return found


def test_patterns_name_files_folders_and_what_is_below_them() -> None:
    assert covers(["backend"], "backend/a/b.py")
    assert covers(["backend/"], "backend/a.py")
    assert covers(["**/*.py"], "a.py")
    assert not covers(["backend"], "backend.py")
    assert not covers(["*.py"], "a/b.py")


def test_a_command_is_for_its_paths_and_its_roles() -> None:
    assert concerns((), (), (), None)
    assert concerns(("web",), (), ("docs/a", "web/b"), None)
    assert not concerns(("web",), (), ("docs/a",), None)
    assert concerns((), ("backend",), ("a",), "backend")
    assert not concerns(("web",), ("backend",), ("web/b",), "frontend")


def test_a_result_is_bound_to_the_command_and_to_all_it_may_depend_on() -> None:
    files = {"web/a": "100644 blob 1", "docs/b": "100644 blob 2"}
    assert scope(("web",), files) == scope(("web",), {**files, "docs/b": "100644 blob 3"})
    assert scope(("web",), files) != scope(("web",), {**files, "web/a": "100755 blob 1"})
    assert scope(("web",), files) != scope(("web",), {**files, "web/c": "100644 blob 1"})
    keys = {
        key_of("make", 60, (), "base", "tree"),
        key_of("make all", 60, (), "base", "tree"),
        key_of("make", 61, (), "base", "tree"),
        key_of("make", 60, ("web",), "base", "tree"),
        key_of("make", 60, (), "other", "tree"),
        key_of("make", 60, (), "base", "other"),
        key_of("make", 60, (), "base", ""),
    }
    assert len(keys) == 7


def test_a_gate_for_a_role_that_there_is_not_is_told() -> None:
    text = b'[gate]\ncommands = [{run = "make", roles = ["backend", "frontnd"]}]\n'
    settings = load_settings(text, where=".ccc/config.toml", environment={})
    (found,) = strangers(settings, RoleSet.load({}, where=".ccc/roles"), ".ccc")
    assert (found.what, found.hint) == ("gate.commands: no role frontnd", "did you mean frontend?")


@pytest.mark.slow
@pytest.mark.cold
def test_commands_run_for_their_paths_and_roles_alone(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = [
      {run = "echo web >> $RUNS", paths = "web"},
      {run = "echo api >> $RUNS", paths = ["api/**"]},
      {run = "echo role >> $RUNS", roles = "backend"},
    ]
    """)
    page = finish("frontend", "Page", {"web/page": "1"})
    ccc("merge", page.name, "--yes", exit=0)
    assert gated.ran() == ["web"]
    route = finish("backend", "Route", {"api/route": "1"})
    ccc("merge", route.name, "--yes", exit=0)
    assert gated.ran() == ["web", "api", "role"]
    guide = finish("documentation", "Guide", {"docs/more.md": "1"})
    ccc("merge", guide.name, "--yes", exit=0)
    assert gated.ran() == ["web", "api", "role"]
    message = gated.repo.git("log", "-1", "--format=%B")
    assert "Ccc-Gate: no command is for these paths and this role" in message


@pytest.mark.slow
@pytest.mark.cold
def test_a_result_with_paths_outlives_landings_elsewhere(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = [{run = "echo web >> $RUNS", paths = "web"}, {run = "echo api >> $RUNS", paths = "api"}]
    """)
    page, route = (
        finish("frontend", "Page", {"web/page": "1"}),
        finish("backend", "Route", {"api/route": "1"}),
    )
    other = finish("backend", "Other", {"api/other": "1"})
    for each in (page, route, other):
        ccc("wait", each.name, "--timeout", "60", exit=0)
        ccc("approve", each.name, exit=0)
    assert gated.ran() == ["web", "api", "api"]
    ccc("merge", page.name, exit=0)
    ccc("merge", route.name, "--yes", exit=0)
    assert gated.ran() == ["web", "api", "api"], "its files are what they were"
    ccc("merge", other.name, "--yes", exit=0)
    assert gated.ran() == ["web", "api", "api", "api"], "another landing changed its files"


@pytest.mark.slow
@pytest.mark.cold
def test_a_flaky_command_passes_and_is_marked(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = ["echo x >> $RUNS; test `wc -l < $RUNS` -ge 2"]
    """)
    session = finish("backend", "Lucky", {"file": "1"})
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("approve", session.name, exit=0)
    (command,) = gate_of(ccc, session.name)["commands"]
    assert (command["exit"], command["flaky"], len(gated.ran())) == (0, True, 2)
    assert "failed, and passed when run again" in ccc("review", session.name, exit=0).stdout
    (event,) = ccc("log", "--type", "merge.gate-passed", "--json", exit=0).json["events"]
    assert event["data"]["flaky"] == [command["command"]]


@pytest.mark.slow
@pytest.mark.cold
def test_without_retry_one_failure_is_enough(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = ["echo x >> $RUNS; test `wc -l < $RUNS` -ge 2"]
    retry = 0
    """)
    session = finish("backend", "Unlucky", {"file": "1"})
    ccc("merge", session.name, "--yes", exit=1)
    gate = gate_of(ccc, session.name)
    assert (gate["state"], gate["base_red"], len(gated.ran())) == ("failed", False, 2)


@pytest.mark.slow
@pytest.mark.cold
def test_a_time_limit_leaves_no_process(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = [{run = "echo $CCC_COMMAND >> $RUNS; (setsid sleep 300 &) ; sleep 300", timeout = "1s"}]
    retry = 0
    """)
    session = finish("backend", "Slow", {"file": "1"})
    ccc("merge", session.name, "--yes", exit=1)
    (command,) = gate_of(ccc, session.name)["commands"]
    assert command["exit"] is None
    assert [pid for each in gated.ran() for pid in marked("CCC_COMMAND", each)] == []
    assert len(gated.ran()) == 2


@pytest.mark.slow
@pytest.mark.cold
def test_kept_caches_stay_and_everything_else_goes(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = ["ls cache other >> $RUNS 2>/dev/null; mkdir cache other; touch cache/kept other/gone; true"]
    keep = ["/cache/"]
    """)
    gated.repo.commit("Ignore", {".gitignore": "cache/\nother/\n"})
    for task in ("One", "Two"):
        ccc("merge", finish("backend", task, {task: "1"}).name, "--yes", exit=0)
    assert gated.ran() == ["cache:", "kept"]
