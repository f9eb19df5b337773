"""Markdown files with YAML front matter between two `---` lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from ccc.config.decoding import decoded
from ccc.errors import BadConfig

FENCE = "---"
FRONT_MATTER = "the front matter"
YAML_HINT = "is YAML: key: value lines; quote values with : # { [ in them"


@dataclass(frozen=True)
class Split:
    """A file in two; `front_line` and `body_line` are the lines, from 1, where each begins."""

    front: str
    front_line: int
    body: str
    body_line: int


def split(content: bytes, where: str) -> Split:
    """The front matter and the text below it, whose empty first lines are left out. Raises BadConfig."""
    lines = decoded(content, where).split("\n")
    ends = [number for number, line in enumerate(lines) if line.rstrip() == FENCE]
    if len(ends) < 2 or ends[0] != 0:
        raise BadConfig(
            f"{where}:1: no front matter", "begin the file with --- and end the front matter with ---"
        )
    below = range(ends[1] + 1, len(lines))
    first = next((number for number in below if lines[number].strip()), ends[1] + 1)
    return Split("\n".join(lines[1 : ends[1]]) + "\n", 2, "\n".join(lines[first:]), first + 1)


def parse_yaml(parts: Split, where: str, what: str = FRONT_MATTER) -> tuple[dict[str, Any], yaml.MappingNode]:
    """The front matter's values, and the nodes that know their lines. Raises BadConfig.

    `what` is what errors call the text.
    """
    hint = f"{what} {YAML_HINT}"
    try:
        loader = yaml.SafeLoader(parts.front)
        node = _table(loader.get_single_node(), parts, where, what)
        return dict(loader.construct_document(node)), node
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = parts.front_line + (mark.line if mark else 0)
        problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "is not YAML")
        raise BadConfig(f"{where}:{line}: {problem}", hint) from error
    except ValueError as error:  # a date such as 2026-02-31
        raise BadConfig(f"{where}:{parts.front_line}: {' '.join(str(error).split())}", hint) from error
    except (AttributeError, LookupError, RecursionError, TypeError) as error:  # `!!bool maybe` and its like
        raise BadConfig(f"{where}:{parts.front_line}: a value does not fit its tag", hint) from error


def _table(node: yaml.Node | None, parts: Split, where: str, what: str) -> yaml.MappingNode:
    """The node, unless it is something else than keys with values, or has a key twice. Raises BadConfig."""
    if not isinstance(node, yaml.MappingNode):
        raise BadConfig(f"{where}:{parts.front_line}: {what} is not a table", "write key: value lines")
    seen = set()
    for key, _ in node.value:
        line = key.start_mark.line + parts.front_line
        if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith((":str", ":merge")):
            raise BadConfig(f"{where}:{line}: a key must be text", f"{what} {YAML_HINT}")
        if key.value in seen:
            raise BadConfig(f"{where}:{line}: {key.value}: is there twice", "delete one of them")
        seen.add(key.value)
    return node
