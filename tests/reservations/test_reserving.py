"""Sessions reserve paths: the oldest holds, others wait and are told; commits there are warned or refused."""

from __future__ import annotations

import subprocess

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


def held(ccc: RunsCcc) -> list[tuple[str, str, str]]:
    rows = ccc("reserve", "--json", exit=0).json["reservations"]
    return [(each["path"], each["name"], each["state"]) for each in rows]


def commit(tree: Repo, *paths: str) -> tuple[int, str]:
    """Changes files and commits them, as an agent would; exit code and what git printed on standard error."""
    for path in paths:
        tree.write(path, f"{tree.oid()}\n")
    tree.git("add", "--all")
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "Change"], cwd=tree.path, capture_output=True, text=True, timeout=60
    )
    tree.git("reset", "-q")
    return done.returncode, done.stderr


def test_the_oldest_holds_the_next_waits_and_is_told_when_it_is_released(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    assert ccc("reserve", exit=0).stdout == "nothing is reserved\n"
    assert ccc("reserve", "src", "new.py", cwd=one.path, exit=0).stdout.splitlines() == [
        "new.py is reserved for backend-one",
        "src/** is reserved for backend-one",
    ]
    asked = ccc("reserve", "util.py", "../docs/guide.md", cwd=two.path / "src", exit=4).stdout
    assert asked.splitlines() == [
        "docs/guide.md is reserved for backend-two",
        "src/util.py is reserved for backend-one; backend-two is told when it is free",
    ]
    assert held(ccc) == [
        ("new.py", "backend-one", "held"),
        ("src/**", "backend-one", "held"),
        ("docs/guide.md", "backend-two", "held"),
        ("src/util.py", "backend-two", "waiting"),
    ]
    ccc("reserve", "src", cwd=one.path, exit=0)
    assert len(held(ccc)) == 4
    assert "has not reserved docs/**" in ccc("reserve", "--release", "docs", cwd=one.path, exit=1).stderr
    refused = ccc("reserve", "x", "--session", one.name, cwd=two.path, exit=1).stderr
    assert "a session cannot reserve for another one" in refused
    assert "is no path" in ccc("reserve", "../../outside", cwd=two.path, exit=2).stderr
    released = ccc("reserve", "--release", "src", cwd=one.path, exit=0).stdout
    assert released == "backend-one released src/**\n"
    assert ("src/util.py", "backend-two", "held") in held(ccc)
    told = until(
        lambda: [each["text"] for each in ccc("inbox", "--json", cwd=two.path, exit=0).json["items"]],
        "the word that the path is free",
    )
    assert told == ["src/util.py is reserved for you now: whoever was before you has given it back."]


@pytest.mark.cold
@pytest.mark.parametrize("command", ["status", "inbox", "reserve", "log", "conflicts", "handoff"])
def test_readers_start_anew_where_something_is_reserved(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, command: str
) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    ccc("reserve", "src", cwd=one.path, exit=0)
    ccc("reserve", "src/util.py", cwd=two.path, exit=4)
    ccc(command, exit=0)


def test_a_landing_a_closing_and_the_end_of_a_session_give_everything_back(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    landing, closing = spawn("backend", "Lands"), spawn("backend", "Closes")
    ccc("reserve", "a", "--session", landing.name, exit=0)
    ccc("reserve", "b", "--session", closing.name, exit=0)
    assert len(held(ccc)) == 2
    landing.tree.commit("Lands\n\nCcc-Status: done", a="1")
    ccc("merge", landing.name, "--yes", exit=0)
    assert held(ccc) == [("b", "backend-closes", "held")]
    ccc("close", closing.name, exit=0)
    assert held(ccc) == []
    file = ready.common / "ccc" / "reserved"
    until(lambda: not file.exists(), "nothing for hooks to look at")
    until(lambda: not (ready.common / "ccc" / "hooks" / "pre-commit").exists(), "no hook before commits")
    ccc("reserve", "c", "--session", landing.name, exit=0)
    assert held(ccc) == [("c", "backend-lands", "held")]


def test_a_commit_on_anothers_path_is_warned_or_refused_as_the_target_says(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    assert not (ready.common / "ccc" / "hooks" / "pre-commit").exists()
    ccc("reserve", "src", "app/[id].py", cwd=one.path, exit=0)
    warning = "ccc: warning: src/app.py is reserved by backend-one\n"
    assert commit(two.tree, "src/app.py", "other") == (0, warning)
    assert commit(two.tree, "app/i.py") == (0, "")
    assert commit(one.tree, "src/app.py", "app/[id].py") == (0, "")
    assert commit(ready, "src/app.py") == (0, "")
    ready.commit("Deny", {".ccc/config.toml": '[reserve]\nmode = "deny"\n'})
    ccc("reserve", "more", cwd=one.path, exit=0)
    before = two.tree.oid()
    code, words = commit(two.tree, "app/[id].py")
    assert (code, words.splitlines()) == (
        1,
        [
            "ccc: refused: app/[id].py is reserved by backend-one",
            "ccc: wait for it: git ccc reserve PATH",
        ],
    )
    assert two.tree.oid() == before


def test_a_merge_of_the_holders_work_is_nobodys_business(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    ready.commit("Deny", {".ccc/config.toml": '[reserve]\nmode = "deny"\n'})
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    one.tree.commit("Mine", {"src/app.py": "1\n"})
    two.tree.commit("Theirs", {"src/app.py": "2\n"})
    ccc("reserve", "src", cwd=one.path, exit=0)
    subprocess.run(["git", "merge", "-q", "ccc/backend/one"], cwd=two.path, capture_output=True, timeout=60)
    two.tree.write("src/app.py", "3\n")
    two.tree.git("add", "src/app.py")
    two.tree.git("commit", "-q", "-m", "Merge")
    assert len(two.tree.git("log", "-1", "--format=%P").split()) == 2


def test_the_users_own_hook_runs_behind_it(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    own = ready.common / "hooks" / "pre-commit"
    own.write_text('#!/bin/sh\necho "mine ${0##*/} $#" >&2\nexit 1\n')
    own.chmod(0o755)
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    ccc("reserve", "src", cwd=one.path, exit=0)
    warning = "ccc: warning: src/app.py is reserved by backend-one\n"
    assert commit(two.tree, "src/app.py") == (1, f"{warning}mine pre-commit 0\n")


def test_the_paths_of_a_role_are_reserved_by_one_word(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    role = "---\ndescription: Payments\npaths: ['payments/**', 'tests/pay*']\n---\nPay.\n"
    ready.commit("Role", {".ccc/roles/payments.md": role})
    session: Worked = spawn("payments", "Pay")
    ccc("reserve", "--owned", cwd=session.path, exit=0)
    assert [path for path, _, _ in held(ccc)] == ["payments/**", "tests/pay*"]
    ready.commit("Role", {".ccc/roles/helper.md": "---\ndescription: Helper\n---\nHelp.\n"})
    other = spawn("helper", "Other")
    assert "the role helper owns no paths" in ccc("reserve", "--owned", cwd=other.path, exit=1).stderr


def test_a_path_that_is_not_utf8_is_refused_with_words(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    refused = ccc("reserve", "caf\udce9.txt", cwd=spawn("backend", "One").path, exit=2)
    assert 'error: "caf\\351.txt" is not UTF-8\nhint: reserve the folder that it is in\n' in refused.stderr


def test_who_would_wait_in_a_circle_is_refused_and_the_circle_named(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    one, two, three = (spawn("backend", name) for name in ("One", "Two", "Three"))
    for session, path in ((one, "a"), (two, "b"), (three, "c")):
        ccc("reserve", path, cwd=session.path, exit=0)
    ccc("reserve", "b", cwd=one.path, exit=4)
    ccc("reserve", "c", cwd=two.path, exit=4)
    before = held(ccc)
    refused = ccc("reserve", "free", "a", cwd=three.path, exit=1).stderr.splitlines()
    assert refused == [
        "error: backend-three would wait in a circle: backend-three waits for backend-one (a); "
        "backend-one waits for backend-two (b); backend-two waits for backend-three (c)",
        "hint: give back first: git ccc reserve --release c",
    ]
    assert held(ccc) == before, "nothing of it, for half of what was asked for may be of no use"
    words = ccc("reserve", "a", cwd=two.path, exit=1).stderr
    assert "backend-two waits for backend-one (a); backend-one waits for backend-two (b)" in words
    ccc("reserve", "--release", "c", cwd=three.path, exit=0)
    ccc("reserve", "a", cwd=three.path, exit=4)
    assert [each["kind"] for each in ccc("inbox", "--json", exit=0).json["items"]] == []


def test_who_waits_already_may_reserve_what_is_free(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    ccc("reserve", "a", cwd=one.path, exit=0)
    ccc("reserve", "a", cwd=two.path, exit=4)
    ccc("reserve", "b", cwd=two.path, exit=0)
    assert ("b", "backend-two", "held") in held(ccc)
