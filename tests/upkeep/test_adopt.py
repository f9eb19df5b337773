"""Taking branches and worktrees that ccc did not make under its care."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccc.errors import InsideAgent
from ccc.ops.adopt import adopt
from ccc.ops.adoption import Request
from ccc.ops.close import close
from ccc.ops.look import look
from ccc.ops.reopen import reopen
from ccc.ops.workspace import Workspace
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.adopting import names_in, refusal, take
from tests.upkeep.conftest import Place, content_of, status_of


def status(place: Place, name: str) -> str:
    picture = look(place.workspace)
    return picture.of(place.session(name)).view.status


def test_a_branch_gets_a_worktree_and_not_one_commit(place: Place) -> None:
    place.repo.git("branch", "feature/x")
    session = take(place, "feature/x")
    tree = place.tree(session)
    assert tree.path == place.repo.path.parent / "repo.ccc" / "implementation-x"
    assert tree.git("symbolic-ref", "HEAD") == "refs/heads/feature/x"
    assert tree.oid() == place.repo.oid("main") == session.base == session.head
    assert (session.role, session.task, session.target) == (
        "implementation",
        "Document the application",
        "main",
    )
    assert status_of(tree) == "## feature/x\0"
    assert place.subjects() == [f"implementation-x: adopted branch feature/x at {session.head[:7]}"]
    assert status(place, "implementation-x") == "created"


def test_a_worktree_made_by_hand_stays_where_and_as_it_is(place: Place, by_hand: Repo) -> None:
    before = content_of(by_hand.path), status_of(by_hand), by_hand.git("reflog"), by_hand.oid()
    index = (place.repo.common / "worktrees" / "login" / "index").read_bytes()
    session = take(place, str(by_hand.path), role="backend", task="Finish the login")
    assert (place.repo.common / "worktrees" / "ccc-backend-login" / "index").read_bytes() == index
    assert (content_of(by_hand.path), status_of(by_hand), by_hand.git("reflog"), by_hand.oid()) == before
    assert session.worktree == str(by_hand.path)
    assert (session.name, session.branch, session.task) == (
        "backend-login",
        "feature/login",
        "Finish the login",
    )
    assert (session.base, session.head) == (place.repo.oid("main"), by_hand.oid())
    assert names_in(place.repo.common / "worktrees") == ["ccc-backend-login"]
    assert status(place, "backend-login") == "running"
    assert str(by_hand.path) in place.repo.git("worktree", "list")


def test_the_brief_is_on_the_state_only(place: Place, by_hand: Repo) -> None:
    session = take(place, "feature/login", task="Finish the login")
    assert session.brief is not None
    brief = place.workspace.reader.state().blob(session.brief).decode()
    assert "Finish the login" in brief
    assert f"`{by_hand.path}`" in brief
    assert not (by_hand.path / ".ccc").exists()


def test_commits_in_an_adopted_worktree_are_noted_and_signed_for_the_role(
    place: Place, by_hand: Repo
) -> None:
    take(place, "feature/login", role="backend")
    by_hand.commit("Change login", {"src/login.py": "two\n"})
    assert by_hand.git("log", "-1", "--format=%an").endswith(" (backend)")
    assert place.session("backend-login").head == by_hand.oid()
    assert place.subjects()[-1] == f"backend-login: committed {by_hand.oid()[:7]} Change login"


@pytest.mark.slow
def test_an_adopted_worktree_lands_closes_and_comes_back(place: Place, by_hand: Repo) -> None:
    session = take(place, "feature/login", role="backend")
    by_hand.git("checkout", "-q", "--", ".")
    by_hand.git("reset", "-q", "--hard")
    landing = place.land(place.session(session.name))
    assert place.repo.oid("main") == landing.commit
    assert status(place, session.name) == "completed"
    closed = close(place.workspace, place.session(session.name))
    assert not by_hand.path.exists()
    assert place.repo.git("branch", "--list", "feature/login") == ""
    assert closed.backup is not None
    reopen(place.workspace, place.session(session.name))
    assert by_hand.git("symbolic-ref", "HEAD") == "refs/heads/feature/login"
    assert (by_hand.path / "idea.txt").read_text() == "untracked\n"


@pytest.mark.slow
def test_uncommitted_work_is_backed_up_by_closing(place: Place, by_hand: Repo) -> None:
    session = take(place, "feature/login")
    (by_hand.path / "debug.log").unlink()
    before = content_of(by_hand.path), status_of(by_hand)
    close(place.workspace, session)
    assert not by_hand.path.exists()
    reopen(place.workspace, place.session(session.name))
    assert (content_of(by_hand.path), status_of(by_hand)) == before


def test_the_command_says_what_closing_will_do(place: Place, by_hand: Repo, ccc_inline: RunsCcc) -> None:
    said = ccc_inline("adopt", ".", "--name", "sign-in", cwd=by_hand.path / "src", exit=0).stdout.splitlines()
    name = "implementation-sign-in"
    assert said[0].startswith(f"{name}  ")
    assert said[1:] == [
        f"  branch    feature/login at {by_hand.oid()[:7]}, to land on main",
        f"  worktree  {by_hand.path}  (as it was)",
        f"  brief     git ccc show {name} --brief",
        f"  go on     cd {by_hand.path}",
        f'  claude    claude --settings "$(git ccc hook settings {name})"',
        f"  or        git ccc start {name}",
        f"  note      git ccc close {name} backs this worktree up and takes it away; the branch",
        "            goes, too, once main contains it, and git ccc undo brings both back",
    ]


def test_the_document_is_that_of_spawn(place: Place, ccc_inline: RunsCcc) -> None:
    place.repo.git("branch", "topic")
    made = ccc_inline("adopt", "topic", "--task", "-", "--json", stdin="From\na pipe\n", exit=0).json
    (session,) = made["sessions"]
    assert (session["name"], session["task"], session["engine"]) == (
        "implementation-topic",
        "From\na pipe",
        None,
    )


@pytest.mark.slow
def test_names_that_are_taken_are_counted_on_or_refused(place: Place) -> None:
    for branch in ("one/x", "two/x", "three/x"):
        place.repo.git("branch", branch)
    assert [take(place, "one/x").name, take(place, "two/x").name] == [
        "implementation-x",
        "implementation-x-2",
    ]
    assert refusal(place, "three/x", name="x").startswith("the name implementation-x is taken\n")


def test_the_base_is_where_the_branch_left_its_target(place: Place, by_hand: Repo) -> None:
    fork = place.repo.oid("main")
    place.repo.commit("Go on", {"README.md": "# Other\n"})
    assert take(place, "feature/login").base == fork


@pytest.mark.slow
def test_relative_links_stay_relative(place: Place, by_hand: Repo) -> None:
    (by_hand.path / ".git").write_text("gitdir: ../repo/.git/worktrees/login\n")
    (place.repo.common / "worktrees/login/gitdir").write_text("../../../../login/.git\n")
    take(place, "feature/login")
    assert (by_hand.path / ".git").read_text() == (
        "gitdir: ../repo/.git/worktrees/ccc-implementation-login\n"
    )
    assert by_hand.git("symbolic-ref", "HEAD") == "refs/heads/feature/login"


@pytest.mark.slow
def test_a_folder_named_like_a_sessions_keeps_working(place: Place) -> None:
    path = place.repo.path.parent / "ccc-implementation-x"
    place.repo.git("worktree", "add", "-q", "-b", "x", str(path))
    assert take(place, "x").name == "implementation-x"
    assert Repo(path).git("symbolic-ref", "HEAD") == "refs/heads/x"


def test_sessions_adopt_nothing(place: Place, by_hand: Repo) -> None:
    spawned = place.spawn()
    inside = Workspace.open(Path(spawned.worktree or ""), os.environ)
    with pytest.raises(InsideAgent, match="not for sessions"):
        adopt(inside, Request("feature/login"))


@pytest.mark.slow
def test_files_git_does_not_carry_go_into_a_new_worktree_only(place: Place, by_hand: Repo) -> None:
    place.repo.write(".ccc/config.toml", '[session]\ncopy = [".env"]\n')
    place.repo.write(".env", "A=1\n")
    place.repo.git("branch", "topic")
    assert (place.tree(take(place, "topic")).path / ".env").read_text() == "A=1\n"
    take(place, "feature/login")
    assert not (by_hand.path / ".env").exists()
