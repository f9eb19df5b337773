"""Hooks and identity of session worktrees, by an include in the common configuration and shims.

`[includeIf "gitdir:./worktrees/ccc-*"]` gives only session worktrees our hooks path; the human's own
checkouts are untouched. A shim stands under each of our names and under each name the user has a hook for.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ccc.domain.hooknotes import HOOKS
from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.layout import Layout
from ccc.resources import resource_dir

CONDITION = "includeIf.gitdir:./worktrees/ccc-*.path"
INCLUDED = "ccc/gitconfig"
EVERY_HOOK = (
    *("applypatch-msg", "pre-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg"),
    *("pre-rebase", "pre-push", "pre-auto-gc", "post-index-change", "reference-transaction", "post-update"),
    *("fsmonitor-watchman", "sendemail-validate", "push-to-checkout"),
)
DRAIN = """\
#!/bin/sh
# Starts ccc's drain; written by `git ccc init`, refreshed by `git ccc doctor --fix`.
for variable in $(env | sed -n 's/^\\(GIT_[A-Z_]*\\|CCC_[A-Z_]*\\|CLAUDECODE\\)=.*/\\1/p'); do
	case $variable in GIT_CONFIG_GLOBAL | GIT_CONFIG_SYSTEM | GIT_CONFIG_NOSYSTEM) ;; *) unset "$variable" ;; esac
done
cd {common} || exit 0
[ -x {python} ] || exit 0
exec nice {python} -P -m ccc -C {common} drain --background
"""


@dataclass(frozen=True)
class SessionIdentity:
    """How commits in the worktree of the session `name` are signed."""

    name: str
    user_name: str


def install(common: Path, python: str) -> None:
    """Prepares hooks, drain script and include. Running it again changes nothing. Raises GitFailed, OSError."""
    layout = Layout(common)
    for folder in (layout.root / "hooks", layout.journal_new, layout.worktrees):
        folder.mkdir(parents=True, exist_ok=True)
    _write(layout.drain_script, drain_script(common, python), executable=True)
    if not (layout.root / "gitconfig").exists():
        write_gitconfig(common, ())
    refresh(common)
    _include_last(common)


def drain_script(common: Path, python: str) -> str:
    """The text of the script that hooks start."""
    return DRAIN.format(common=shlex.quote(str(common)), python=shlex.quote(python))


def _git(common: Path) -> Git:
    return Git(common, {"GIT_DIR": str(common)})


def _include_last(common: Path) -> None:
    """The include is the last thing in the common configuration: a `core.hooksPath` after it would win."""
    git = _git(common)
    if _is_included(git) and not _overridden(common):
        return
    if _is_included(git):
        git.run("config", "--local", "--remove-section", "includeIf.gitdir:./worktrees/ccc-*")
    git.run("config", "--local", "--add", CONDITION, INCLUDED)


def _is_included(git: Git) -> bool:
    return git.run("config", "--local", "--get-all", CONDITION, ok=(0, 1)).text == INCLUDED


def _overridden(common: Path) -> bool:
    """Whether the common configuration sets a hooks path after the include."""
    text = (common / "config").read_text(encoding="utf-8", errors="surrogateescape")
    after = text.rpartition("worktrees/ccc-*")[2].lower()
    return "hookspath" in after.replace(" ", "")


def write_gitconfig(common: Path, sessions: Sequence[SessionIdentity]) -> None:
    """Writes `ccc/gitconfig`: hooks path and no signing, and below it each session's identity."""
    root = Layout(common).root
    lines = ["# Written by ccc for session worktrees; changes are overwritten.", "[core]"]
    lines += [f"\thooksPath = {_quoted(str(root / 'hooks'))}", "[commit]", "\tgpgSign = false"]
    lines += ["[tag]", "\tgpgSign = false"]
    folder = root / "identities"
    folder.mkdir(parents=True, exist_ok=True)
    for session in sessions:
        _write(folder / session.name, f"[user]\n\tname = {_quoted(session.user_name)}\n")
        lines += [f'[includeIf "gitdir:worktrees/ccc-{session.name}"]', f"\tpath = identities/{session.name}"]
    _write(root / "gitconfig", "\n".join(lines) + "\n")
    known = {session.name for session in sessions}
    for stale in folder.iterdir():
        if stale.name not in known:
            stale.unlink(missing_ok=True)


def _quoted(value: str) -> str:
    """A value of a git configuration file, in quotes (git-config(1), Syntax)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def refresh(common: Path) -> bool:
    """Makes the shims fit the hooks the user has now; whether anything changed."""
    folder = Layout(common).root / "hooks"
    folder.mkdir(parents=True, exist_ok=True)
    source = resource_dir("hooks") / "ccc-hook"
    wanted = {*HOOKS, *_users_hooks(common)}
    changed = False
    for name in wanted:
        shim = folder / name
        if not shim.exists() or shim.read_bytes() != source.read_bytes() or not os.access(shim, os.X_OK):
            _write(shim, source.read_text(encoding="utf-8"), executable=True)
            changed = True
    for shim in folder.iterdir():
        if shim.name not in wanted and not shim.name.startswith("."):
            shim.unlink(missing_ok=True)
            changed = True
    return changed


def users_hooks_folder(common: Path) -> str:
    """The hooks path the user configured, as git would take it (possibly relative to a work tree), else ours.

    Read outside session worktrees, where our include does not apply.
    """
    asked = ("config", "--type=path", "--show-scope", "-z", "--get-all", "core.hooksPath")
    parts = _git(common).run(*asked, ok=(0, 1)).text.split("\0")
    # The scope `command` is the hooks path that we ourselves switch off for every git we run.
    values = [value for scope, value in zip(parts[::2], parts[1::2], strict=False) if scope != "command"]
    return values[-1] if values else str(common / "hooks")


def _users_hooks(common: Path) -> set[str]:
    """The names for which the user has a hook, in any checkout if the path is relative to the work tree."""
    folder = users_hooks_folder(common)
    if Path(folder).is_absolute():
        return {name for name in EVERY_HOOK if (Path(folder) / name).exists()}
    return set(EVERY_HOOK) - {"reference-transaction", "post-index-change", "fsmonitor-watchman"}


def uninstall(common: Path) -> None:
    """Takes hooks, identities, drain script and include away; what is recorded stays."""
    root = Layout(common).root
    with contextlib.suppress(GitFailed):
        _git(common).run("config", "--local", "--remove-section", "includeIf.gitdir:./worktrees/ccc-*")
    for folder in ("hooks", "identities"):
        shutil.rmtree(root / folder, ignore_errors=True)
    for file in ("gitconfig", "drain", "hooks.orig"):
        (root / file).unlink(missing_ok=True)


def problems(common: Path) -> list[str]:
    """What is wrong with hooks and include, for `doctor`; empty when all is well."""
    layout, found = Layout(common), []
    if not _is_included(_git(common)):
        found.append("the common configuration does not include ccc/gitconfig")
    elif _overridden(common):
        found.append("core.hooksPath is set after ccc's include and hides its hooks")
    missing = [name for name in HOOKS if not os.access(layout.root / "hooks" / name, os.X_OK)]
    if missing:
        found.append(f"hooks are missing or not executable: {', '.join(missing)}")
    if not os.access(layout.drain_script, os.X_OK):
        found.append("the drain script is missing or not executable")
    elif not os.access(_interpreter(layout.drain_script), os.X_OK):
        found.append("the drain script names a Python that is gone")
    return found


def _interpreter(script: Path) -> str:
    for line in script.read_text(encoding="utf-8").splitlines():
        if line.startswith("[ -x "):
            return shlex.split(line)[2]
    return ""


def _write(path: Path, text: str, *, executable: bool = False) -> None:
    """Replaces a file at once; one that already has this content is left alone."""
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") == text:
        if not executable or os.access(path, os.X_OK):
            return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    if executable:
        fresh.chmod(0o755)
    fresh.replace(path)
