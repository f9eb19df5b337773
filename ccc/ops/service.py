"""A user's service that brings the sessions of this repository back after a boot: one unit file of systemd.

Nothing runs permanently: the unit calls the drain's plumbing once (`git ccc drain --recover`) and ends.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ccc.errors import NeedsPerson, Refused
from ccc.ids import digest
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.workspace import Workspace
from ccc.platform.files import replace_file
from ccc.records import dataclass

TAKEN_ALONG = (
    *("PATH", "CLAUDE_CONFIG_DIR", "GIT_CONFIG_GLOBAL", "LANG", "VIRTUAL_ENV"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"),
)
"""What agents need that a boot does not set; no keys or tokens: these belong where the user keeps them."""

BOOTED = Path("/run/systemd/system")
"""There where systemd started the machine (sd_booted(3))."""

MARK = "# For the copy of a repository called "
"""Begins the line of a unit that tells whose it is, wherever that was moved."""

LINGER = Path("/var/lib/systemd/linger")
"""One file for each user whose services start at boot and not at the first login (loginctl enable-linger)."""


@dataclass(frozen=True)
class Service:
    """The service as it would be, and as it is.

    `unit` and `link` are the files, `text` what the unit says, `command` what it runs; `crontab` the line for
    machines without systemd. `written`: None where there is no unit, else whether it runs exactly that.
    `stale` are the units and links for places that this repository has left.
    """

    unit: Path
    link: Path
    text: str
    command: tuple[str, ...]
    crontab: str
    written: bool | None
    enabled: bool
    has_systemd: bool
    booted: bool
    lingers: bool
    stale: tuple[Path, ...] = ()


def service(workspace: Workspace) -> Service:
    """Looks; writes nothing."""
    environment, common = workspace.environment, workspace.repository.common
    folder = _configuration(environment) / "systemd" / "user"
    unit = folder / f"ccc-{digest('sha256', str(common).encode('utf-8', 'surrogateescape'))[:12]}.service"
    link = folder / "default.target.wants" / unit.name
    command = (sys.executable, "-E", "-P", "-m", "ccc", "-C", str(common), "drain", "--recover")
    whose = f"{MARK}{workspace.replica}" if workspace.initialised else ""
    text = unit_text(str(workspace.checkout or common), command, environment, whose)
    return Service(
        unit=unit,
        link=link,
        text=text,
        command=command,
        crontab=f"@reboot {shlex.join(command)}".replace("%", r"\%"),
        written=_says(unit, text),
        enabled=link.is_symlink() and link.resolve() == unit.resolve(),
        has_systemd=shutil.which("systemctl", path=environment.get("PATH")) is not None,
        booted=BOOTED.is_dir(),
        lingers=(LINGER / environment.get("USER", environment.get("LOGNAME", "nobody"))).exists(),
        stale=tuple(_stale(folder, whose, unit)) if whose else (),
    )


def _stale(folder: Path, whose: str, own: Path) -> Iterator[Path]:
    """Units, and their links, of this repository for a place that is not there any more, so no copy's."""
    for unit in sorted(folder.glob("ccc-*.service")):
        lines = unit.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if unit != own else ()
        if whose in lines and not any(_is_place(line) for line in lines):
            link = folder / "default.target.wants" / unit.name
            yield from (path for path in (link, unit) if path.is_symlink() or path.exists())


def _is_place(line: str) -> bool:
    """Whether a line of a unit names a common directory that is there."""
    if not line.startswith("ExecStart="):
        return False
    words = shlex.split(line.partition("=")[2].replace("$$", "$").replace("%%", "%"))
    return "-C" in words[:-1] and Path(words[words.index("-C") + 1]).is_dir()


def install(workspace: Workspace, *, yes: bool) -> Service:
    """Writes the unit and enables it; done twice it changes nothing.

    Raises InsideAgent, NeedsPerson without `yes`, Refused where there is no systemd.
    """
    workspace.require()
    require_person_at_keyboard(workspace, "installing a service", "git ccc service install")
    found = service(workspace)
    if not found.has_systemd:
        raise Refused("there is no systemd here", f"crontab -e, and add the line: {found.crontab}")
    if not yes:
        raise NeedsPerson(f"this writes {found.unit} and {found.link}", "git ccc service install --yes")
    try:
        found.link.parent.mkdir(parents=True, exist_ok=True)
        replace_file(found.unit, found.text)
        if not found.enabled:
            found.link.unlink(missing_ok=True)
            found.link.symlink_to(Path("..") / found.unit.name)
        for path in found.stale:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(
            f"{found.unit} cannot be written: {error.strerror}: {error.filename}",
            "HOME, or XDG_CONFIG_HOME, has to be a folder of yours",
        ) from error
    return service(workspace)


def remove(workspace: Workspace, *, yes: bool) -> tuple[Path, ...]:
    """Takes unit and link away; which files were there. Raises InsideAgent, NeedsPerson without `yes`."""
    require_person_at_keyboard(workspace, "removing a service", "git ccc service remove")
    found = service(workspace)
    there = _there(found)
    if there and not yes:
        names = " and ".join(str(path) for path in there)
        raise NeedsPerson(f"this deletes {names}", "git ccc service remove --yes")
    return forget(workspace)


def forget(workspace: Workspace) -> tuple[Path, ...]:
    """Takes unit and link away, without asking: ccc is taken out of the repository."""
    there = _there(service(workspace))
    for path in there:
        path.unlink()
    return there


def _there(found: Service) -> tuple[Path, ...]:
    own = (path for path in (found.link, found.unit) if path.is_symlink() or path.exists())
    return (*own, *found.stale)


def unit_text(place: str, command: Sequence[str], environment: Mapping[str, str], whose: str = "") -> str:
    """The unit file. KillMode: what it brought back lives on when it has ended. `whose`: MARK, replica."""
    variables = [
        f"Environment={quoted(f'{name}={environment[name]}')}"
        for name in TAKEN_ALONG
        if environment.get(name)
    ]
    lines = (
        "# Written by `git ccc service install`; `git ccc service remove` takes it away.",
        *((whose,) if whose else ()),
        "[Unit]",
        f"Description=Bring back the ccc sessions of {place.replace('%', '%%')}",
        "",
        "[Service]",
        "Type=oneshot",
        "KillMode=process",
        *variables,
        f"ExecStart={' '.join(quoted(word).replace('$', '$$') for word in command)}",
        "",
        "[Install]",
        "WantedBy=default.target",
    )
    return "\n".join(lines) + "\n"


def quoted(word: str) -> str:
    """A word of a unit file (systemd.syntax(7)): quoted, and without specifiers."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"'


def _configuration(environment: Mapping[str, str]) -> Path:
    named = environment.get("XDG_CONFIG_HOME", "")
    if named.startswith("/"):
        return Path(named)
    home = environment.get("HOME")
    if not home:
        raise Refused("HOME is not set", "HOME=... git ccc service status")
    return Path(home) / ".config"


def _says(unit: Path, text: str) -> bool | None:
    """Whether the unit runs what it would run now; its environment may be of another day."""
    try:
        lines = unit.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    return any(line in lines for line in text.splitlines() if line.startswith("ExecStart="))
