"""The report a session commits: front matter of a few plain keys, then text for people."""

from __future__ import annotations

from ccc.records import dataclass

FENCE = "---"
STATES = ("done", "blocked", "question")
NOTHING = frozenset({"", "|", "|-", "|+", ">", ">-", ">+", "[]", "~", "null"})
"""What stands after a key whose text begins on the next line, or that has none (YAML)."""


@dataclass(frozen=True)
class Report:
    """What the report says; `status` None where it says none of `done`, `blocked`, `question`."""

    status: str | None
    summary: str
    next_steps: tuple[str, ...]
    body: str
    depends_on: tuple[str, ...] = ()


def parse_report(content: bytes) -> Report:
    """The report of any bytes: what cannot be read as front matter is text. Never raises."""
    text = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    front, body = _split(text)
    fields = _fields(front)
    status = " ".join(fields.get("status", [])).partition(" #")[0].strip().lower()
    summary = " ".join(fields.get("summary", [])).strip() or _first_paragraph(body)
    steps = tuple(step for step in fields.get("next_steps", []) if step)
    needs = tuple(each for each in fields.get("depends_on", []) if each)
    return Report(status if status in STATES else None, summary, steps, body, needs)


def _split(text: str) -> tuple[list[str], str]:
    lines = text.split("\n")
    if lines[0].strip() != FENCE:
        return [], text
    for number, line in enumerate(lines[1:], 1):
        if line.strip() == FENCE:
            return lines[1:number], "\n".join(lines[number + 1 :])
    return [], text


def _fields(lines: list[str]) -> dict[str, list[str]]:
    """`key: value` lines, and `- item` lines below a key."""
    fields: dict[str, list[str]] = {}
    key = ""
    for line in lines:
        stripped = line.strip()
        name, colon, value = line.partition(":")
        if f"{stripped} ".startswith("- ") and key:
            fields[key].append(_plain(stripped[2:]))
        elif colon and not line.startswith((" ", "\t", "-")):
            key = name.strip().lower().replace("-", "_")
            fields[key] = _values(value.strip())
        elif key and stripped:
            fields[key].append(stripped)
    return fields


def _values(text: str) -> list[str]:
    """What stands after a key on its line: nothing, one value, or a list in brackets."""
    if text in NOTHING:
        return []
    if text.startswith("[") and text.endswith("]"):
        return [_plain(part) for part in text[1:-1].split(",")]
    return [_plain(text)]


def _plain(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _first_paragraph(body: str) -> str:
    for part in body.split("\n\n"):
        words = " ".join(line for line in part.split("\n") if not line.startswith("#")).strip()
        if words:
            return " ".join(words.split())
    return ""
