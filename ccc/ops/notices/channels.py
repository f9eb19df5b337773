"""Who wants to be told, and how: `[notify]` of the project, `ccc.notify.*` of a person's git configuration.

What names a command to run is believed only where set-up commands are (CONTRACT §6): in the main checkout,
and while that stands on a session's branch in the target's commit. The git configuration is the person's own.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ccc.errors import BadConfig
from ccc.git import repository as repositories
from ccc.ops.desk import desk_of
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import withheld

if TYPE_CHECKING:
    from ccc.config.model import Notify

CONFIG_FILE = ".ccc/config.toml"
KEYS = "ccc.notify."
OWN_KEYS = {
    "command": "command",
    "desktop": "desktop",
    "webhook": "webhook",
    "webhooksecretenv": "webhook_secret_env",
    "timeout": "timeout",
    "on": "on",
}
"""Keys of git's configuration, which folds case, and those of `[notify]` that they stand for."""

HEADS = "refs/heads/"


@dataclass(frozen=True)
class Channel:
    """One way to tell somebody. `name` says whose it is and of which `kind`; `timeout` seconds, one attempt.

    `secret_env` names the variable whose value signs what a webhook is sent.
    """

    name: str
    kind: str
    on: Sequence[str]
    timeout: float
    command: Sequence[str] = ()
    url: str = ""
    secret_env: str | None = None

    def can_tell(self, environment: Mapping[str, str]) -> bool:
        """Whether this process can: nothing that is to be signed is sent unsigned."""
        return self.secret_env is None or bool(environment.get(self.secret_env))


def of(workspace: Workspace) -> tuple[Channel, ...]:
    """Every channel, the same one once. Raises BadConfig with file, line and key."""
    found: dict[tuple[object, ...], Channel] = {}
    for owner, section in (("project", _of_project(workspace)), ("own", _of_person(workspace))):
        for channel in () if section is None else _channels(owner, section):
            found.setdefault((channel.kind, *channel.command, channel.url), channel)
    return tuple(found.values())


def host_environment(workspace: Workspace, agent: Mapping[str, str]) -> dict[str, str]:
    """The agent's environment for its host, which also has what signs notices and keeps that for itself."""
    try:
        names = [each.secret_env for each in of(workspace) if each.secret_env is not None]
    except BadConfig:
        names = []
    return withheld.given(agent, workspace.environment, names)


def _channels(owner: str, section: Notify) -> Iterator[Channel]:
    if section.command:
        yield Channel(f"{owner}-command", "command", section.on, section.timeout, command=section.command)
    if section.desktop:
        yield Channel(f"{owner}-desktop", "desktop", section.on, section.timeout)
    if section.webhook is not None:
        yield Channel(
            f"{owner}-webhook",
            "webhook",
            section.on,
            section.timeout,
            url=section.webhook,
            secret_env=section.webhook_secret_env,
        )


def _of_project(workspace: Workspace) -> Notify | None:
    content, where = _believed(workspace)
    if b"notify" not in content:
        return None
    from ccc.config.settings import load_settings  # pydantic: 50 ms, where somebody wants to be told

    return load_settings(content, where=where, environment={}).config.notify


def _believed(workspace: Workspace) -> tuple[bytes, str]:
    """The project's configuration and where it lies; what cannot be read says nothing."""
    top = desk_of(workspace)
    branch = _branch_of_session(workspace) if top is not None else None
    if top is not None and branch is None:
        try:
            return (top / CONFIG_FILE).read_bytes(), CONFIG_FILE
        except OSError:
            return b"", CONFIG_FILE
    revision = f"{HEADS}{branch}" if branch else "HEAD"
    if repositories.resolve(workspace.git, revision) is None:
        return b"", CONFIG_FILE
    found = workspace.git.run("cat-file", "blob", f"{revision}:{CONFIG_FILE}", ok=(0, 128)).out
    return found, f"{branch or 'HEAD'}:{CONFIG_FILE}"


def _branch_of_session(workspace: Workspace) -> str | None:
    """The target of the session whose branch the main checkout stands on; None where that is nobody's."""
    head = _head(workspace)
    for session in all_sessions(workspace.reader.state()):
        if head == HEADS + session.branch:
            return session.target
    return None


def _head(workspace: Workspace) -> str:
    """The branch that the main checkout is on, in full; asked of git where no file says it."""
    try:
        text = (workspace.repository.common / "HEAD").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    if text.startswith("ref: ") and not text.rstrip().endswith("/.invalid"):
        return text.removeprefix("ref: ").strip()
    found = workspace.git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).out
    return found.decode("utf-8", "replace").strip()


def _of_person(workspace: Workspace) -> Notify | None:
    listed = workspace.git.run("config", "-z", "--get-regexp", r"^ccc\.notify\.", ok=(0, 1)).out
    given: dict[str, Any] = {}
    for entry in listed.decode("utf-8", "replace").split("\0"):
        name, newline, value = entry.partition("\n")
        if not name:
            continue
        key = OWN_KEYS.get(name.removeprefix(KEYS))
        if key is None:
            raise BadConfig(f"git config {name}: no such key", f"one of {', '.join(OWN_KEYS)}")
        given[key] = _value(key, value if newline else "true", name)
    if not given:
        return None
    from pydantic import ValidationError

    from ccc.config.model import Notify
    from ccc.config.problems import words

    try:
        return Notify.model_validate(given)
    except ValidationError as error:
        key = ".".join(str(part) for part in error.errors()[0]["loc"][:1])
        raise BadConfig(f"git config {KEYS}{key}: {words(error.errors()[0])}", "git config --edit") from error


def _value(key: str, text: str, name: str) -> Any:
    """A text of git's configuration as the value that `[notify]` would have."""
    if key == "command":
        try:
            return shlex.split(text)
        except ValueError as error:
            raise BadConfig(f"git config {name}: {error}", "quote it as for a shell") from error
    if key == "desktop":
        return text.strip().lower() in ("true", "1", "yes", "on")
    return text.replace(",", " ").split() if key == "on" else text
