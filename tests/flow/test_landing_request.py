"""Landing by request: opened and updated on a forge, its reviews, checks and merges read back."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.forge import PROGRAM, Stub, forge
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone, unattended

TOKEN = "dummy-token-of-the-test"
URLS = {
    "github": "https://github.localhost/team/project/pull/1",
    "gitlab": "https://gitlab.localhost/team/project/-/merge_requests/1",
}


@dataclass
class Place:
    """A repository whose target lands by request, the forge, and ccc with the forge's program on its path."""

    repo: Repo
    stub: Stub
    run: Callable[..., Outcome]
    kind: str

    @property
    def url(self) -> str:
        return URLS[self.kind]


@pytest.fixture
def place(ready: Repo, ccc: RunsCcc, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The forge of the test's parameter (`github`, `gitlab`, or the real `gh`)."""
    wanted = getattr(request, "param", "github")
    kind = "gitlab" if wanted == "gitlab" else "github"
    address = f"https://{kind}.localhost/team/project.git"
    ready.commit(
        "By request", {".ccc/config.toml": '[land]\nlanding = "pull-request"\n[approval]\nrequired = 0\n'}
    )
    origin = tmp_path / "origin.git"
    ready.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    ready.git("remote", "add", "origin", address)
    ready.git("config", f"url.{origin}.insteadOf", address)
    ready.git("push", "--quiet", "origin", "main")
    with forge(origin) as stub:
        env = environment(tmp_path, stub, wanted)

        def run(*arguments: str, exit: int | None = None, more: dict[str, str] | None = None) -> Outcome:
            return ccc(*arguments, exit=exit, env={**env, **(more or {})})

        yield Place(ready, stub, run, kind)


def environment(folder: Path, stub: Stub, wanted: str) -> dict[str, str]:
    if wanted == "gh":
        found = shutil.which("gh")
        if found is None:
            pytest.skip("gh is not installed")
        proxy = f"http://127.0.0.1:{stub.port}"
        return {"GH_TOKEN": TOKEN, "http_proxy": proxy, "GH_CONFIG_DIR": str(folder / "gh")}
    name, prefix, variable = (
        ("glab", "/api/v4", "GITLAB_TOKEN") if wanted == "gitlab" else ("gh", "", "GH_TOKEN")
    )
    program = folder / "bin" / name
    program.parent.mkdir()
    values = {
        "python": sys.executable,
        "port": stub.port,
        "prefix": prefix,
        "variable": variable,
        "name": name,
    }
    program.write_text(PROGRAM.format(**values))
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", variable: TOKEN}


@pytest.fixture
def session(place: Place, spawn: Spawns) -> Worked:
    report = "---\nstatus: done\nsummary: The page is there\n---\nIt has a form.\n"
    with unattended(place.repo):
        made = spawn("backend", "Add the login page")
        files = {"one": "1", f".ccc/sessions/{made.name}/report.md": report}
        made.tree.commit("One\n\nCcc-Status: done", files)
    return made


EVERY_FORGE = pytest.mark.parametrize(
    "place",
    ["github", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("gitlab", "gh"))],
    indirect=True,
)


@EVERY_FORGE
def test_a_request_is_opened_reviewed_and_merged_there(place: Place, session: Worked) -> None:
    before = place.repo.oid("main")
    told = place.run("merge", session.name, "--yes", exit=3).stderr
    assert f"error: {session.name} waits for review at {place.url}\n" in told
    made = place.stub.requests[1]
    assert (made.title, made.source, made.target) == (
        "Add the login page", "ccc-land/backend-add-the-login-page", "main",
    )  # fmt: skip
    assert "## Task\n\nAdd the login page\n" in made.body
    assert "## Report\n\nIt has a form.\n" in made.body
    assert "- no gate is configured\n" in made.body
    assert place.repo.oid("main") == place.stub.git("rev-parse", "main") == before
    names = place.stub.git("ls-tree", "-r", "--name-only", made.source).splitlines()
    assert "one" in names
    assert not any(name.startswith(".ccc/sessions/") for name in names)
    place.stub.approve(1, "reviewer")
    made.checks["build"] = "failure"
    place.run("merge", session.name, exit=3)
    shown = place.run("review", session.name, "--json", exit=0).json
    assert shown["request"]["opinions"] == [
        {
            "by": f"{place.kind}:reviewer",
            "state": "approved",
            "commit": shown["request"]["commit"],
            "stale": False,
        }
    ]
    assert [(each["name"], each["state"]) for each in shown["request"]["checks"]] == [("build", "failed")]
    assert shown["why_not"] == [f"waits for review at {place.url} (1 approved; checks failed: build)"]
    items = place.run("inbox", "--json", exit=0).json["items"]
    assert [(item["kind"], item["text"]) for item in items] == [
        ("approval", f"waits for review at {place.url} (1 approved; checks failed: build)")
    ]
    commit = place.stub.merge(1, "merge")
    landed = place.run("merge", session.name, "--json", exit=0).json["landed"]
    assert [each["commit"] for each in landed] == [commit]
    assert place.repo.oid("main") == commit
    assert (place.repo.path / "one").exists()
    assert place.run("status", "--json", exit=0).json["sessions"][0]["status"] == "completed"
    assert place.run("inbox", "--json", exit=0).json["items"] == []
    assert {token.partition(" ")[2] for token in place.stub.tokens} == {TOKEN}
    assert TOKEN not in place.repo.git("log", "-p", "refs/ccc")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "how"),
    [
        *(("merge", how) for how in ("merge", "squash")),  # a merge cannot be rebased there
        *((method, how) for method in ("squash", "rebase") for how in ("merge", "squash", "rebase")),
    ],
)
def test_a_session_goes_on_whatever_way_it_was_merged_there(
    place: Place, session: Worked, method: str, how: str
) -> None:
    text = f'[land]\nlanding = "pull-request"\nmethod = "{method}"\n[approval]\nrequired = 0\n'
    place.repo.commit("Method", {".ccc/config.toml": text})
    place.stub.git("fetch", "--quiet", str(place.repo.path), "+main:main")
    place.run("merge", session.name, exit=3)
    place.stub.merge(1, how)
    place.run("merge", session.name, exit=0)
    session.tree.commit("Two\n\nCcc-Status: done", one="2", two="2")
    place.run("merge", session.name, exit=3)
    changed = place.stub.git("diff", "--name-only", "main", place.stub.requests[2].source).splitlines()
    assert sorted(changed) == ["one", "two"]
    place.stub.merge(2, how)
    place.run("merge", session.name, exit=0)
    assert place.repo.git("show", "main:one") == "2"
    assert not place.repo.git("ls-tree", "-r", "--name-only", "main", ".ccc/sessions")
    place.run("fsck", exit=0)


@pytest.mark.slow
def test_a_new_commit_updates_the_request_and_makes_its_reviews_stale(place: Place, session: Worked) -> None:
    place.run("merge", session.name, exit=3)
    place.stub.approve(1, "reviewer")
    place.run("merge", session.name, exit=3)
    first = place.stub.head(place.stub.requests[1])
    session.tree.commit("Two\n\nCcc-Status: done", two="2")
    told = place.run("review", session.name, exit=0).stdout
    assert f"request    {place.url} is open, of " in told
    assert "github:reviewer approved, stale" in told
    place.run("merge", session.name, exit=3)
    assert list(place.stub.requests) == [1]
    assert place.stub.head(place.stub.requests[1]) != first
    told = place.run("merge", session.name, exit=3).stderr
    assert "(1 stale)" in told


@pytest.mark.slow
def test_a_request_closed_without_merge_is_told_and_can_be_opened_again(
    place: Place, session: Worked
) -> None:
    place.run("merge", session.name, exit=3)
    place.stub.requests[1].state = "closed"
    place.run("merge", session.name, exit=3)
    assert list(place.stub.requests) == [1, 2]


@pytest.mark.slow
def test_the_background_notices_what_happened_there(place: Place, session: Worked) -> None:
    place.run("merge", session.name, exit=3)
    place.stub.requests[1].state = "closed"
    place.run("drain", "--background", exit=0)
    items = place.run("inbox", "--json", exit=0).json["items"]
    assert [item["title"] for item in items if item["kind"] == "message"] == [
        f"the request of {session.name} was closed"
    ]


@pytest.mark.slow
def test_a_branch_that_somebody_pushed_to_is_left_alone(place: Place, session: Worked) -> None:
    place.run("merge", session.name, exit=3)
    branch = place.stub.requests[1].source
    place.stub.git("update-ref", f"refs/heads/{branch}", place.stub.git("rev-parse", "main"))
    session.tree.commit("Two\n\nCcc-Status: done", two="2")
    told = place.run("merge", session.name, exit=1).stderr
    assert "which ccc did not push" in told


@pytest.mark.slow
def test_a_dirty_target_is_left_alone_and_the_landing_is_known(place: Place, session: Worked) -> None:
    place.run("merge", session.name, exit=3)
    commit = place.stub.merge(1, "squash")
    first = place.repo.git("ls-files").splitlines()[-1]
    place.repo.write(first, "dirty")
    before = place.repo.oid("main")
    told = place.run("merge", session.name, exit=0)
    assert "main is not brought along" in told.stderr
    assert place.repo.oid("main") == before
    shown = place.run("show", session.name, "--json", exit=0).json
    assert shown["status"] == "completed"
    place.repo.git("checkout", "--quiet", "--", first)
    place.repo.git("pull", "--quiet", "--ff-only", "origin", "main")
    assert place.repo.oid("main") == commit
    assert place.run("inbox", "--json", exit=0).json["items"] == []


@pytest.mark.slow
@pytest.mark.parametrize("step", ["request-opening", "request-pushed", "request-opened"])
def test_asking_killed_at_any_step_is_asked_again_once(place: Place, session: Worked, step: str) -> None:
    killed = place.run("merge", session.name, more={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    place.run("merge", session.name, exit=3)
    assert list(place.stub.requests) == [1]
    place.stub.merge(1, "merge")
    place.run("merge", session.name, exit=0)
    place.run("fsck", exit=0)


@pytest.mark.slow
def test_secrets_do_not_go_into_a_request(place: Place, spawn: Spawns) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    leaky = spawn("backend", f"Use {secret} for it")
    leaky.tree.commit("One\n\nCcc-Status: done", one="1")
    place.run("merge", leaky.name, exit=3)
    made = place.stub.requests[1]
    assert secret not in made.title + made.body


@pytest.mark.slow
def test_without_the_program_it_is_said_how_to_get_it(place: Place, session: Worked, tmp_path: Path) -> None:
    for name in ("git", "sh"):
        (tmp_path / "only").mkdir(exist_ok=True)
        (tmp_path / "only" / name).symlink_to(str(shutil.which(name)))
    told = place.run("merge", session.name, exit=1, more={"PATH": str(tmp_path / "only")}).stderr
    assert "error: gh is not installed" in told
    assert "gh auth login --hostname github.localhost" in told


@pytest.mark.slow
@pytest.mark.parametrize("how", ["merge", "squash"])
def test_what_was_merged_there_is_reverted_there_and_can_land_again(
    place: Place, session: Worked, how: str
) -> None:
    place.run("merge", session.name, exit=3)
    merged = place.stub.merge(1, how)
    place.run("merge", session.name, exit=0)
    assert f"was merged at {place.url} by github:maintainer" in place.run("undo", session.name, exit=1).stderr
    stub = place.stub
    reverted = stub.git("commit-tree", f"{merged}^1^{{tree}}", "-p", merged, "-m", "Revert it")
    stub.git("update-ref", "refs/heads/main", reverted)
    place.repo.git("pull", "-q", "--ff-only", "origin", "main")
    assert not (place.repo.path / "one").exists()
    assert "has all of it, and can land again" in place.run("undo", session.name, exit=0).stdout
    place.run("merge", session.name, exit=3)
    stub.merge(2, how)
    place.run("merge", session.name, exit=0)
    assert (place.repo.path / "one").read_text() == "1"


@pytest.mark.slow
@pytest.mark.parametrize("step", ["land-intended", "land-swapped", "land-advanced"])
def test_reading_a_merge_back_killed_at_any_step_is_finished_by_the_next(
    place: Place, session: Worked, step: str
) -> None:
    place.run("merge", session.name, exit=3)
    alone(place.repo)  # else it is read back in the background
    commit = place.stub.merge(1, "squash")
    killed = place.run("merge", session.name, more={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    place.run("merge", session.name, exit=0)
    assert place.repo.oid("main") == commit
    assert (place.repo.path / "one").exists()
    assert place.repo.git("status", "--porcelain") == ""
    place.run("fsck", exit=0)
