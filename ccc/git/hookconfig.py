"""What git's configuration says about hooks, and what ccc writes into it for session worktrees.

One include stands last in the common configuration and applies in session worktrees only, so the human's own
checkouts are untouched (not `extensions.worktreeConfig`, which breaks bare repositories and submodules).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.layout import Layout
from ccc.records import dataclass

SECTION = "includeIf.gitdir:./worktrees/ccc-*"
KEY = "includeif.gitdir:./worktrees/ccc-*.path"
INCLUDED = "ccc/gitconfig"
SESSIONS = "gitconfig.sessions"
FOREIGN_SCOPES = frozenset({"command", "worktree"})
"""Not the session worktrees' business: what ccc passes to every git it runs, and the main checkout's own."""
OURS = ("core.hooksPath", "user.name", "author.name", "committer.name", "commit.gpgSign", "tag.gpgSign")
"""Keys that the included files set; one that stands after the include wins over them."""


@dataclass(frozen=True)
class SessionIdentity:
    """How commits in the worktree of the session `name` are signed."""

    name: str
    user_name: str


@dataclass(frozen=True)
class Settings:
    """What the configuration says outside session worktrees.

    `hooks_path` is None when nobody set `core.hooksPath`, "" when it was set to nothing, and may be relative
    to the top of a worktree. `includes` counts our include; `hiding` names the keys that stand after it.
    """

    hooks_path: str | None
    includes: int
    hiding: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether our include is there, once, and wins."""
        return self.includes == 1 and not self.hiding


def read_settings(common: Path) -> Settings:
    """One look at the whole configuration, other included files too (3 ms). Raises GitFailed."""
    output = _git(common).run("config", "--show-scope", "-z", "--list").out
    parts = os.fsdecode(output).split("\0")
    hooks_path, includes = None, 0
    spelled = {key.lower(): key for key in OURS}
    hiding: list[str] = []
    for scope, entry in zip(parts[::2], parts[1::2], strict=False):
        key, _, value = entry.partition("\n")
        if scope in FOREIGN_SCOPES:
            continue
        if key == KEY and value == INCLUDED:
            includes, hiding = includes + 1, []
        elif key in spelled and includes:
            hiding.append(spelled[key])
        if key == "core.hookspath":
            hooks_path = os.path.expanduser(value)  # noqa: PTH111  # a relative path stays as git reads it
    return Settings(hooks_path, includes, tuple(dict.fromkeys(hiding)))


def include_last(common: Path, settings: Settings) -> None:
    """Puts the include at the end of the common configuration, unless it is whole. Raises GitFailed."""
    if not settings.whole:
        remove_include(common)
        _git(common).run("config", "--local", "--add", f"{SECTION}.path", INCLUDED)


def remove_include(common: Path) -> None:
    """Takes the include away, however often it is there; a configuration without it is left alone."""
    with contextlib.suppress(GitFailed):
        _git(common).run("config", "--local", "--remove-section", SECTION)


def _git(common: Path) -> Git:
    return Git(common, {"GIT_DIR": str(common)})


def write_gitconfig(common: Path, sessions: Sequence[SessionIdentity]) -> None:
    """Writes the included files: our hooks path, and for each session its identity and no signing.

    A signature would wait for a person at the pinentry. A worktree that is not among the sessions gets the
    hooks path alone, which leads it to the user's own hooks.
    """
    write_base(common)
    root = Layout(common).root
    folder = root / "identities"
    folder.mkdir(parents=True, exist_ok=True)
    for session in sessions:
        replace_file(folder / session.name, _identity(session.user_name))
    lines = [
        f'[includeIf "gitdir:worktrees/ccc-{session.name}"]\n\tpath = identities/{session.name}\n'
        for session in sessions
    ]
    replace_file(root / SESSIONS, "".join(lines))
    known = {session.name for session in sessions}
    for file in folder.iterdir():
        if file.name not in known and not file.name.startswith("."):
            file.unlink(missing_ok=True)


def write_base(common: Path) -> bool:
    """Writes the file that the include names; whether it was not as it should be (the repository moved)."""
    return replace_file(Layout(common).root / "gitconfig", base_text(common))


def base_text(common: Path) -> str:
    """The text of the file that the include names."""
    hooks = quoted(str(Layout(common).root / "hooks"))
    head = "# Written by ccc for session worktrees; changes are overwritten.\n"
    return f"{head}[core]\n\thooksPath = {hooks}\n[include]\n\tpath = {SESSIONS}\n"


def _identity(name: str) -> str:
    """`author.name` and `committer.name` too: a user who has them would otherwise sign with those."""
    names = "".join(f"[{section}]\n\tname = {quoted(name)}\n" for section in ("user", "author", "committer"))
    return f"{names}[commit]\n\tgpgSign = false\n[tag]\n\tgpgSign = false\n"


def quoted(value: str) -> str:
    """A value for a git configuration file, in quotes (git-config(1), Syntax)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def replace_file(path: Path, text: str, *, executable: bool = False) -> bool:
    """Replaces a file at once, with its mode; False for one that needs no change."""
    content = os.fsencode(text)
    good = path.is_file() and path.read_bytes() == content and (not executable or os.access(path, os.X_OK))
    if good:
        return False
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    if executable:
        fresh.chmod(0o755)
    fresh.replace(path)
    return True
