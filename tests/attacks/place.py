"""Where attacks happen: a repository with two sessions, put back as it was before each of them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ccc.domain.approving import NAMESPACE, signed_text
from ccc.domain.landings import Approval
from ccc.platform import signatures
from tests.attacks.attacks import LEVELS, REFUSED, SHOWN, TOLD, UNSEEN, VAIN
from tests.audit.conftest import make_signer
from tests.support.agents import until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo, copy_repository

STRANGER = 65534
AS_ANOTHER = (
    *("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"),
    *("--bounding-set=-all", "--inh-caps=-all"),
)
PATHS = os.pathsep.join([str(PROJECT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
FORGE = Path(__file__).with_name("forge.py")


@dataclass(frozen=True)
class Seen:
    """What a person sees by one command, and what is really there."""

    told: frozenset[str]
    main: str
    theirs: str
    can_land: bool
    diff: str
    behind: bool
    decided: frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Place:
    """The folder of a level; `saved` is how it was made."""

    level: str
    root: Path
    known: dict[str, Any]
    before: list[Seen] = field(default_factory=list)

    @property
    def repo(self) -> Repo:
        return Repo(self.root / "now" / "repo")

    @property
    def mine(self) -> Path:
        return self.root / "now" / "repo.ccc" / "backend-mine"

    @property
    def scratch(self) -> Path:
        return self.root / "now" / "scratch"

    def put_back(self) -> None:
        """As it was made; whoever still works in what was there works on in a folder that goes away."""
        fresh = Path(tempfile.mkdtemp(prefix="fresh-", dir=self.root))
        subprocess.run(["cp", "-a", str(self.root / "saved"), str(fresh / "now")], check=True)
        for _ in range(50):
            with contextlib.suppress(FileNotFoundError):
                gone = Path(tempfile.mkdtemp(prefix="gone-", dir=self.root))
                (self.root / "now").rename(gone / "now")
                shutil.rmtree(gone, ignore_errors=True)
            with contextlib.suppress(OSError):  # somebody has made a folder there again
                (fresh / "now").rename(self.root / "now")
                return
        raise RuntimeError(f"{self.root / 'now'} is made again and again")

    def attack(self, script: str) -> int:
        """Runs the script as the level says; its exit code."""
        enforced = self.level == "enforced"
        place = self.scratch / "clone" if enforced else self.mine
        command = ["sh", "-e", "-c", script]
        if enforced:
            command = [*AS_ANOTHER, *command]
        done = subprocess.run(
            command,
            cwd=place,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        print(done.stdout + done.stderr)
        return done.returncode

    def _environment(self) -> dict[str, str]:
        entry = self.known["entry"]
        own = {
            "MAIN": str(self.repo.path),
            "COMMON": str(self.repo.path / ".git"),
            "SCRATCH": str(self.scratch),
            "MINE": "backend-mine",
            "MINE_ID": entry["session"],
            "MINE_BRANCH": "ccc/backend/mine",
            "THEIRS": "frontend-theirs",
            "THEIRS_ID": self.known["theirs"],
            "THEIRS_BRANCH": "ccc/frontend/theirs",
            "THEIRS_TREE": str(self.root / "now" / "repo.ccc" / "frontend-theirs"),
            **{name.upper(): entry[name] for name in ("base", "head", "tree")},
            "OLD_SIGNATURE": self.known["signature"],
            "KEY": str(self.scratch / "own_key"),
            "FORGE": str(FORGE),
            "PYTHON": sys.executable,
            "CCC": f"{sys.executable} -P -m ccc",
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.level == "as an agent":
            own |= {"CCC_SESSION": entry["session"], "CCC_RUN": f"{entry['session']}.1"}
        if self.level == "enforced":
            home, python = str(self.scratch), others_python() or sys.executable
            own |= {
                "PYTHON": python,
                "CCC": f"{python} -P -m ccc",
                "PYTHONPATH": PATHS,
                "HOME": home,
                "GIT_CONFIG_GLOBAL": f"{home}/.gitconfig",
                "TMPDIR": home,
                "XDG_STATE_HOME": home,
            }
        return {**os.environ, **own}

    def look(self, ccc: RunsCcc) -> Seen:
        """What the person's next command says, and what the repository is like."""
        repo = self.repo
        inbox = ccc("inbox", "--json", cwd=repo.path, exit=0).json
        told = frozenset(one["title"] for one in inbox["items"] if one["kind"] in ("message", "failure"))
        decided = frozenset((one["what"], one["session"], one["at"]) for one in inbox["decided"])
        entries = [
            ccc("review", name, "--json", cwd=repo.path).json for name in ("backend-mine", "frontend-theirs")
        ]
        shown = ccc("show", "backend-mine", "--json", cwd=repo.path, exit=0).json
        head = repo.git("rev-parse", "ccc/backend/mine")
        return Seen(
            told,
            repo.git("--no-replace-objects", "rev-parse", "main"),
            repo.git("rev-parse", "ccc/frontend/theirs"),
            any(entry.get("can_merge") for entry in entries),
            json.dumps(entries[0].get("diff")) if head == self.known["entry"]["head"] else "",
            shown["head"] != head,
            decided,
        )


def outcome(before: Seen, after: Seen, code: int) -> str:
    """Which of the outcomes an attack had."""
    if after.told - before.told:
        return TOLD
    shown_otherwise = bool(after.diff) and after.diff != before.diff
    gained = after.can_land or after.behind or shown_otherwise
    if gained or (after.main, after.theirs) != (before.main, before.theirs):
        return SHOWN if after.decided - before.decided else UNSEEN
    return REFUSED if code else VAIN


def make(level: str, root: Path, template: Path, ccc: RunsCcc) -> Place:
    """Builds the place of a level below `root`, to be put back from there."""
    assert level in LEVELS
    now = root / "now"
    now.mkdir()
    repo, scratch = copy_repository(template, now / "repo"), now / "scratch"
    scratch.mkdir()
    person, own = make_signer(root, "developer@example.com"), make_signer(scratch, "own@example.com")
    assert own.key == scratch / "own_key"
    if level in ("signed", "enforced"):
        files = {".ccc/allowed_signers": person.line, ".ccc/config.toml": "[approval]\nsigned = true\n"}
        repo.commit("Sign", files)
    repo.commit("One more", more="1\n")
    ccc("init", cwd=repo.path, exit=0)
    made = {}
    for role, task in (("backend", "Mine"), ("frontend", "Theirs")):
        found = ccc("spawn", role, task, "--no-start", "--json", cwd=repo.path, exit=0).json["sessions"][0]
        Repo(Path(found["worktree"])).commit(f"{task}\n\nCcc-Status: done", {task.lower(): f"{task}\n"})
        ccc("wait", found["name"], "--timeout", "60", cwd=repo.path, exit=0)
        made[task] = found["id"]
    entry = ccc("review", "backend-mine", "--json", cwd=repo.path, exit=0).json["entry"]
    other = Approval("Developer <developer@example.com>", "", entry["base"], entry["head"], entry["base"])
    signature = signatures.sign(signed_text("main", made["Mine"], other), str(person.key), NAMESPACE)
    place = Place(level, root, {"entry": entry, "theirs": made["Theirs"], "signature": signature})
    if level == "enforced":
        _give_a_clone(place)
    _let_drains_end(repo.path)
    place.before.append(place.look(ccc))
    subprocess.run(["cp", "-a", str(now), str(root / "saved")], check=True)
    return place


def _give_a_clone(place: Place) -> None:
    clone = place.scratch / "clone"
    source = ("clone", "-q", "--no-local", "--branch", "ccc/backend/mine", str(place.repo.path), str(clone))
    place.repo.git(*source)
    settings = "[safe]\n\tdirectory = *\n[user]\n\tname = Developer\n\temail = developer@example.com\n"
    (place.scratch / ".gitconfig").write_text(settings, encoding="utf-8")
    subprocess.run(["chown", "-R", f"{STRANGER}:{STRANGER}", str(place.scratch)], check=True)


def _let_drains_end(repo: Path) -> None:
    until(lambda: not (repo / ".git" / "ccc" / "drain.pid").exists(), "the end of the last drain")


@cache
def others_python() -> str | None:
    """A Python that another user can run with what ccc needs; None where this process cannot become one."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return None
    known = (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}")
    for python in known:
        # By a shell: setpriv itself still may what root may while it looks for a program.
        command = [*AS_ANOTHER, "sh", "-c", f'"{python}" -c "import click, pygit2, ccc"']
        environment = {**os.environ, "PYTHONPATH": PATHS, "PYTHONDONTWRITEBYTECODE": "1"}
        if subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0:
            return python
    return None
