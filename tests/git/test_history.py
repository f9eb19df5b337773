"""Commits, differences and uncommitted paths as git tells them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.errors import GitFailed
from ccc.git import history
from ccc.git.history import DirtyPath, FileChange, quoted
from ccc.git.repository import Repository
from tests.support.repository import Repo


def test_commits_come_oldest_first_with_all_they_say(repo: Repo, repository: Repository) -> None:
    old = repo.oid()
    repo.commit(
        "One\n\nBody of\ntwo lines.\n\nCcc-Status: done\nCcc-Progress: 50\nCcc-Progress: 60\n  folded\n",
        a="1",
    )
    repo.commit("Two", a="2")
    one, two = history.commits_between(repository.git, old, "HEAD")
    assert (one.subject, two.subject) == ("One", "Two")
    assert (one.parents, two.parents) == ((old,), (one.oid,))
    assert one.author == "Developer <developer@example.com>"
    assert one.at == int(repo.git("log", "-1", "--format=%ct", one.oid))
    assert one.body.startswith("Body of\ntwo lines.\n")
    assert one.trailers == {"Ccc-Status": ["done"], "Ccc-Progress": ["50", "60 folded"]}
    assert two.trailers == {}


def test_the_whole_history_and_none_of_it(repo: Repo, repository: Repository) -> None:
    subjects = [commit.subject for commit in history.commits_between(repository.git, None, "main")]
    assert subjects == ["Begin", "Add the application", "Document the application"]
    assert history.commits_between(repository.git, "main", "main") == []
    assert history.commits_between(repository.git, None, "main", exclude=["main"]) == []


def commit_raw(repo: Repo, message: bytes, *config: str) -> str:
    command = ["git", *config, "commit-tree", "HEAD^{tree}", "-p", "HEAD"]
    return (
        subprocess.run(command, cwd=repo.path, input=message, capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )


def hashed(repo: Repo, content: bytes) -> str:
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
    return (
        subprocess.run(command, cwd=repo.path, input=content, capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )


def test_a_message_in_another_encoding_is_read(repo: Repo, repository: Repository) -> None:
    oid = commit_raw(repo, b"Caf\xe9\n\nBy: Ren\xe9\n", "-c", "i18n.commitEncoding=ISO-8859-1")
    (commit,) = history.commits_between(repository.git, "HEAD", oid)
    assert (commit.subject, commit.trailers) == ("Café", {"By": ["René"]})


def test_a_message_in_no_encoding_is_read_as_far_as_it_goes(repo: Repo, repository: Repository) -> None:
    head = repo.git("cat-file", "commit", "HEAD").split("\n\n")[0].encode()
    oid = hashed(repo, head + b"\n\nCaf\xe9 \x1e\x1f \x01 end\n\nbody \x1e\xff\n")
    (commit,) = history.commits_between(repository.git, "HEAD~", oid)
    assert commit.subject == "Caf\ufffd \x1e\x1f \x01 end"
    assert commit.body == "body \x1e\ufffd\n"


def test_a_commit_without_any_message_is_read(repo: Repo, repository: Repository) -> None:
    (commit,) = history.commits_between(repository.git, "HEAD", commit_raw(repo, b""))
    assert (commit.subject, commit.body) == ("", "")


def test_configuration_for_people_does_not_change_what_is_read(repo: Repo, repository: Repository) -> None:
    before = history.commits_between(repository.git, None, "HEAD")
    for key, value in [
        ("log.showSignature", "true"),
        ("color.ui", "always"),
        ("format.pretty", "oneline"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("log.date", "relative"),
        ("diff.noprefix", "true"),
        ("status.short", "true"),
        ("status.showUntrackedFiles", "no"),
    ]:
        repo.git("config", key, value)
    assert history.commits_between(repository.git, None, "HEAD") == before
    repo.write("new", "1\n")
    assert history.dirty(repo.path) == [DirtyPath("new", "??")]


def test_ancestors_bases_and_distances(repo: Repo, repository: Repository) -> None:
    git, base = repository.git, repo.oid()
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit("Side", s="1")
    repo.git("checkout", "-q", "main")
    repo.commit("One", a="1")
    main = repo.commit("Two", a="2")
    assert history.is_ancestor(git, base, side)
    assert history.is_ancestor(git, side, side)
    assert not history.is_ancestor(git, side, main)
    assert history.merge_base(git, side, main) == base
    assert history.ahead_behind(git, side, main) == (1, 2)
    with pytest.raises(GitFailed):
        history.is_ancestor(git, "1" * 40, main)
    alone = repo.git("commit-tree", "-m", "Alone", "HEAD^{tree}")
    assert history.merge_base(git, alone, main) is None


def test_changed_files_with_counts_and_what_happened(repo: Repo, repository: Repository) -> None:
    long = "".join(f"line {number}\n" for number in range(40))
    repo.commit("Before", {"long": long, "gone": "nothing like\nthe other\n"})
    repo.git("mv", "long", "caf\udce9")
    repo.git("rm", "-q", "gone")
    (repo.path / "binary").write_bytes(b"\0\1")
    (repo.path / "README.md").unlink()
    (repo.path / "README.md").symlink_to("docs")
    repo.commit("After", {"new name": "1\n", "caf\udce9": long + "more\n"})
    assert history.diff_stat(repository.git, "HEAD~", "HEAD") == [
        FileChange("README.md", 1, 1, "T"),
        FileChange("binary", None, None, "A"),
        FileChange('"caf\\351"', 1, 0, "R", "long"),
        FileChange("gone", 0, 2, "D"),
        FileChange("new name", 1, 0, "A"),
    ]
    assert "+more" in history.diff_text(repository.git, "HEAD~", "HEAD")


def test_no_program_of_the_configuration_runs_for_a_diff(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    repo.commit("Change", {"README.md": "changed\n"})
    repo.git("config", "diff.external", f"touch {tmp_path}/ran")
    repo.git("config", "diff.odd.textconv", f"touch {tmp_path}/ran; cat")
    (repo.common / "info" / "attributes").write_text("* diff=odd\n")
    assert "+changed" in history.diff_text(repository.git, "HEAD~", "HEAD")
    assert len(history.diff_stat(repository.git, "HEAD~", "HEAD")) == 1
    assert not (tmp_path / "ran").exists()


def test_what_is_not_committed_is_listed(repo: Repo) -> None:
    assert history.dirty(repo.path) == []
    repo.git("mv", "README.md", "READ me")
    repo.write("src/app.py", "staged\n")
    repo.git("add", "src/app.py")
    repo.write("src/app.py", "changed\n")
    repo.write("docs/guide.md", "changed\n")
    repo.write("caf\udce9/a", "1\n")
    repo.write("debug.log", "ignored\n")
    assert sorted(history.dirty(repo.path), key=lambda entry: entry.path) == [
        DirtyPath('"caf\\351/"', "??"),
        DirtyPath("READ me", "R "),
        DirtyPath("docs/guide.md", " M"),
        DirtyPath("src/app.py", "MM"),
    ]


def test_a_conflict_is_listed(repo: Repo) -> None:
    repo.git("branch", "other")
    repo.commit("Ours", {"README.md": "ours\n"})
    repo.git("checkout", "-q", "other")
    repo.commit("Theirs", {"README.md": "theirs\n"})
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "main")
    assert history.dirty(repo.path) == [DirtyPath("README.md", "UU")]


def test_what_a_remote_has_is_known(repo: Repo, repository: Repository, tmp_path: Path) -> None:
    assert not history.contained_in_remote(repository.git, repo.oid())
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "remote"], check=True)
    repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    repo.git("push", "-q", "origin", "main~:refs/heads/main")
    assert history.contained_in_remote(repository.git, repo.oid("HEAD~2"))
    assert not history.contained_in_remote(repository.git, repo.oid())


@given(st.binary(min_size=1, max_size=12).filter(lambda raw: b"\0" not in raw))
def test_a_quoted_path_is_what_git_unquotes(raw: bytes) -> None:
    shown = quoted(raw)
    if not shown.startswith('"'):
        assert shown.encode() == raw
        return
    plain = shown[1:-1].encode().decode("unicode_escape")
    assert plain.encode("latin-1") == raw
