"""`git ccc service`: what it writes and where, shown before, once, and taken away again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.ops.service import quoted, unit_text
from tests.support.program import RunsCcc
from tests.support.repository import Repo


@pytest.fixture
def place(repo: Repo, ccc_inline: RunsCcc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration folder of a user on a machine with systemd."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "systemctl").write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    (folder / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")
    ccc_inline("init", exit=0)
    return tmp_path / "configuration"


def files(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir())


def test_it_is_shown_installed_once_and_removed(repo: Repo, place: Path, ccc_inline: RunsCcc) -> None:
    assert ccc_inline("service", exit=0).stdout.startswith("no service is installed: ")
    refused = ccc_inline("service", "install", exit=3)
    assert "ExecStart=" in refused.stderr
    assert files(place) == []
    ccc_inline("service", "install", "--yes", exit=0)
    link, unit = sorted(files(place))
    assert link.startswith("systemd/user/ccc-") or unit.startswith("systemd/user/ccc-")
    before = {path: (place / path).read_bytes() for path in files(place)}
    ccc_inline("service", "install", exit=0)
    assert {path: (place / path).read_bytes() for path in files(place)} == before
    text = next(iter(before.values())).decode()
    assert str(repo.common) in text
    assert "a key" not in text
    found = ccc_inline("service", "status", "--json", exit=0).json
    assert (found["installed"], found["current"], found["enabled"]) == (True, True, True)
    assert [word.strip('"') for word in text.split("ExecStart=")[1].split("\n")[0].split()] == found[
        "command"
    ]
    service = [line for line in ccc_inline("doctor").stdout.splitlines() if "service" in line]
    assert "brings sessions back after a boot" in service[0]
    assert ccc_inline("service", "remove", exit=3).stderr.startswith("error: this deletes ")
    ccc_inline("service", "remove", "--yes", exit=0)
    assert files(place) == []
    assert ccc_inline("service", "remove", exit=0).stdout == "no service is installed\n"


def test_a_unit_for_a_place_that_the_repository_has_left_is_found_and_taken_away(
    repo: Repo, place: Path, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    ccc_inline("service", "install", "--yes", exit=0)
    (left,) = [path for path in place.rglob("ccc-*.service") if not path.is_symlink()]
    there = tmp_path / "moved"
    repo.path.rename(there)
    assert f"{left} is for a place" in ccc_inline("service", cwd=there, exit=0).stdout
    assert f"{left} is for a place" in ccc_inline("doctor", cwd=there).stdout
    ccc_inline("service", "remove", "--yes", cwd=there, exit=0)
    assert files(place) == []


def test_a_folder_that_cannot_be_made_is_named(
    place: Path, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nohome/.config")
    said = ccc_inline("service", "install", "--yes", exit=1).stderr
    assert "/proc/nohome/.config/systemd/user/ccc-" in said
    assert "hint: HOME, or XDG_CONFIG_HOME, has to be a folder of yours" in said


def test_deinit_takes_it_along(place: Path, ccc_inline: RunsCcc) -> None:
    ccc_inline("service", "install", "--yes", exit=0)
    ccc_inline("deinit", exit=0)
    assert files(place) == []


def test_a_unit_of_another_python_is_a_finding(place: Path, ccc_inline: RunsCcc) -> None:
    ccc_inline("service", "install", "--yes", exit=0)
    unit = next(path for path in place.rglob("ccc-*.service") if not path.is_symlink())
    unit.write_text(unit.read_text(encoding="utf-8").replace(sys.executable, "/gone"), encoding="utf-8")
    said = ccc_inline("doctor", exit=1).stdout
    assert "git ccc service install --yes" in said
    ccc_inline("service", "install", "--yes", exit=0)
    assert ccc_inline("service", "status", "--json", exit=0).json["installed"]


def test_without_systemd_the_line_for_cron_is_said(
    place: Path, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(shutil.which("git") or "").parent))
    if shutil.which("systemctl"):
        monkeypatch.setenv("PATH", _only_git(place.parent / "only"))
    refused = ccc_inline("service", "install", "--yes", exit=1).stderr.splitlines()
    assert refused[0] == "error: there is no systemd here"
    assert refused[1].startswith("hint: crontab -e, and add the line: @reboot ")
    assert files(place) == []


def _only_git(folder: Path) -> str:
    folder.mkdir()
    (folder / "git").symlink_to(shutil.which("git") or "git")
    return str(folder)


def test_an_agent_installs_nothing(place: Path, ccc_inline: RunsCcc) -> None:
    ccc_inline("service", "install", "--yes", env={"CLAUDECODE": "1"}, exit=3)
    assert files(place) == []


def test_words_of_a_unit_mean_themselves() -> None:
    assert quoted('a "b" %h \\c') == '"a \\"b\\" %%h \\\\c"'
    text = unit_text("/50%", ("/a b/python", "$HOME"), {"PATH": "/bin", "KEY": "secret"})
    assert 'ExecStart="/a b/python" "$$HOME"' in text
    assert "Description=Bring back the ccc sessions of /50%%" in text
    assert 'Environment="PATH=/bin"' in text
    assert "secret" not in text


@pytest.mark.slow
def test_systemd_takes_the_unit(place: Path, ccc_inline: RunsCcc) -> None:
    verifier = shutil.which("systemd-analyze", path="/usr/bin:/bin")
    if verifier is None:
        pytest.skip("there is no systemd-analyze")
    ccc_inline("service", "install", "--yes", exit=0)
    unit = next(path for path in place.rglob("ccc-*.service") if not path.is_symlink())
    plain = unit.with_name("plain.service")
    plain.write_text(f"[Service]\nExecStart={sys.executable} -c pass\n", encoding="utf-8")
    (place / "run").mkdir()
    assert _verified(verifier, unit, place / "run") == _verified(verifier, plain, place / "run")


def _verified(verifier: str, unit: Path, runtime: Path) -> tuple[int, list[str]]:
    """What systemd says of a unit, in any order; what it says of a plain one, too, it says of the machine."""
    command = [verifier, "verify", "--user", str(unit)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.returncode, sorted(done.stderr.replace(unit.name, "the unit").splitlines())
