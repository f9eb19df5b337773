"""Everything that ccc puts into a repository so that session worktrees have hooks and identity."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import hookconfig, hookshims
from ccc.git.hookconfig import SessionIdentity, write_gitconfig
from ccc.layout import Layout

__all__ = [
    "SessionIdentity",
    "drain_script",
    "install",
    "problems",
    "refresh",
    "uninstall",
    "write_gitconfig",
]

DRAIN = """\
#!/bin/sh
# Starts ccc's drain, apart from whoever committed. Written by `git ccc init` and `git ccc doctor --fix`.
PATH=${{PATH:+$PATH:}}/usr/local/bin:/usr/bin:/bin
for variable in $(env | sed -n 's/^\\(GIT_[A-Z0-9_]*\\|CCC_[A-Z0-9_]*\\|CLAUDECODE\\)=.*/\\1/p'); do
	case $variable in
	GIT_CONFIG_GLOBAL | GIT_CONFIG_SYSTEM | GIT_CONFIG_NOSYSTEM) ;;
	*) unset "$variable" ;;
	esac
done
cd {common} || exit 0
[ -x {python} ] || exit 0
detach=
command -v setsid >/dev/null && detach=setsid
# -E: the PYTHONPATH of a session leads to code of its branch.
exec $detach nice {python} -E -P -m ccc -C {common} drain --background
"""


def install(common: Path, python: str) -> None:
    """Prepares hooks, drain script, include; running it again changes nothing. Raises GitFailed, OSError."""
    layout = Layout(common)
    for folder in (layout.journal_new, layout.worktrees):
        folder.mkdir(parents=True, exist_ok=True)
    hookconfig.replace_file(layout.drain_script, drain_script(common, python), executable=True)
    hookconfig.write_base(common)
    settings = hookconfig.read_settings(common)
    hookshims.make(common, settings.hooks_path)
    hookconfig.include_last(common, settings)


def drain_script(common: Path, python: str) -> str:
    """The text of the script that hooks start."""
    return DRAIN.format(common=shlex.quote(str(common)), python=shlex.quote(python))


def refresh(common: Path) -> bool:
    """Fits shims and include to what the user has now; whether anything changed. Raises GitFailed, OSError.

    A configuration that cannot be written now (locked, read-only) is left for the next time.
    """
    settings = hookconfig.read_settings(common)
    changed = hookshims.make(common, settings.hooks_path)
    if settings.whole:
        return changed
    with contextlib.suppress(GitFailed):
        hookconfig.include_last(common, settings)
    return True


def uninstall(common: Path) -> None:
    """Takes include, hooks, identities and drain script away; what is recorded stays. Raises OSError."""
    root = Layout(common).root
    hookconfig.remove_include(common)
    for folder in ("hooks", "identities"):
        shutil.rmtree(root / folder, ignore_errors=True)
    for file in ("gitconfig", hookconfig.SESSIONS, "drain", "hooks.orig"):
        (root / file).unlink(missing_ok=True)


def problems(common: Path) -> list[str]:
    """What is wrong with include, hooks and drain script, for `doctor`; empty when all is well."""
    layout, settings = Layout(common), hookconfig.read_settings(common)
    return [*_of_the_include(common, settings), *_of_the_shims(common, settings), *_of_the_drain(layout)]


def _of_the_include(common: Path, settings: hookconfig.Settings) -> list[str]:
    if not settings.includes:
        return ["the common configuration does not include ccc/gitconfig"]
    found = [f"{key} is set after ccc's include and hides it" for key in settings.hiding]
    if settings.includes > 1:
        found.append("the common configuration includes ccc/gitconfig more than once")
    base = Layout(common).root / "gitconfig"
    if not base.is_file() or base.read_bytes() != os.fsencode(hookconfig.base_text(common)):
        found.append("ccc/gitconfig is missing, or names the hooks of another place")
    return found


def _of_the_shims(common: Path, settings: hookconfig.Settings) -> list[str]:
    missing = hookshims.missing(common, settings.hooks_path)
    return [f"hooks are missing, not executable or outdated: {', '.join(missing)}"] if missing else []


def _of_the_drain(layout: Layout) -> list[str]:
    found = []
    if not os.access(layout.drain_script, os.X_OK):
        found.append("the drain script is missing or not executable")
    elif not os.access(_interpreter(layout.drain_script), os.X_OK):
        found.append("the drain script names a Python that is gone")
    if not os.access(layout.journal_new, os.W_OK | os.X_OK):
        found.append("hooks cannot write into the journal")
    return found


def _interpreter(script: Path) -> str:
    lines = os.fsdecode(script.read_bytes()).splitlines()
    return next((shlex.split(line)[2] for line in lines if line.startswith("[ -x ")), "")
