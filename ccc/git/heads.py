"""Which branches linked work trees are on, read from their HEAD files where those tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ccc.git.command import Git

ADMIN_PREFIX = "ccc-"
"""What the name of a session's admin directory begins with: hooks and identity go by it."""

STUB = "ref: refs/heads/.invalid"
"""What a HEAD file holds where references are stored as reftable (git's reftable format document)."""


def branches_of(git: Git, common: Path, admins: Iterable[str]) -> Mapping[str, str]:
    """Admin directory's name to the full name of its branch; detached and unreadable ones are left out."""
    texts = {admin: _text(common, admin) for admin in admins}
    unknown = [admin for admin, text in texts.items() if text == STUB]
    found = _asked_of_git(git, unknown) if unknown else {}
    for admin, text in texts.items():
        if text.startswith("ref: ") and text != STUB:
            found[admin] = text.removeprefix("ref: ")
    return found


def _text(common: Path, admin: str) -> str:
    try:
        # A string: a thousand of these paths as Path objects cost `status` 20 ms.
        with open(f"{common}/worktrees/{admin}/HEAD", encoding="utf-8") as file:  # noqa: PTH123
            return file.read().strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _asked_of_git(git: Git, admins: Sequence[str]) -> dict[str, str]:
    """All by one process; one by one where a single one is broken, which fails it for all."""
    names = [f"worktrees/{admin}/HEAD" for admin in admins]
    asked = git.run("rev-parse", "--symbolic-full-name", *names, "--", ok=(0, 128))
    answers = asked.text.splitlines()[: len(names)] if asked.code == 0 else []
    if len(answers) != len(names):
        alone = ([admin] for admin in admins if len(admins) > 1)
        return {name: branch for one in alone for name, branch in _asked_of_git(git, one).items()}
    # For a detached one its own name comes back.
    pairs = zip(admins, answers, strict=True)
    return {admin: answer for admin, answer in pairs if answer.startswith("refs/")}
