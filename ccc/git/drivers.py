"""Programs of the configuration that merge files (`merge.<name>.driver`), and the files they may be."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ccc.git.command import Git

SETTINGS = r"^merge\.(.*\.driver|default)$"
DEFAULT = "default"
"""`merge.default`: what merges a path without an attribute."""

UNSPECIFIED = "unspecified"


def apply(git: Git, paths: Collection[str], index: Path) -> bool:
    """Whether one of the paths is merged by a program, by the attributes where git is.

    `index` is a file that is not there: without one git would look at that of the main checkout.
    """
    if not paths:
        return False
    rows = git.run("config", "-z", "--get-regexp", SETTINGS, ok=(0, 1)).text.split("\0")
    settings = {key.removeprefix("merge."): value for key, _, value in (row.partition("\n") for row in rows)}
    names = {key.removesuffix(".driver") for key in settings if key != DEFAULT} - {""}
    if not names:
        return False
    asked = git.run(
        *("check-attr", "--stdin", "-z", "merge"),
        input="".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape"),
        env={"GIT_INDEX_FILE": str(index)},
    )
    values = set(asked.out.decode("utf-8", "surrogateescape").split("\0")[2::3])
    return bool(values & names) or (UNSPECIFIED in values and settings.get(DEFAULT) in names)


def check_out(git: Git, commit: str, index: Path) -> None:
    """The files of a commit where git is, beside what is there already. Raises GitFailed.

    What has no room, or what a filter does not give, is left out.
    """
    env = {"GIT_INDEX_FILE": str(index)}
    git.run("read-tree", commit, env=env)
    git.run("checkout-index", "--all", "--quiet", env=env, ok=range(256))
