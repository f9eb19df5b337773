"""`doctor` names what no test of ccc has run on, and which way hooks reach sessions."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from ccc.ops.doctor import untested
from ccc.ops.workspace import Workspace
from tests.support.program import RunsCcc
from tests.support.repository import Repo

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / /net rw - nfs4 server:/export rw,vers=4.2
23 22 0:21 / /net/my\\040disk rw shared:2 master:1 - fuse.sshfs host: rw
24 21 0:22 / /net rw - tmpfs tmpfs rw
25 21 0:23 / /näher rw - 9p share rw
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/repo", "ext4"),
        ("/network/repo", "ext4"),
        ("/net/repo", "tmpfs"),
        ("/net/my disk/repo", "fuse.sshfs"),
        ("/näher", "9p"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_last_mount(tmp_path: Path, path: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS, encoding="utf-8")
    assert untested.file_system(Path(path), tmp_path / "mountinfo") == kind
    assert untested.file_system(Path(path), tmp_path / "none") == ""


@pytest.fixture
def workspace(repo: Repo) -> Workspace:
    return Workspace.open(repo.path, os.environ)


def test_what_is_untested_is_named_part_by_part(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = list(untested.parts(workspace))
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(platform, "release", lambda: "5.15-microsoft-standard-WSL2")
    monkeypatch.setattr(untested, "NEWEST_GIT", (2, 30))
    mounts = tmp_path / "mountinfo"
    mounts.write_text("21 1 8:1 / / rw - nfs4 server: rw\n")
    monkeypatch.setattr(untested, "MOUNTS", mounts)
    found = [each for each in untested.parts(workspace) if each not in usual]
    assert found[:3] == [
        untested.SYSTEMS["wsl"],
        "the processor riscv64",
        "locks on the file system nfs4, where the repository is",
    ]
    assert found[3].endswith(": 2.30 is the newest tested")


def test_doctor_says_both(repo: Repo, ccc_inline: RunsCcc) -> None:
    ccc_inline("init", exit=0)
    checks = {check["name"]: check["what"] for check in ccc_inline("doctor", "--json").json["checks"]}
    assert checks["platform"].startswith(f"{platform.system()} {platform.machine()}")
    assert checks["hooks"].startswith("in session worktrees only, through ")
    repo.git("config", "ccc.hooks", "shims")
    checks = {check["name"]: check["what"] for check in ccc_inline("doctor", "--json").json["checks"]}
    assert checks["hooks"].endswith("through shims, which then run the user's own: ccc.hooks is shims")
