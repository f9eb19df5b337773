"""Which library serves a repository's store: libgit2 where it can, else the git program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ccc.errors import BadConfig, GitFailed
from ccc.git.command import Git
from ccc.git.formats import FILES, SHA1, formats_of
from ccc.git.objects import Backend
from ccc.records import dataclass

LIBGIT, GIT = "libgit", "git"
VARIABLE = "CCC_BACKEND"
"""`libgit` or `git`: no probing, for tests and for who distrusts one of them; empty: whatever fits."""


@dataclass(frozen=True)
class Choice:
    """The backend in use, by name (LIBGIT or GIT), and why, in words."""

    name: str
    why: str
    backend: Backend


def choose(common: Path, git: Git, environment: Mapping[str, str]) -> Choice:
    """Opens the backend that serves a common directory: libgit2, unless it cannot be had or refuses.

    Raises BadConfig for a value of `CCC_BACKEND` that is no backend, GitFailed where the one named cannot
    open the repository.
    """
    asked = environment.get(VARIABLE, "")
    if asked not in ("", LIBGIT, GIT):
        raise BadConfig(f"{VARIABLE} is {asked!r}", f"unset it, or set it to {LIBGIT} or {GIT}")
    if asked == GIT:
        return Choice(GIT, f"{VARIABLE} says so", _plumbing(git, common))
    if asked == LIBGIT:
        return Choice(LIBGIT, f"{VARIABLE} says so", _libgit(common))
    why = _beyond_libgit2(common)
    if not why:
        try:
            return Choice(LIBGIT, "libgit2 knows this kind of repository", _libgit(common))
        except ImportError:
            why = "pygit2 is not installed"
        except GitFailed as error:
            why = error.message
    return Choice(GIT, why, _plumbing(git, common))


def _beyond_libgit2(common: Path) -> str:
    """Why not even to try libgit2 (importing pygit2 costs 90 ms); empty where it may be tried."""
    formats = formats_of(common)
    if formats.objects != SHA1:
        return f"its objects are named by {formats.objects.upper().replace('SHA', 'SHA-')}"
    if formats.references != FILES:
        return f"its references are stored as {formats.references}"
    return ""


def _plumbing(git: Git, common: Path) -> Backend:
    from ccc.git.plumbing import Plumbing  # where libgit2 does not serve

    return Plumbing(git, common)


def _libgit(common: Path) -> Backend:
    from ccc.git.libgit import LibGit  # 90 ms, and not on every system

    found = LibGit(common)
    found.open()
    return found
