"""A repository prepared for ccc, people and agents who act in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo

AGENT = {"CLAUDECODE": "1"}
"""What makes a call come from inside an agent."""


@dataclass(frozen=True)
class Session:
    """A session worked by hand, in its worktree."""

    name: str
    id: str
    tree: Repo


Spawns = Callable[..., Session]


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc_inline("init", exit=0)
    return repo


@pytest.fixture
def spawn(ready: Repo, ccc_inline: RunsCcc) -> Spawns:
    """Spawns a session worked by hand."""

    def make(task: str, role: str = "backend") -> Session:
        made = ccc_inline("spawn", role, task, "--no-start", "--json", exit=0).json["sessions"][0]
        return Session(made["name"], made["id"], Repo(Path(made["worktree"])))

    return make


@dataclass(frozen=True)
class Signer:
    """A key pair; `line` is what a file of allowed signers says of it."""

    key: Path
    who: str

    @property
    def line(self) -> str:
        return f"{self.who} {self.key.with_suffix('.pub').read_text(encoding='utf-8')}"

    def use(self, repo: Repo) -> None:
        """Makes this the key that git signs with."""
        repo.git("config", "gpg.format", "ssh")
        repo.git("config", "user.signingkey", str(self.key.with_suffix(".pub")))


def make_signer(folder: Path, who: str) -> Signer:
    """A fresh key without a passphrase."""
    key = folder / f"{who.partition('@')[0]}_key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(key)], check=True, timeout=30
    )
    return Signer(key, who)


@pytest.fixture
def signer(ready: Repo, tmp_path: Path) -> Signer:
    """The person's key, which the target's commit allows and git is set to sign with."""
    made = make_signer(tmp_path, "developer@example.com")
    ready.commit("Allow a signer", {".ccc/allowed_signers": made.line})
    made.use(ready)
    return made
