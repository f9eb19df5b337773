"""Every hook the user has still runs in a session's worktree, as git alone would run it, and can refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccc.git import hookfiles, hookshims
from ccc.git.hookconfig import read_settings
from tests.hooks.making import forget, hook, in_shell, installed_shells, lines, make_tree, shim
from tests.support.repository import Repo

PLACES = ["plain", "absolute", "relative", "home", "global", "system"]
OURS = {"post-applypatch", "post-checkout", "post-commit", "post-merge", "post-rewrite"}
SEEN = """\
log=$(git rev-parse --path-format=absolute --git-common-dir)/seen
{ echo "== $0 in $PWD with $# $*"
  case $0 in *post-rewrite | *pre-push) cat ;; esac
  env | grep -v '^\\(SHLVL\\|_\\)=' | sort; } >>"$log"
"""
"""All but what shells count and keep for themselves."""


def configure(repo: Repo, place: str, home: Path) -> Path:
    """Says in one of the ways git knows where the hooks lie; gives the folder to put them."""
    folders = {"plain": repo.common / "hooks", "relative": repo.path / ".githooks", "home": home / "my hooks"}
    folder = folders.get(place, repo.path.parent / "their hooks")
    if place == "absolute":
        repo.git("config", "core.hooksPath", str(folder))
    elif place == "relative":
        repo.git("config", "core.hooksPath", ".githooks")
    elif place == "home":
        repo.git("config", "core.hooksPath", "~/my hooks")
    elif place == "global":
        repo.git("config", "--global", "core.hooksPath", str(folder))
    elif place == "system":
        (home / "system").write_text(f'[core]\n\thooksPath = "{folder}"\n')
    return folder


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "system":
        monkeypatch.delenv("GIT_CONFIG_NOSYSTEM")
        monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(sealed / "system"))
    return str(request.param)


def refused(repo: Repo, *arguments: str) -> str:
    """What a command that must fail printed."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        repo.git(*arguments)
    return "\n".join(caught.value.__notes__)


@pytest.mark.parametrize("early", [True, False], ids=["before-init", "after-init"])
def test_hooks_run_and_refuse_wherever_they_lie(repo: Repo, sealed: Path, place: str, early: bool) -> None:
    if not early:
        hookfiles.install(repo.common, "/gone/python")
    folder = configure(repo, place, sealed)
    hook(folder, "pre-commit", 'git diff --cached --quiet -- forbidden || { echo "no: $0"; exit 1; }')
    hook(folder, "commit-msg", 'grep -q "^[A-Z]" "$1"')
    hook(folder, "post-commit", 'pwd >>"$(git rev-parse --git-common-dir)/seen"')
    if place == "relative":
        repo.commit("Hooks for everybody")
    hookfiles.install(repo.common, "/gone/python")
    hookfiles.refresh(repo.common)
    tree = make_tree(repo, "backend-x")
    forget(repo)
    seen = repo.common / "seen"
    seen.write_text("")
    oid = tree.commit("Allowed", allowed="1")
    assert seen.read_text() == f"{tree.path}\n"
    assert lines(repo) == [f"1 post-commit ccc-backend-x {oid} - refs/heads/ccc/backend-x"]
    refused(tree, "commit", "--allow-empty", "-m", "lower case")
    tree.write("forbidden", "1")
    tree.git("add", "forbidden")
    where = ".githooks" if place == "relative" else folder
    assert f"no: {where}/pre-commit\n" in refused(tree, "commit", "-m", "Forbidden")
    assert tree.oid() == oid
    assert len(lines(repo)) == 1


@pytest.mark.parametrize("shell", installed_shells())
def test_a_hook_gets_what_git_alone_gives_it(
    hooked: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    """Name, arguments, folder, input and environment, compared with an ordinary worktree."""
    names = ["pre-commit", "commit-msg", "post-commit", "post-rewrite", "post-checkout", "pre-rebase"]
    for name in [*names, "pre-push"]:
        hook(hooked.common / "hooks", name, SEEN)
    hookfiles.refresh(hooked.common)
    in_shell(hooked, shell)
    ordinary = tmp_path / "ordinary"
    hooked.git("worktree", "add", "--quiet", "-b", "ordinary", str(ordinary))
    session = make_tree(hooked, "backend-x")
    hooked.git("clone", "--quiet", "--bare", str(hooked.path), str(tmp_path / "remote"))
    for variable in ("name", "line", "ref", "oid", "pid", "dir", "hooks", "found", "value", "here", "root"):
        monkeypatch.setenv(variable, f"the user's {variable}")
    monkeypatch.setenv("IFS", "/")
    seen = hooked.common / "seen"
    told = []
    for tree in (Repo(ordinary), session):
        admin, branch = tree.git("rev-parse", "--git-dir"), tree.git("symbolic-ref", "HEAD")
        seen.write_text("")
        _day(tree, tmp_path / "remote")
        text = seen.read_text().replace(admin, "ADMIN").replace(str(tree.path), "TOP")
        told.append(text.replace(branch, "BRANCH"))
    assert told[1] == told[0]
    for name in [*names, "pre-push"]:
        assert f"== {hooked.common}/hooks/{name} in TOP with " in told[0]


def _day(tree: Repo, remote: Path) -> None:
    fixed = {"GIT_AUTHOR_DATE": "1790000000 +0000", "GIT_COMMITTER_DATE": "1790000000 +0000"}
    tree.git("commit", "--quiet", "--allow-empty", "-m", "One", **fixed)
    tree.git("commit", "--quiet", "--allow-empty", "--amend", "-m", "Uno", **fixed)
    tree.git("rebase", "--quiet", "--force-rebase", "HEAD~1", **fixed)
    tree.git("checkout", "--quiet", "--detach")
    tree.git("push", "--quiet", "--force", str(remote), "HEAD:refs/heads/topic")
    tree.git("push", "--quiet", str(remote), ":refs/heads/topic")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("prepare-commit-msg", ["commit", "--allow-empty", "-m", "x"]),
        ("reference-transaction", ["branch", "new"]),
        ("pre-rebase", ["rebase", "--force-rebase", "HEAD~1"]),
        ("pre-merge-commit", ["merge", "--no-ff", "-m", "x", "main"]),
        ("post-checkout", ["checkout", "--detach"]),
    ],
)
def test_each_hook_that_can_refuse_does(tree: Repo, hooked: Repo, name: str, command: list[str]) -> None:
    hooked.commit("Main moves", moved="1")
    hook(hooked.common / "hooks", name, "exit 1")
    hookfiles.refresh(hooked.common)
    refused(tree, *command)


def test_a_push_into_a_sessions_worktree_meets_the_users_hooks(tree: Repo, hooked: Repo) -> None:
    hook(hooked.common / "hooks", "update", 'echo "not $1" >&2; exit 1')
    hookfiles.refresh(hooked.common)
    assert "not refs/heads/new" in refused(hooked, "push", str(tree.path), "main:refs/heads/new")


def test_there_are_shims_for_the_hooks_in_use_and_no_others(hooked: Repo) -> None:
    folder = hooked.common / "hooks"
    shims = hooked.common / "ccc" / "hooks"
    hook(folder, "pre-commit.sample", "exit 1")
    hook(folder, "helper", "exit 1")
    hook(folder, "pre-push", "exit 1").chmod(0o644)
    assert not hookfiles.refresh(hooked.common)
    assert {path.name for path in shims.iterdir()} == OURS
    hook(folder, "commit-msg", "exit 1")
    assert hookfiles.refresh(hooked.common)
    assert {path.name for path in shims.iterdir()} == {*OURS, "commit-msg"}
    (folder / "commit-msg").unlink()
    assert hookfiles.refresh(hooked.common)
    assert {path.name for path in shims.iterdir()} == OURS


def test_a_relative_path_is_looked_up_in_every_worktree(tree: Repo, hooked: Repo) -> None:
    hooked.git("config", "core.hooksPath", ".githooks")
    hook(tree.path / ".githooks", "pre-push", "exit 1")
    hook(hooked.path / ".githooks", "pre-rebase", "exit 1")
    wanted = hookshims.wanted_names(hooked.common, read_settings(hooked.common).hooks_path)
    assert wanted == {*OURS, "pre-push", "pre-rebase"}


def test_a_hooks_path_set_to_nothing_switches_hooks_off(tree: Repo, hooked: Repo) -> None:
    hook(hooked.common / "hooks", "post-commit", 'echo ran >>"$(git rev-parse --git-common-dir)/seen"')
    tree.commit("One", one="1")
    hooked.git("config", "core.hooksPath", "")
    tree.commit("Two", two="2")
    assert (hooked.common / "seen").read_text() == "ran\n"


def test_what_git_would_not_run_is_not_run(tree: Repo, hooked: Repo) -> None:
    hook(hooked.common / "hooks", "post-commit", "exit 1").chmod(0o644)
    (hooked.common / "hooks" / "post-checkout").mkdir()
    tree.commit("One", one="1")
    tree.git("checkout", "--quiet", "--detach")
    assert len(lines(hooked)) == 2


def test_a_hook_without_its_first_line_runs(tree: Repo, hooked: Repo) -> None:
    path = hook(hooked.common / "hooks", "post-commit", "")
    path.write_text('echo "$0" >"$(git rev-parse --git-common-dir)/seen"\n')
    tree.commit("One", one="1")
    assert (hooked.common / "seen").read_text() == f"{path}\n"


@pytest.mark.parametrize("where", ["--local", "--global"])
def test_a_new_hooks_path_counts_from_the_next_commit_on(tree: Repo, hooked: Repo, where: str) -> None:
    tree.commit("The hooks path is remembered", one="1")
    hook(hooked.path.parent / "later", "post-commit", 'echo later >"$(git rev-parse --git-common-dir)/seen"')
    hooked.git("config", where, "core.hooksPath", str(hooked.path.parent / "later"))
    tree.commit("Two", two="2")
    assert (hooked.common / "seen").read_text() == "later\n"


def test_a_hooks_path_in_an_included_file_counts_after_a_refresh(
    tree: Repo, hooked: Repo, sealed: Path
) -> None:
    hooked.git("config", "--global", "include.path", str(sealed / "more"))
    hookfiles.refresh(hooked.common)
    tree.commit("The hooks path is remembered", one="1")
    hook(sealed / "later", "post-commit", 'echo later >"$(git rev-parse --git-common-dir)/seen"')
    (sealed / "more").write_text(f"[core]\n\thooksPath = {sealed / 'later'}\n")
    assert hookfiles.refresh(hooked.common)
    tree.commit("Two", two="2")
    assert (hooked.common / "seen").read_text() == "later\n"


def test_people_who_share_a_repository_keep_their_own_hooks(tree: Repo, hooked: Repo, tmp_path: Path) -> None:
    for person in ("one", "other"):
        folder = tmp_path / person / "hooks"
        hook(folder, "post-commit", f'echo {person} >>"$(git rev-parse --git-common-dir)/seen"')
        text = f"[user]\n\tname = {person}\n\temail = {person}@example.com\n[core]\n\thooksPath = {folder}\n"
        (tmp_path / person / "gitconfig").write_text(text)
    for person in ("one", "other", "one"):
        config = str(tmp_path / person / "gitconfig")
        tree.git("commit", "--quiet", "--allow-empty", "-m", person, GIT_CONFIG_GLOBAL=config)
    assert (hooked.common / "seen").read_text() == "one\nother\none\n"


def test_shims_that_another_tool_replaced_come_back(tree: Repo, hooked: Repo) -> None:
    shim(hooked, "post-commit").rename(shim(hooked, "post-commit.old"))
    hook(shim(hooked, "x").parent, "post-commit", "exit 0")
    assert hookfiles.problems(hooked.common)[0].endswith("outdated: post-commit")
    assert hookfiles.refresh(hooked.common)
    tree.commit("One", one="1")
    assert len(lines(hooked)) == 1
    assert {path.name for path in shim(hooked, "x").parent.iterdir()} == OURS


def test_real_pre_commit_runs_and_refuses(hooked: Repo) -> None:
    guard = "sh -c 'for f; do case $f in *forbidden*) exit 1;; esac; done' --"
    head = "repos:\n- repo: local\n  hooks:\n  - id: guard\n    name: guard\n    language: system\n"
    hooked.commit("Use pre-commit", {".pre-commit-config.yaml": f"{head}    entry: {guard}\n"})
    command = [sys.executable, "-m", "pre_commit", "install"]
    subprocess.run(command, cwd=hooked.path, check=True, capture_output=True)
    hookfiles.refresh(hooked.common)
    tree = make_tree(hooked, "backend-x")
    oid = tree.commit("Allowed", allowed="1")
    tree.write("forbidden", "1")
    tree.git("add", "forbidden")
    assert "guard....." in refused(tree, "commit", "-m", "Forbidden")
    assert (tree.oid(), len(lines(hooked))) == (oid, 1)
