"""What git's configuration says about hooks, and what ccc writes into it for session worktrees.

One include stands last in the common configuration and applies in session worktrees only, so the human's own
checkouts are untouched (not `extensions.worktreeConfig`, which breaks bare repositories and submodules).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from ccc.domain.hooknotes import HOOKS
from ccc.git.command import Git
from ccc.git.configuring import PATIENCE_SECONDS, configure
from ccc.git.hookway import KEY as WISH
from ccc.git.hookway import Way
from ccc.layout import Layout
from ccc.platform.files import replace_file
from ccc.records import dataclass

SECTION = "includeIf.gitdir:./worktrees/ccc-*"
PRE_COMMIT = "pre-commit"
KEY = "includeif.gitdir:./worktrees/ccc-*.path"
INCLUDED = "ccc/gitconfig"
NO_SECTION = 128
"""What `git config --remove-section` ends with where there is no such section (any more)."""
SESSIONS = "gitconfig.sessions"
FOREIGN_SCOPES = frozenset({"command", "worktree"})
"""Not the session worktrees' business: what ccc passes to every git it runs, and the main checkout's own."""
HOOKS_PATH = "core.hooksPath"
OURS = (HOOKS_PATH, "user.name", "author.name", "committer.name", "commit.gpgSign", "tag.gpgSign")
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
    to the top of a worktree. `includes` counts our include; `after` names the keys that stand after it and
    might hide ours. `wish` is the value of `ccc.hooks`, by which the user chooses the way.
    """

    hooks_path: str | None
    includes: int
    after: tuple[str, ...]
    wish: str | None

    def hiding(self, way: Way) -> tuple[str, ...]:
        """The keys that hide ours: with hooks in configuration, ccc leaves `core.hooksPath` to the user."""
        return tuple(key for key in self.after if way is Way.SHIMS or key != HOOKS_PATH)

    def whole(self, way: Way) -> bool:
        """Whether our include is there, once, and wins."""
        return self.includes == 1 and not self.hiding(way)


def read_settings(common: Path) -> Settings:
    """One look at the whole configuration, other included files too (3 ms). Raises GitFailed."""
    output = _git(common).run("config", "--show-scope", "-z", "--list").out
    parts = os.fsdecode(output).split("\0")
    hooks_path, wish, includes = None, None, 0
    spelled = {key.lower(): key for key in OURS}
    after: list[str] = []
    for scope, entry in zip(parts[::2], parts[1::2], strict=False):
        key, _, value = entry.partition("\n")
        if scope in FOREIGN_SCOPES:
            continue
        if key == KEY and value == INCLUDED:
            includes, after = includes + 1, []
        elif key in spelled and includes:
            after.append(spelled[key])
        if key == "core.hookspath":
            hooks_path = os.path.expanduser(value)  # noqa: PTH111  # a relative path stays as git reads it
        elif key == WISH:
            wish = value
    return Settings(hooks_path, includes, tuple(dict.fromkeys(after)), wish)


def include_last(common: Path, settings: Settings, way: Way, *, patience: float = PATIENCE_SECONDS) -> None:
    """Puts the include at the end of the common configuration, unless it is whole. Raises GitFailed.

    Whoever does it at the same moment ends, too, with a step that leaves one include, not one more.
    """
    if settings.whole(way) or read_settings(common).whole(way):  # by somebody who was quicker
        return
    remove_include(common, patience=patience)
    configure(_git(common), "--local", "--replace-all", f"{SECTION}.path", INCLUDED, patience=patience)


def remove_include(common: Path, *, patience: float = PATIENCE_SECONDS) -> None:
    """Takes the include away, however often it is there; a configuration without it is left alone."""
    if read_settings(common).includes:
        configure(_git(common), "--local", "--remove-section", SECTION, ok=(0, NO_SECTION), patience=patience)


def _git(common: Path) -> Git:
    return Git(common, {"GIT_DIR": str(common)})


def write_gitconfig(common: Path, sessions: Sequence[SessionIdentity]) -> None:
    """Writes what else is included: for each session its identity and no signing.

    A signature would wait for a person at the pinentry. A worktree that is not among the sessions gets hooks
    alone, which note nothing there and leave the user's as they are.
    """
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


def write_base(common: Path, way: Way) -> bool:
    """Writes the file that the include names; whether it was not as it should be (the repository moved)."""
    return replace_file(base_file(common), base_text(common, way))


def base_file(common: Path) -> Path:
    """The file that the include names."""
    return Layout(common).root / "gitconfig"


def base_text(common: Path, way: Way) -> str:
    """What the file that the include names says: hooks, and where the sessions' identities are."""
    head = "# Written by ccc for session worktrees; changes are overwritten.\n"
    return f"{head}{_HOOKS[way](common)}[include]\n\tpath = {SESSIONS}\n"


def written_way(common: Path) -> Way | None:
    """The way that the file speaks of, whether or not it is whole; None where there is none."""
    try:
        text = base_file(common).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Way.SHIMS if b"hooksPath" in text else Way.CONFIGURATION


def note_file(common: Path) -> Path:
    """The script that notes what happened, for shims and for hooks in configuration."""
    return Layout(common).root / "hook-note"


def _by_path(common: Path) -> str:
    return f"[core]\n\thooksPath = {quoted(str(Layout(common).root / 'hooks'))}\n"


def _by_name(common: Path) -> str:
    """One named hook for each event. Git runs them beside the user's own, and appends the arguments.

    `parallel`: a hook that is not marked so would make the user's own wait for each other. Without the script
    (ccc was taken out, the repository moved) the command does nothing and succeeds.
    """
    return "".join(
        f'[hook "ccc-{event}"]\n\tevent = {event}\n\tcommand = {quoted(command(common, event))}\n'
        "\tparallel = true\n"
        for event in events(common)
    )


def events(common: Path) -> tuple[str, ...]:
    """The hooks that ccc has: `pre-commit` only while something is reserved, for it delays every commit."""
    return (*HOOKS, PRE_COMMIT) if reserved_file(common).exists() else HOOKS


def reserved_file(common: Path) -> Path:
    """What is reserved, one line each: `MODE NAME PATHSPEC`; not there where nothing is."""
    return Layout(common).root / "reserved"


def reserve_file(common: Path) -> Path:
    """The script that a pre-commit reads behind the one that notes."""
    return Layout(common).root / "hook-reserve"


def command(common: Path, event: str) -> str:
    """The shell words of our hook of an event."""
    values = f"ccc_name={event} ccc_common={shlex.quote(str(common))}"
    noted, reserved = (_read(f'"$ccc_common/ccc/{name}"') for name in ("hook-note", "hook-reserve"))
    if event != PRE_COMMIT:
        return f"{values}; {noted}; :"
    return f'{values} ccc_denied=; {noted}; {reserved}; [ -z "$ccc_denied" ]'


def _read(script: str) -> str:
    return f"[ -f {script} ] && [ -r {script} ] && . {script}"


_HOOKS: dict[Way, Callable[[Path], str]] = {Way.SHIMS: _by_path, Way.CONFIGURATION: _by_name}


def _identity(name: str) -> str:
    """`author.name` and `committer.name` too: a user who has them would otherwise sign with those."""
    names = "".join(f"[{section}]\n\tname = {quoted(name)}\n" for section in ("user", "author", "committer"))
    return f"{names}[commit]\n\tgpgSign = false\n[tag]\n\tgpgSign = false\n"


def quoted(value: str) -> str:
    """A value for a git configuration file, in quotes (git-config(1), Syntax)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
