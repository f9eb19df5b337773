"""What ccc writes into a repository's configuration, and that it acts in session worktrees only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccc.domain.hooknotes import HOOKS
from ccc.git import hookconfig, hookfiles, hookway
from ccc.git.command import NAMED
from ccc.git.hookfiles import SessionIdentity
from tests.hooks.making import ADMIN, hook, install, lines, make_tree, shim
from tests.hooks.test_harm import until_there
from tests.support.repository import Repo

MAIL = "<developer@example.com>"
ODD_NAMES = [
    'D "x" \\ ; # (backend)',
    "Zoë 開発者 (backend)",
    "tab\there",
    " edges ",
    "'$HOME' `x` %s",
    "a=b [c]",
]


def author(repo: Repo) -> str:
    """Author and committer of a new commit."""
    repo.git("commit", "--quiet", "--allow-empty", "-m", "x")
    return repo.git("log", "-1", "--format=%an <%ae>|%cn <%ce>")


def signed(name: str) -> str:
    return f"{name} {MAIL}|{name} {MAIL}"


def content(repo: Repo) -> dict[str, tuple[bytes, int]]:
    """Every file that ccc or git keeps here: bytes and time of writing."""
    files = [repo.common / "config", *(repo.common / "ccc").rglob("*")]
    return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in files if file.is_file()}


def test_identities_belong_to_one_session_each(hooked: Repo) -> None:
    trees = [make_tree(hooked, name) for name in ("backend-a", "backend-a-2", "end-a", "backend-b")]
    names = {"backend-a": "D (backend)", "backend-a-2": "D (frontend)", "end-a": "D (end)"}
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity(*pair) for pair in names.items()])
    found = [author(repo) for repo in (*trees, hooked)]
    assert found == [*map(signed, names.values()), signed("Developer"), signed("Developer")]
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-b", "D (b)")])
    assert [author(repo) for repo in trees] == [*[signed("Developer")] * 3, signed("D (b)")]
    assert [path.name for path in (hooked.common / "ccc" / "identities").iterdir()] == ["backend-b"]


def test_author_and_committer_names_of_the_user_do_not_hide_the_role(tree: Repo, hooked: Repo) -> None:
    hooked.git("config", "--global", "author.name", "Author")
    hooked.git("config", "--global", "committer.name", "Committer")
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", "D (backend)")])
    assert author(tree) == signed("D (backend)")
    assert author(hooked) == f"Author {MAIL}|Committer {MAIL}"


def test_an_unlisted_worktree_that_looks_like_ours_keeps_identity_and_signing(hooked: Repo) -> None:
    """Signing fails here, so a commit that succeeds was not signed."""
    session, mine = make_tree(hooked, "backend-x"), make_tree(hooked, "mine", listed=False)
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", "D (backend)")])
    assert author(mine) == signed("Developer")
    hooked.git("config", "--global", "commit.gpgSign", "true")
    hooked.git("config", "--global", "tag.gpgSign", "true")
    hooked.git("config", "--global", "gpg.program", "false")
    assert author(session) == signed("D (backend)")
    session.git("tag", "-m", "x", "v1")
    for repo in (mine, hooked):
        with pytest.raises(subprocess.CalledProcessError):
            author(repo)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_sign_as_they_are(tree: Repo, hooked: Repo, name: str) -> None:
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", name)])
    assert tree.git("config", "user.name") == name


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_quoted_values_are_read_back_by_git(value: str) -> None:
    text = f"[user]\n\tname = {hookconfig.quoted(value)}\n"
    command = ["git", "config", "-z", "--file", "-", "user.name"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    assert done.stdout.decode() == f"{value}\0"


def test_installing_again_changes_nothing(hooked: Repo) -> None:
    hookfiles.install(hooked.common, "/gone/python")
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", "D")])
    before = content(hooked)
    hookfiles.install(hooked.common, "/gone/python")
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", "D")])
    assert not hookfiles.refresh(hooked.common)
    assert content(hooked) == before


def test_installing_again_keeps_identities(tree: Repo, hooked: Repo) -> None:
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", "D (backend)")])
    install(hooked)
    assert author(tree) == signed("D (backend)")


def test_uninstalling_leaves_the_configuration_as_it_was(repo: Repo) -> None:
    before = (repo.common / "config").read_bytes()
    hookfiles.install(repo.common, "/gone/python")
    hookfiles.write_gitconfig(repo.common, [SessionIdentity("backend-x", "D")])
    tree = make_tree(repo, "backend-x")
    tree.commit("One", one="1")
    hookfiles.uninstall(repo.common)
    assert (repo.common / "config").read_bytes() == before
    left = {str(path.relative_to(repo.common / "ccc")) for path in (repo.common / "ccc").rglob("*")}
    assert {path for path in left if not path.startswith(("journal", "worktrees"))} == set()
    assert author(tree) == signed("Developer")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("[core]\n\thooksPath = elsewhere\n", ["core.hooksPath"]),
        (
            "[user]\n\temail = other@example.com\n\tname = Other\n[commit]\n\tgpgsign\n",
            ["user.name", "commit.gpgSign"],
        ),
        ("[include]\n\tpath = more\n", ["core.hooksPath"]),
        ("# core.hooksPath = elsewhere\n[core]\n\tautocrlf = false\n", []),
    ],
    ids=["hooks", "identity", "included", "harmless"],
)
def test_what_stands_after_the_include_is_named_and_mended(
    hooked: Repo, tree: Repo, text: str, hidden: list[str]
) -> None:
    hookfiles.install(hooked.common, "/bin/sh")
    hookfiles.write_gitconfig(hooked.common, [SessionIdentity("backend-x", "D (backend)")])
    (hooked.common / "more").write_text("[core]\n\thooksPath = elsewhere\n")
    with (hooked.common / "config").open("a") as file:
        file.write(text)
    assert hookfiles.problems(hooked.common) == [
        f"{key} is set after ccc's include and hides it" for key in hidden
    ]
    assert hookfiles.refresh(hooked.common) == bool(hidden)
    assert hookfiles.problems(hooked.common) == []
    (hooked.common / "ccc" / "drain").unlink()
    assert author(tree).startswith("D (backend) ")
    assert len(lines(hooked)) == 1


def test_a_refresh_under_a_locked_configuration_waits_for_the_next(hooked: Repo) -> None:
    hooked.git("config", "user.name", "Other")
    (hooked.common / "config.lock").touch()
    hookfiles.refresh(hooked.common)
    assert hookfiles.problems(hooked.common)[0] == "user.name is set after ccc's include and hides it"
    (hooked.common / "config.lock").unlink()
    assert hookfiles.refresh(hooked.common)
    assert hookconfig.read_settings(hooked.common).whole(hookway.Way.SHIMS)


def test_a_repeated_include_is_named_and_mended(hooked: Repo) -> None:
    hookfiles.install(hooked.common, "/bin/sh")
    with (hooked.common / "config").open("a") as file:
        file.write('[includeIf "gitdir:./worktrees/ccc-*"]\n\tpath = ccc/gitconfig\n')
    assert hookfiles.problems(hooked.common) == [
        "the common configuration includes ccc/gitconfig more than once"
    ]
    hookfiles.refresh(hooked.common)
    assert hookfiles.problems(hooked.common) == []


def test_damage_is_named_and_mended(hooked: Repo) -> None:
    root, shims = hooked.common / "ccc", "hooks are missing, not executable or outdated"
    damages: list[tuple[Callable[[], object], str]] = [
        (lambda: shim(hooked, "post-merge").chmod(0o644), f"{shims}: post-merge"),
        (shim(hooked, "post-commit").unlink, f"{shims}: post-commit"),
        (lambda: (root / "drain").chmod(0o644), "the drain script is missing or not executable"),
        ((root / "drain").unlink, "the drain script is missing or not executable"),
        ((root / "gitconfig").unlink, "ccc/gitconfig is missing, or names the hooks of another place"),
        (lambda: shutil.rmtree(root / "journal"), "hooks cannot write into the journal"),
    ]
    for damage, problem in damages:
        hookfiles.install(hooked.common, "/bin/sh")
        assert hookfiles.problems(hooked.common) == []
        damage()
        assert hookfiles.problems(hooked.common) == [problem]
    hookfiles.install(hooked.common, "/bin/sh")
    assert hookfiles.problems(hooked.common) == []


def test_a_python_that_is_gone_is_named(hooked: Repo) -> None:
    hookfiles.install(hooked.common, "/gone/python")
    assert hookfiles.problems(hooked.common) == ["the drain script names a Python that is gone"]


def test_a_missing_include_is_named(hooked: Repo) -> None:
    hookfiles.install(hooked.common, "/bin/sh")
    hookconfig.remove_include(hooked.common)
    assert hookfiles.problems(hooked.common) == ["the common configuration does not include ccc/gitconfig"]


def test_a_moved_repository_is_named_and_mended(tree: Repo, hooked: Repo) -> None:
    moved = Repo(hooked.path.rename(hooked.path.with_name("elsewhere")))
    moved.git("worktree", "repair", str(tree.path))
    assert "ccc/gitconfig is missing, or names the hooks of another place" in hookfiles.problems(moved.common)
    install(moved)
    tree.commit("One", one="1")
    assert len(lines(moved)) == 1


def test_a_hook_in_the_users_own_worktree_configuration_is_not_ours_to_run(hooked: Repo) -> None:
    hooked.git("config", "extensions.worktreeConfig", "true")
    hooked.git("config", "--worktree", "core.hooksPath", "/elsewhere")
    assert hookconfig.read_settings(hooked.common).hooks_path is None


def test_the_drain_starts_in_a_clean_environment(
    tree: Repo, hooked: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    python = hook(
        tmp_path / "an odd 'place'",
        "python",
        f'{{ printf "%s\\n" "$PWD" "$@"; env | cut -d= -f1; }} >{told}.new; mv {told}.new {told}',
    )
    hookfiles.install(hooked.common, str(python))
    for name in ("GIT_TRACE2_X", "GIT_CONFIG_KEY_0", "CCC_SESSION", "CLAUDECODE", "PYTHONPATH"):
        monkeypatch.setenv(name, "/nonexistent")
    tree.git("commit", "--quiet", "--allow-empty", "-m", "x")
    written = until_there(told).splitlines()
    common = str(hooked.common)
    assert written[:8] == [common, "-E", "-P", "-m", "ccc", "-C", common, "drain"]
    variables = set(written[9:])
    assert {name for name in variables if name.startswith(("GIT_", "CCC_", "CLAUDE"))} == {
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
    }
    assert {"HOME", "PATH"} <= variables


def test_the_drain_is_no_part_of_the_committers_process_group(
    tree: Repo, hooked: Repo, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    python = hook(tmp_path, "python", f"ps -o sid= -p $$ >{told}.new; mv {told}.new {told}")
    hookfiles.install(hooked.common, str(python))
    tree.git("commit", "--quiet", "--allow-empty", "-m", "x")
    assert int(until_there(told)) != os.getsid(0)


def test_shims_are_the_shipped_script(hooked: Repo) -> None:
    texts = {shim(hooked, name).read_text() for name in ("post-commit", "post-merge", "post-checkout")}
    assert len(texts) == 1
    assert shim(hooked, "post-commit").stat().st_mode & 0o777 == 0o755
    assert ADMIN not in texts.pop()


def test_each_of_our_hooks_is_switched_off_in_our_own_runs() -> None:
    assert set(NAMED) == {f"ccc-{event}" for event in HOOKS}
