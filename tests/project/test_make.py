"""Setting up says plainly what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.program import PROJECT

SCRIPT = PROJECT / ".ci" / "make-venv"


def interpreter(folder: Path, name: str, *, new_enough: bool, has_venv: bool) -> None:
    """An executable that answers the two questions `make-venv` asks an interpreter."""
    program = folder / name
    program.write_text(
        "#!/bin/sh\n"
        'case "$2" in\n'
        f"*version_info*) exit {0 if new_enough else 1} ;;\n"
        f"*ensurepip*) exit {0 if has_venv else 1} ;;\n"
        f'*) echo "{name} was chosen"; exit 9 ;;\n'
        "esac\n"
    )
    program.chmod(0o755)


def make_venv(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(folder), **variables}
    command = [shutil.which("sh") or "/bin/sh", str(SCRIPT), "venv"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_no_python_is_said_with_what_to_install(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3", new_enough=False, has_venv=True)
    done = make_venv(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no Python 3.11 or newer found on PATH\nhint: install one")


def test_python_without_venv_is_said_with_what_to_install(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3", new_enough=True, has_venv=False)
    done = make_venv(tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "error: python3 has no venv or ensurepip module\n"
        "hint: install it first (Debian, Ubuntu: apt-get install python3-venv), then run make again\n"
    )


@pytest.mark.parametrize(("variables", "chosen"), [({}, "python3.12"), ({"PYTHON": "python3"}, "python3")])
def test_first_usable_interpreter_is_chosen(tmp_path: Path, variables: dict[str, str], chosen: str) -> None:
    interpreter(tmp_path, "python3.13", new_enough=True, has_venv=False)
    interpreter(tmp_path, "python3.12", new_enough=True, has_venv=True)
    interpreter(tmp_path, "python3", new_enough=True, has_venv=True)
    done = make_venv(tmp_path, **variables)
    assert (done.returncode, done.stdout) == (9, f"{chosen} was chosen\n")


def test_make_alone_lists_every_target() -> None:
    done = subprocess.run(
        ["make", "-C", str(PROJECT)], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    wanted = {"help", "demo", "test", "slow", "soak", "lint", "bench", "sync", "man", "install-commands"}
    assert wanted <= listed
