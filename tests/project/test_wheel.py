"""The wheel carries everything a user needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ccc import __version__
from ccc.resources import IN_CHECKOUT
from tests.support.program import PROJECT

pytestmark = pytest.mark.slow


def run(*command: str, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source") / "git-ccc"
    unwanted = shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(PROJECT, source, ignore=unwanted)
    target = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    run(*pip, "--no-build-isolation", "--no-index", "--wheel-dir", str(target), str(source))
    return next(target.glob("git_ccc-*.whl"))


def test_wheel_holds_the_shipped_folders_and_the_manual(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for kind, folder in IN_CHECKOUT.items():
        files = [path for path in (PROJECT / folder).rglob("*") if path.is_file()]
        expected = {f"ccc/_data/{kind}/{path.relative_to(PROJECT / folder)}" for path in files}
        assert expected
        assert expected <= set(names)
    assert f"git_ccc-{__version__}.data/data/share/man/man1/git-ccc.1" in names
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_installed_wheel_answers_and_git_finds_its_manual(wheel: Path, tmp_path: Path) -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        str(venv / "bin" / "python"),
    ]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    libraries = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shown = {"PATH": path, "PYTHONPATH": str(libraries), "MANPAGER": "cat", "MANWIDTH": "100"}
    assert run(str(venv / "bin" / "git-ccc"), "--version", **shown) == f"git-ccc {__version__}\n"
    where = run(
        str(venv / "bin" / "python"),
        "-c",
        "import ccc.resources as r; print(r.resource_dir('hooks'))",
        **shown,
    )
    assert Path(where.strip()).parent.name == "_data"
    manual = run("git", "ccc", "--help", **shown)
    assert manual.startswith("GIT-CCC(1)")
    assert "coordinate coding agents, and people, through git" in manual
