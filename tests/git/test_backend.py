"""Which backend is chosen, and what a repository's own configuration says of its formats."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.errors import BadConfig, GitFailed
from ccc.git.backend import GIT, LIBGIT, VARIABLE, choose
from ccc.git.command import Git
from ccc.git.formats import Formats, formats_of, lock_of
from ccc.git.objects import BLOB
from tests.support.formats import converted
from tests.support.program import RunsCcc
from tests.support.repository import Repo


def chosen(repo: Repo, **environment: str) -> tuple[str, str]:
    found = choose(repo.common, Git(repo.common), environment)
    assert found.backend.read(found.backend.write(BLOB, b"x")) == (BLOB, b"x")
    return found.name, found.why


def test_libgit2_serves_an_ordinary_repository(repo: Repo) -> None:
    assert chosen(repo)[0] == LIBGIT
    assert chosen(repo, **{VARIABLE: ""})[0] == LIBGIT


def test_the_environment_names_a_backend(repo: Repo) -> None:
    assert chosen(repo, **{VARIABLE: "git"}) == (GIT, "CCC_BACKEND says so")
    assert chosen(repo, **{VARIABLE: "libgit"}) == (LIBGIT, "CCC_BACKEND says so")
    with pytest.raises(BadConfig, match="CCC_BACKEND is 'sqlite'"):
        chosen(repo, **{VARIABLE: "sqlite"})


def test_objects_named_by_sha256_are_for_git(repo: Repo, tmp_path: Path) -> None:
    made = converted(repo, tmp_path / "sha256", "--object-format=sha256")
    assert chosen(made) == (GIT, "its objects are named by SHA-256")
    with pytest.raises(GitFailed, match="cannot be opened"):
        chosen(made, **{VARIABLE: "libgit"})


@pytest.mark.parametrize(
    ("key", "name"),
    [("worktreeConfig", LIBGIT), ("preciousObjects", LIBGIT), ("noop-v1", GIT), ("partialClone", GIT)],
)
def test_what_libgit2_refuses_is_for_git(repo: Repo, key: str, name: str) -> None:
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", f"extensions.{key}", "true")
    assert chosen(repo)[0] == name


@pytest.mark.slow
@pytest.mark.parametrize("kind", [LIBGIT, GIT])
@pytest.mark.parametrize("kept", [2, 0.5])
def test_an_object_cut_short_is_said_not_waited_for(repo: Repo, kind: str, kept: float) -> None:
    """libgit2 waits for ever for the rest of it, and only a kill ends that: another process looks."""
    oids = [repo.git("commit-tree", "HEAD^{tree}", "-m", "first")]
    for message in ("second", "third"):
        oids.append(repo.git("commit-tree", "HEAD^{tree}", "-p", oids[-1], "-m", message))
    cut = repo.common / "objects" / oids[1][:2] / oids[1][2:]
    stored = cut.read_bytes()
    cut.chmod(0o644)
    cut.write_bytes(stored[: int(kept) or len(stored) // 2])
    program = f"""
from pathlib import Path
from ccc.errors import StateBroken
from ccc.git.backend import choose
from ccc.git.command import Git
common = Path({str(repo.common)!r})
backend = choose(common, Git(common), {{"CCC_BACKEND": {kind!r}}}).backend
for look in (lambda: backend.is_ancestor({oids[0]!r}, {oids[2]!r}), lambda: backend.read({oids[1]!r})):
    try:
        print(look())
    except StateBroken as error:
        print(error.message.replace(chr(10), " "))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    lines = said.stdout.splitlines()
    assert len(lines) == 2, said.stdout + said.stderr
    assert all(oids[1] in line for line in lines), said.stdout


@pytest.mark.slow
def test_without_pygit2_ccc_works_all_the_same(repo: Repo, ccc: RunsCcc, tmp_path: Path) -> None:
    """As where there is no wheel of it (musl): the module is there in name only."""
    (tmp_path / "pygit2.py").write_text("raise ImportError('no wheel for this system')\n", encoding="utf-8")
    starts = tmp_path / "sitecustomize.py"
    starts.write_text(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n", encoding="utf-8")
    there = f"{tmp_path}{os.pathsep}{Path(__file__).resolve().parents[2]}"
    without = {"PYTHONPATH": there}
    ccc("init", env=without, exit=0)
    ccc("spawn", "backend", "A part", "--no-start", env=without, exit=0)
    checks = ccc("doctor", "--json", env=without).json["checks"]
    [found] = [each["what"] for each in checks if each["name"] == "backend"]
    assert found == "the git program: pygit2 is not installed"
    assert ccc("fsck", "--json", env=without, exit=0).json["faults"] == []
    # The same state, read and continued through libgit2.
    ccc("note", "Go on", exit=0)
    assert ccc("fsck", "--json", exit=0).json["faults"] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Formats("sha1", "files", frozenset())),
        ("[core]\n\tobjectformat = sha256\n", Formats("sha1", "files", frozenset())),
        (
            "[extensions]\n\tobjectFormat = SHA256 # new\n",
            Formats("sha256", "files", frozenset({"objectformat"})),
        ),
        ('[Extensions]\nobjectformat="sha256"\n', Formats("sha256", "files", frozenset({"objectformat"}))),
        ("[extensions] refStorage = reftable\n", Formats("sha1", "reftable", frozenset({"refstorage"}))),
        ("[extensions]\n\tnoop\n[user]\n\tname = x\n", Formats("sha1", "files", frozenset({"noop"}))),
        ('[extensions "sub"]\n\tobjectformat = sha256\n', Formats("sha1", "files", frozenset())),
        ("\xff\xfe[extensions\n", Formats("sha1", "files", frozenset())),
    ],
)
def test_formats_are_read_from_the_configuration(tmp_path: Path, text: str, expected: Formats) -> None:
    (tmp_path / "config").write_text(text, encoding="latin-1")
    assert formats_of(tmp_path) == expected


def test_each_way_of_storing_references_has_its_lock(tmp_path: Path) -> None:
    assert lock_of(tmp_path, "refs/ccc") == tmp_path / "refs/ccc.lock"
    (tmp_path / "config").write_text("[extensions]\n\trefstorage = reftable\n", encoding="utf-8")
    assert lock_of(tmp_path, "refs/ccc") == tmp_path / "reftable/tables.list.lock"
