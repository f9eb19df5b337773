"""A person's day in a source tree of several thousand files: a published source archive made a repository."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo

ARCHIVE = "django==5.2"
"""Chosen for its size, about 6,900 files, and because its archive is built by nothing but setuptools."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive from the package index, downloaded with the environment pip is configured by."""
    folder = tmp_path_factory.mktemp("archive")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", str(folder), ARCHIVE], check=True, timeout=300)
    return next(folder.glob("*.tar.gz"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_day_in_a_large_tree_stays_clean_and_is_told(archive: Path, tmp_path: Path, ccc: RunsCcc) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    top = Repo(next(path for path in tmp_path.iterdir() if path.is_dir()))
    top.git("init", "--quiet")
    top.commit("A published source archive")
    assert len(top.git("ls-files").splitlines()) > 3000

    def run(*arguments: str, cwd: Path | None = None) -> str:
        told = ccc(*arguments, cwd=cwd or top.path, exit=0).stdout
        assert top.git("status", "--porcelain") == ""
        return told

    run("init")
    run("spawn", "backend", "JWT auth", "--no-start")
    tree = Repo(top.path.with_name(f"{top.path.name}.ccc") / "backend-jwt-auth")
    assert tree.git("status", "--porcelain") == ""
    first = tree.commit("Add login\n\nCcc-Progress: 50", {"django/contrib/jwt/login.py": "x = 1\n"})
    second = tree.commit("Sign tokens\n\nCcc-Status: done", {"django/contrib/jwt/tokens.py": "y = 2\n"})
    assert "backend-jwt-auth" in run("status")
    assert run("wait").startswith("backend-jwt-auth: ")
    run("merge", "backend-jwt-auth", "--yes")
    assert (top.path / "django/contrib/jwt/tokens.py").exists()
    subjects = top.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()
    for line in (
        "ccc: initialised",
        f"backend-jwt-auth: committed {first[:7]} Add login",
        "backend-jwt-auth: progress 50 %",
        f"backend-jwt-auth: committed {second[:7]} Sign tokens",
        f"backend-jwt-auth: reported done at {second[:7]}",
        f"main: landed backend-jwt-auth as {top.oid()[:7]}",
    ):
        assert line in subjects
    run("fsck")
