"""Secrets in texts that are about to be recorded: found by their shape, replaced by a visible marker."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ccc.domain.canonical import Value

ASSIGNED = "value of"
URL_PASSWORD = "password in a URL"  # noqa: S105 - words for people
CONFIGURED = "as privacy.patterns says"
LEAST_ENTROPY = 2.75
"""Bits a character (Shannon) below which an assigned value is taken for a word or a placeholder."""

LEAST_LENGTH, MOST_LENGTH = 8, 4000
MOST_PASSES = 10
MARKER = r"\[secret removed: [^\]\n]{1,60}\]"


class Shape:
    """A kind of secret. `signs`: a text without any of these strings holds none of this kind.

    `hint`: where a sign is common in ordinary words (`task-7`), what stands there at least, too, whatever is
    before it: it is looked for in whole messages, in which JSON may put a letter before a secret.

    `pattern` begins where a run of its own characters begins, so that a search takes linear time. It
    replaces what its group `secret` holds, or all that it matches.
    """

    __slots__ = ("hint", "kind", "pattern", "signs")

    def __init__(self, kind: str, signs: tuple[str, ...], pattern: str, hint: str | None = None) -> None:
        self.kind = kind
        self.signs = signs
        self.pattern = pattern
        self.hint = hint


SHAPES = (
    Shape(
        "private key",
        ("PRIVATE KEY",),
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
        r"[\s\S]*?(?:-----END [A-Z0-9 ]{0,60}-----|\Z)",
    ),
    Shape(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,}+",
    ),
    Shape("github token", ("github_pat_",), r"(?<![A-Za-z0-9_])github_pat_[A-Za-z0-9_]{22,}+"),
    Shape("gitlab token", ("glpat-", "gldt-", "glrt-"), r"(?<![\w-])gl(?:pat|dt|rt)-[\w-]{20,}+"),
    Shape("slack token", ("xox",), r"(?<![A-Za-z0-9-])xox[abeoprs]-[A-Za-z0-9-]{10,}+"),
    Shape("slack token", ("xapp-",), r"(?<![A-Za-z0-9-])xapp-[A-Za-z0-9-]{20,}+"),
    Shape("anthropic key", ("sk-ant-",), r"(?<![\w-])sk-ant-[\w-]{20,}+"),
    Shape(
        "openai key",
        ("sk-",),
        r"(?<![\w-])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,}+|[A-Za-z0-9]{32,}+)",
        r"sk-(?:(?:proj|svcacct|admin|None)-|[A-Za-z0-9]{32})",
    ),
    Shape("google key", ("AIza",), r"(?<![\w-])AIza[\w-]{35,}+"),
    Shape("google secret", ("GOCSPX-",), r"(?<![\w-])GOCSPX-[\w-]{20,}+"),
    Shape("npm token", ("npm_",), r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36,}+"),
    Shape("pypi token", ("pypi-",), r"(?<![\w-])pypi-[\w-]{50,}+"),
    Shape("stripe key", ("_live_", "_test_"), r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{16,}+"),
    Shape("stripe key", ("whsec_",), r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{24,}+"),
    Shape("aws key", ("AKIA", "ASIA"), r"(?<![A-Za-z0-9+/=_-])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9+/=_-])"),
    Shape("jwt", ("eyJ",), r"(?<![\w.-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]*+"),
    Shape(URL_PASSWORD, ("://",), r"://[^\s/:@\[\]<>\"']{0,200}:(?P<secret>[^\s/@\[\]<>\"']{1,400})@"),
)
"""The shapes that the makers of these keys publish; tests name an example of each."""

NAMES = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "authorization"),
    *("apikey", "api_key", "api-key", "accesskey", "access_key", "access-key", "private_key", "private-key"),
)
"""What secrets are assigned to, in any case, with anything before it (`DB_PASSWORD`)."""

NAME_SIGNS = ("passw", "passphrase", "secret", "token", "credential", "authoriz", "api", "access", "private")
"""In lower case: a text without any of these assigns nothing to any of NAMES."""

_SEPARATOR = r"s?[\"'`]?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}(?:(?:Bearer|Basic|token)[ \t]{1,3})?"
_ASSIGNED = _SEPARATOR + r"[\"'`]?(?P<secret>[^\s\"'`,;<>()\[\]{}|\\]{8,4000}+)(?![(\[])"
_WORD = r"(?:[A-Za-z]{1,24}[0-9]{0,2}|[0-9]{1,4})"
_ORDINARY = (
    r"(?s:[0-9a-f-]{1,128}|[0-9A-F-]{1,128}|[0-9T:.,+Z_-]{1,40}|[0-9]{8}T[0-9.+]{6,16}\.\w+"
    rf"|[$%&*@~./].*|\w+://.*|sha[0-9]{{1,3}}[-:].*|{_WORD}(?:[_.-]{_WORD})+|v?[0-9]+(?:\.[0-9]+)+[\w.-]*"
    r"|[\w.-]+(?:/[\w.-]+)*\.[A-Za-z]{1,5})"
)
"""Ids, numbers, moments, variables, paths, addresses, checksums, names made of words, versions, files."""


def marker(kind: str) -> str:
    """What stands in a removed secret's place."""
    return f"[secret removed: {kind}]"


class Filter:
    """Replaces secrets; `removed` counts what kinds it has met since it was made.

    `patterns` are regular expressions of the team's own (`privacy.patterns`); each match is a secret, or its
    group `secret` where it has one. Raises ValueError for one that is none.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self.removed: Counter[str] = Counter()
        try:
            self._own = [re.compile(pattern) for pattern in patterns]
        except re.error as error:
            raise ValueError(f"{error.pattern!r} is no regular expression: {error}") from error

    def suspects(self, text: str) -> bool:
        """Whether a closer look is worth while: quick, and never wrong about a text without secrets."""
        return bool(self._own) or _suspicious(text)

    def clean(self, text: str) -> str:
        """The text without secrets; the same object where there is none. Cleaning twice changes nothing."""
        return self._cleaned(text) if self.suspects(text) else text

    def _cleaned(self, given: str) -> str:
        """Again until nothing changes: what is beside a removed secret may be one, seen without it."""
        text = given
        for _ in range(MOST_PASSES):
            before, text = text, self._passed(text)
            if text == before:
                break
        return given if text == given else text

    def _passed(self, text: str) -> str:
        for shape in SHAPES:
            if any(sign in text for sign in shape.signs):
                text = self._outside_markers(_compiled(shape.pattern), shape.kind, text)
        lowered = text.lower()
        for name in NAMES:
            if name in lowered:
                text = self._outside_markers(_assignment(name), f"{ASSIGNED} {name}", text, _is_secret)
        for pattern in self._own:
            text = self._outside_markers(pattern, CONFIGURED, text)
        return text

    def clean_bytes(self, content: bytes) -> bytes:
        """The same for the bytes of a file; what is not UTF-8 in it stays as it is."""
        text = content.decode("utf-8", "surrogateescape")
        cleaned = self.clean(text)
        return content if cleaned is text else cleaned.encode("utf-8", "surrogateescape")

    def clean_value(self, value: Value, name: str = "") -> Value:
        """The same for every text in a recorded value; `name` is that of the field it is in."""
        if isinstance(value, str):
            if name in PLACES:
                return value
            if _is_name(name) and _is_secret(value) and not _compiled(MARKER).search(value):
                return self._removed(f"{ASSIGNED} {name.lower()}")
            return self.clean(value)
        if isinstance(value, Mapping):
            return {key: self.clean_value(item, key) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_value(item, name) for item in value]
        return value

    def _removed(self, kind: str) -> str:
        self.removed[kind] += 1
        return marker(kind)

    def _outside_markers(
        self,
        pattern: re.Pattern[str],
        kind: str,
        text: str,
        accept: Callable[[str], bool] = lambda _: True,
    ) -> str:
        """The text with what the pattern finds replaced, markers of earlier removals left alone."""

        def replaced(found: re.Match[str]) -> str:
            group = "secret" if "secret" in pattern.groupindex else 0
            secret = found[group]
            if not secret or not accept(secret) or _compiled(MARKER).search(secret):
                return found[0]
            start, end = (index - found.start() for index in found.span(group))
            return found[0][:start] + self._removed(kind) + found[0][end:]

        if "[secret removed: " not in text:
            return pattern.sub(replaced, text)
        parts = []
        position = 0
        for kept in _compiled(MARKER).finditer(text):
            parts += [pattern.sub(replaced, text[position : kept.start()]), kept[0]]
            position = kept.end()
        return "".join([*parts, pattern.sub(replaced, text[position:])])


PLACES = frozenset(
    {
        *("branch", "target", "worktree", "ref", "backup", "kept", "on", "path", "paths", "log", "file"),
        *("base", "head", "tree", "commit", "tip", "tag", "advanced", "from", "to", "parent", "where", "by"),
        *("session", "created_by", "name", "alias", "role", "engine", "model", "runner", "key", "at"),
        *("after", "approval", "conversation", "id", "state", "status", "kind", "how", "answers"),
        *("type", "stage", "before", "hook", "origin"),
    }
)
"""Fields that say where and who something is, by names that git or ccc uses again: never altered."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _assignment(name: str) -> re.Pattern[str]:
    return re.compile(f"(?i:{re.escape(name)}{_ASSIGNED})")


def _suspicious(text: str) -> bool:
    for sign, hint in _signs():
        if sign in text and (hint is None or _compiled(hint).search(text)):
            return True
    lowered = text.lower()
    return any(sign in lowered for sign in NAME_SIGNS)


@cache
def _signs() -> tuple[tuple[str, str | None], ...]:
    return tuple((sign, shape.hint) for shape in SHAPES for sign in shape.signs)


def _is_name(name: str) -> bool:
    """Whether a field's own name says that a secret is in it."""
    return any(name.lower().endswith(each) for each in NAMES) if name else False


def _is_secret(value: str) -> bool:
    """Whether an assigned value is one: letters and digits, random enough, and nothing ordinary."""
    if not LEAST_LENGTH <= len(value) <= MOST_LENGTH or _compiled(_ORDINARY).fullmatch(value):
        return False
    if not any(c.isdigit() for c in value) or not any(c.isalpha() for c in value):
        return False
    if any(c.isspace() or c in "()" for c in value):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= LEAST_ENTROPY
