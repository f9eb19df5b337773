"""`.ccc/config.toml`: validated, layered, each value with its origin."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ccc.config.decoding import decoded
from ccc.config.model import PROFILES, Config
from ccc.config.places import toml_places
from ccc.config.problems import bad, words
from ccc.errors import BadConfig

PREFIX = "CCC_"
NOT_OVERRIDDEN = ("notify.",)
"""What no variable decides: whoever may start a background process by a hook would name what it runs."""

DEEP = frozenset({"limits", *("session", "role", "person", "day")})
"""Sections with sections of their own."""
SWITCHES = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class Settings:
    """Every value after all layers; `origins` says of each dotted key where its value is from."""

    def __init__(self, config: Config, origins: Mapping[str, str]) -> None:
        self.config = config
        self.origins = dict(origins)
        self.target = config.target
        self.gate = config.gate.commands
        self.gate_retry = config.gate.retry
        self.gate_keep = config.gate.keep
        self.queue = config.queue
        self.approvals_required = config.approval.required
        self.approval = config.approval
        self.branch_prefix = config.session.branch_prefix
        self.worktree_dir = config.session.worktree_dir
        self.copy_files = config.session.copy_files
        self.setup = config.session.setup
        self.ports_base = config.session.ports_base
        self.ports_size = config.session.ports_size
        self.names = config.session.names
        self.engine = config.session.engine
        self.engines = config.engines
        self.session = config.session
        self.keep_session_files = config.land.keep_session_files
        self.land = config.land
        self.reserve_mode = config.reserve.mode
        self.handoff_tokens = config.handoff.tokens
        self.sync = config.sync
        self.retention = config.retention
        self.limits = config.limits
        self.radar = config.radar

    def values(self) -> dict[str, Any]:
        """Dotted key to value, in the order of `Config`."""
        return _flat(_dumped(self.config))


def load_settings(text: bytes | None, *, where: str, environment: Mapping[str, str]) -> Settings:
    """Defaults, then the profile, then the file, then `CCC_<SECTION>_<KEY>` of the environment.

    `text` is None where there is no file. Raises BadConfig with file, line and key, or with the variable.
    """
    given = {} if text is None else _from_file(text, where)
    overrides = _from_environment(environment)
    profile = overrides["profile"][1] if "profile" in overrides else given.get("profile")
    merged: dict[str, Any] = {}
    origins = dict.fromkeys(_flat(_dumped(Config())), "default")
    for layer, origin in ((PROFILES.get(str(profile), {}), f"profile {profile}"), (given, where)):
        merged = _laid_over(merged, layer)
        origins.update(dict.fromkeys(_flat(layer), origin))
    for key, (variable, value) in overrides.items():
        merged = _laid_over(merged, _nested(key, value))
        origins[key] = f"environment {variable}"
    return Settings(Config.model_validate(merged), origins)


def _from_file(content: bytes, where: str) -> dict[str, Any]:
    """The file's values as written, proven valid."""
    text = decoded(content, where)
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
        what = str(error).partition(" (at")[0]
        raise BadConfig(
            f"{where}:{line}: {what[:1].lower()}{what[1:]}", "toml.io explains the format"
        ) from error
    except (RecursionError, ValueError) as error:  # 1,000 brackets in each other, 4,300 digits in a row
        deep = isinstance(error, RecursionError)
        what = "is nested too deeply" if deep else "holds a number that is too long"
        line = _line_that_raises(type(error), text)
        raise BadConfig(f"{where}:{line}: {what}", "nothing in this file needs that") from error
    try:
        Config.model_validate(given)
    except ValidationError as error:
        raise bad(error, where=where, places=toml_places(text), model=Config) from error
    return given


def _line_that_raises(kind: type[Exception], text: str) -> int:
    """The first line with which the text, cut off after it, makes the parser fail in this way."""
    lines = text.split("\n")

    def fails(count: int) -> bool:
        try:
            tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            return False
        except kind:
            return True
        return False

    return bisect_left(range(1, len(lines)), True, key=fails) + 1


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
    """Dotted key → (variable, value), of those that are set and not empty. Raises BadConfig."""
    found = {}
    for key, default in _flat(_dumped(Config())).items():
        variable = PREFIX + key.replace(".", "_").upper()
        text = "" if key.startswith(NOT_OVERRIDDEN) else environment.get(variable, "")
        if text and not isinstance(default, list):
            found[key] = (variable, _value(text, default))
            _prove(key, *found[key])
    return found


def _value(text: str, default: Any) -> Any:
    """A variable's text as the kind of value that its key has; the text itself where it is none."""
    if isinstance(default, bool):
        return SWITCHES.get(text.lower(), text)
    if isinstance(default, int) and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    return text


def _prove(key: str, variable: str, value: Any) -> None:
    try:
        Config.model_validate(_nested(key, value))
    except ValidationError as error:
        what = words(error.errors()[0])
        raise BadConfig(
            f"environment {variable}: {key}: {what}", f"unset {variable}, or set it right"
        ) from error


def _dumped(config: Config) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = (
            _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """`section.key` → value, of `limits` also `limits.section.key`; what is below that stays as it is."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            below = _leaves(value) if name in DEEP else value
            found.update({f"{name}.{key}": each for key, each in below.items()})
        else:
            found[name] = value
    return found


def _leaves(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found.update({f"{name}.{key}": each for key, each in _leaves(value).items()})
        else:
            found[name] = value
    return found


def _nested(key: str, value: Any) -> dict[str, Any]:
    section, dot, name = key.partition(".")
    if not dot:
        return {key: value}
    return {section: _nested(name, value) if section in DEEP else {name: value}}
