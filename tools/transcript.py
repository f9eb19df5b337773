"""Plays the transcript of a document and writes down what the commands really print.

`python -m tools.transcript README.md` rewrites the document's first ```console block;
`--check` only compares, ids and times left aside, and ends with 1 when they differ.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PLACE = "/src"
TIME_LIMIT = 120
MASKS = (
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}\b|\b[a-f]{7,8}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(T| )\d\d:\d\d(:\d\d(\.\d+)?)?Z?"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min|h|seconds?|minutes?)( ago)?\b"), "<span>"),
    (re.compile(r"\b(now|just now)\b"), "<span>"),
    (re.compile(r" +"), " "),
)
"""What differs from run to run."""


def commands(block: str) -> list[str]:
    """The command lines of a block: what follows `$ `."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def play(lines: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Runs the lines one after the other in a fresh repository `shop`; the transcript they give."""
    directory = folder / "shop"
    _prepare(directory, environment)
    return "".join(f"$ {line}\n{output}" for line, output in _outputs(lines, folder, directory, environment))


def _prepare(directory: Path, environment: Mapping[str, str]) -> None:
    directory.mkdir()
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "Developer"),
        ("config", "user.email", "developer@example.com"),
        ("commit", "--quiet", "--allow-empty", "--message=Start"),
    ):
        subprocess.run(["git", *arguments], cwd=directory, env=environment, check=True)


def _outputs(
    lines: list[str], folder: Path, directory: Path, environment: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("cd "):
            directory = (directory / line[3:]).resolve()
            yield line, ""
            continue
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
            check=False,
        )
        text = done.stdout.decode("utf-8").replace(str(folder), PLACE)
        if done.returncode:
            raise SystemExit(f"{line} ended with {done.returncode}:\n{text}")
        yield line, "".join(f"{part.rstrip()}\n" for part in text.splitlines())


def masked(text: str) -> str:
    """The text with ids, times and spans replaced."""
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return text


def fresh_environment(folder: Path) -> dict[str, str]:
    """A private HOME; the programs of this very Python come first on PATH."""
    home = folder / "home"
    home.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {"HOME": str(home), "PATH": path, "GIT_CONFIG_NOSYSTEM": "1", "LANG": "C.UTF-8", "TERM": "dumb"}


def main(arguments: list[str]) -> int:
    """Rewrites or checks one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(arguments)
    text = given.document.read_text(encoding="utf-8")
    found = BLOCK.search(text)
    if found is None:
        raise SystemExit(f"{given.document} has no ```console block")
    # What the commands began in the background may write there still.
    with tempfile.TemporaryDirectory(prefix="ccc-transcript-", ignore_cleanup_errors=True) as folder:
        place = Path(folder).resolve()
        real = play(commands(found[1]), place, fresh_environment(place))
    if not given.check:
        given.document.write_text(text[: found.start(1)] + real + text[found.end(1) :], encoding="utf-8")
        return 0
    difference = list(
        difflib.unified_diff(
            masked(found[1]).splitlines(), masked(real).splitlines(), "document", "real", lineterm=""
        )
    )
    sys.stdout.write("".join(f"{line}\n" for line in difference))
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
