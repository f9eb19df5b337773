"""Everything that ccc puts into a repository so that session worktrees have hooks and identity."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import hookconfig, hookfolders, hookshims, hookway
from ccc.git.hookconfig import SessionIdentity, Settings, write_gitconfig
from ccc.git.hookway import Choice, Way
from ccc.layout import Layout
from ccc.platform.files import replace_file

__all__ = [
    "SessionIdentity",
    "describe",
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
# One that begins just now records what was noted before it began: a second one would only slow it down.
begins={common}/ccc/drain.begins
pid='' line=drain leader=''
{{ IFS= read -r pid <"$begins"; }} 2>/dev/null
case $pid in
'' | 0* | *[!0-9]*) ;;
*)
	if kill -0 "$pid" 2>/dev/null; then
		[ ! -r "/proc/$pid/cmdline" ] || {{ IFS= read -r line <"/proc/$pid/cmdline"; }} 2>/dev/null
		case $line in *drain*) exit 0 ;; esac
	fi
	;;
esac
{{ echo $$ >"$begins"; }} 2>/dev/null
PATH=${{PATH:+$PATH:}}/usr/local/bin:/usr/bin:/bin
for variable in $(env | sed -n 's/^\\(GIT_[A-Z0-9_]*\\|CCC_[A-Z0-9_]*\\|CLAUDECODE\\)=.*/\\1/p'); do
	case $variable in
	GIT_CONFIG_GLOBAL | GIT_CONFIG_SYSTEM | GIT_CONFIG_NOSYSTEM) ;;
	*) unset "$variable" ;;
	esac
done
# What an agent starts has the lock of its session open; a drain that kept it would stand in its way.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cd {common} || exit 0
[ -x {python} ] || exit 0
# setsid gives the leader of a group another process id, and that one needs it not.
detach=
{{ read -r _ _ _ _ leader _ <"/proc/$$/stat"; }} 2>/dev/null
[ "$leader" = $$ ] || {{ command -v setsid >/dev/null && detach=setsid; }}
# -E: the PYTHONPATH of a session leads to code of its branch.
exec $detach {python} -E -P -m ccc -C {common} drain --background
"""


def install(common: Path, python: str) -> None:
    """Prepares hooks, drain script, include; running it again changes nothing. Raises GitFailed, OSError."""
    layout = Layout(common)
    for folder in (layout.journal_new, layout.worktrees):
        folder.mkdir(parents=True, exist_ok=True)
    replace_file(layout.drain_script, drain_script(common, python), executable=True)
    settings = hookconfig.read_settings(common)
    way = hookway.choose(common, settings.wish).way
    _fit(common, settings, way)
    hookconfig.include_last(common, settings, way)


def drain_script(common: Path, python: str) -> str:
    """The text of the script that hooks start."""
    return DRAIN.format(common=shlex.quote(str(common)), python=shlex.quote(python))


def refresh(common: Path) -> bool:
    """Fits hooks and include to git and to what the user has now; whether anything changed.

    A configuration that cannot be written now (locked, read-only) is left for the next time.
    Raises GitFailed, OSError.
    """
    settings = hookconfig.read_settings(common)
    way = hookway.choose(common, settings.wish).way
    changed = _fit(common, settings, way)
    if settings.whole(way):
        return changed
    with contextlib.suppress(GitFailed):
        hookconfig.include_last(common, settings, way, patience=0.0)
    return True


def _fit(common: Path, settings: Settings, way: Way) -> bool:
    """Makes the files of a way, and then lets the configuration lead there; whether anything changed.

    The order matters to a git that runs meanwhile: whatever it has read leads to hooks that are there.
    """
    changed = replace_file(hookconfig.note_file(common), hookshims.note_text())
    changed |= hookfolders.bring(common, settings.hooks_path)
    if hookconfig.reserved_file(common).exists():
        changed |= replace_file(hookconfig.reserve_file(common), hookshims.reserve_text())
    if way is Way.SHIMS:
        changed |= hookshims.make(common, settings.hooks_path)
    if hookconfig.write_base(common, way):
        return True
    if way is Way.CONFIGURATION:
        changed |= hookshims.retire(common, hookconfig.base_file(common).stat().st_mtime)
    return changed


def uninstall(common: Path) -> None:
    """Takes include, hooks, identities and drain script away; what is recorded stays. Raises OSError."""
    root = Layout(common).root
    hookconfig.remove_include(common)
    for folder in ("hooks", "identities"):
        shutil.rmtree(root / folder, ignore_errors=True)
    for file in (
        "gitconfig",
        hookconfig.SESSIONS,
        "drain",
        "drain.begins",
        "claude-hook",
        "hook-note",
        "hook-reserve",
        "reserved",
        hookshims.CACHE,
        "gits",
    ):
        (root / file).unlink(missing_ok=True)


def problems(common: Path) -> list[str]:
    """What is wrong with include, hooks and drain script, for `doctor`; empty when all is well.

    Raises GitFailed, OSError.
    """
    try:
        return _problems(common)
    except FileNotFoundError as error:  # since it was looked for: `deinit`, say
        return [f"{error.filename} has just been taken away"]


def _problems(common: Path) -> list[str]:
    layout, settings = Layout(common), hookconfig.read_settings(common)
    choice = hookway.choose(common, settings.wish)
    return [
        *_of_the_include(common, settings, choice.way),
        *_of_the_way(common, choice),
        *_of_the_scripts(common, settings, choice.way),
        *_of_the_drain(layout),
    ]


def describe(common: Path) -> str:
    """In words which way hooks are installed, and what decided it. Raises GitFailed, OSError."""
    choice = hookway.choose(common, hookconfig.read_settings(common).wish)
    through = {
        Way.CONFIGURATION: "through git's configuration, beside the user's own",
        Way.SHIMS: "through shims, which then run the user's own",
    }
    return f"{through[choice.way]}: {choice.why}"


def _of_the_include(common: Path, settings: Settings, way: Way) -> list[str]:
    if not settings.includes:
        return ["the common configuration does not include ccc/gitconfig"]
    found = [f"{key} is set after ccc's include and hides it" for key in settings.hiding(way)]
    if settings.includes > 1:
        found.append("the common configuration includes ccc/gitconfig more than once")
    written = hookconfig.written_way(common)
    base = hookconfig.base_file(common)
    if written is None or base.read_bytes() != os.fsencode(hookconfig.base_text(common, written)):
        found.append("ccc/gitconfig is missing, or names the hooks of another place")
    return found


def _of_the_way(common: Path, choice: Choice) -> list[str]:
    written = hookconfig.written_way(common)
    if written in (None, choice.way):
        return []
    return [f"hooks are installed through {written}, and should be through {choice.way}: {choice.why}"]


def _of_the_scripts(common: Path, settings: Settings, way: Way) -> list[str]:
    missing = hookshims.missing(common, settings.hooks_path) if way is Way.SHIMS else []
    note = hookconfig.note_file(common)
    if not note.is_file() or note.read_bytes() != os.fsencode(hookshims.note_text()):
        missing.append(note.name)
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
