"""Session worktrees made by plain git, and hooks to put beside ours."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ccc.git import hookfiles
from tests.support.repository import Repo

ADMIN = "ccc-backend-x"
BRANCH = "refs/heads/ccc/backend-x"


def install(repo: Repo) -> None:
    """Installs the hooks, and leaves no drain that would take the notes away."""
    hookfiles.install(repo.common, sys.executable)
    (repo.common / "ccc" / "drain").unlink()


def make_tree(repo: Repo, name: str, *, listed: bool = True) -> Repo:
    """A worktree at `../<name>` whose admin directory is `ccc-<name>`; a session's when it is listed."""
    waiting, path = repo.path.parent / "making" / f"ccc-{name}", repo.path.parent / name
    repo.git("worktree", "add", "--quiet", "-b", f"ccc/{name}", str(waiting), "main")
    repo.git("worktree", "move", str(waiting), str(path))
    if listed:
        (repo.common / "ccc" / "worktrees" / name).write_text("0" * 32 + "\n")
    return Repo(path)


def hook(folder: Path, name: str, body: str) -> Path:
    """An executable hook of the user's."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def shim(repo: Repo, name: str) -> Path:
    """Our shim of that name."""
    return repo.common / "ccc" / "hooks" / name


def installed_shells() -> list[str]:
    """The shells that systems have as /bin/sh, those of them that are here."""
    return [shell for shell in ("dash", "bash --posix", "busybox sh") if shutil.which(shell.split()[0])]


def in_shell(repo: Repo, shell: str) -> None:
    """Makes every shim run in another shell (words)."""
    program, *rest = shell.split()
    found = shutil.which(program)
    assert found is not None
    for path in (repo.common / "ccc" / "hooks").iterdir():
        words = " ".join([found, *rest])
        path.write_text(path.read_text().replace("#!/bin/sh", f"#!{words}", 1))


def journal(repo: Repo) -> Path:
    return repo.common / "ccc" / "journal" / "new"


def lines(repo: Repo) -> list[str]:
    """The lines in the journal, oldest first, each without its process id; every file must be whole."""
    files = sorted(journal(repo).iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return [_without_process(file.read_text()) for file in files]


def _without_process(text: str) -> str:
    assert text.endswith("\n")
    words = text[:-1].split(" ")
    assert words[4].isdigit()
    return " ".join([*words[:4], *words[5:]])


def forget(repo: Repo) -> None:
    """Empties the journal."""
    for file in journal(repo).iterdir():
        file.unlink()
