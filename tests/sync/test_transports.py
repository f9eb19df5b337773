"""Transports that run receive-pack: ssh on loopback; remotes that refuse, are away, or never answer."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.agents import until
from tests.support.program import Program
from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Ssh:
    """A server of our own: its port, and the command that reaches it as the user would."""

    port: int
    folder: Path

    def command(self, known_hosts: str = "known_hosts", key: str = "user") -> str:
        options = {
            "UserKnownHostsFile": self.folder / known_hosts,
            "IdentityFile": self.folder / key,
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "ask",
        }
        return "ssh -F none " + " ".join(f"-o {name}={value}" for name, value in options.items())

    def url(self, repo: Repo) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repo.path}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path.with_name(f"{path.name}.pub").read_text().strip()


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ssh]:
    """A private sshd on loopback with keys of its own; skipped where there is none.

    Who logs in has an empty home: bash reads the start files of the real one, which may run anything.
    """
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin") or pytest.skip(
        "no sshd here"
    )
    folder, port = tmp_path / "ssh", free_port()
    folder.mkdir(mode=0o700)
    (folder / "home").mkdir()
    host = make_key(folder / "host")
    (folder / "authorized").write_text(make_key(folder / "user") + "\n")
    make_key(folder / "stranger")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host}\n")
    (folder / "wrong_hosts").write_text(f"[127.0.0.1]:{port} {make_key(folder / 'other')}\n")
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\nPasswordAuthentication yes\n"
        f"SetEnv HOME={folder / 'home'}\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself in before anybody logged in
    server = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    found = Ssh(port, folder)
    try:
        until(lambda: _answers(port), "sshd")
        monkeypatch.setenv("GIT_SSH_COMMAND", found.command())
        yield found
    finally:
        server.terminate()
        server.wait(10)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def test_three_clones_over_ssh_sync_at_once_and_converge(hub: Repo, ssh: Ssh, sharing: Clones) -> None:
    clones = [sharing(name, url=ssh.url(hub)) for name in ("one", "two", "three")]
    for each in clones:
        each.note(f"from {each.repo.path.name}")
    with ThreadPoolExecutor(len(clones)) as pool:
        list(pool.map(lambda each: Program(each.repo.path)("sync", exit=0), clones))
    for each in clones:
        each("sync")
    assert len({each.tip for each in clones}) == 1
    assert len(clones[0].notes()) == 3
    clones[0]("fsck")


def test_sharing_without_anybodys_push_being_lost_when_all_begin_at_once(hub: Repo, clone: Clones) -> None:
    clones = [clone(name) for name in ("one", "two", "three", "four")]
    programs = [Program(each.repo.path) for each in clones]
    with ThreadPoolExecutor(len(clones)) as pool:
        list(pool.map(lambda run: run("sync", "origin", "--enable", "--yes", exit=0), programs))
    for each in clones:
        each.note(f"from {each.repo.path.name}")
    with ThreadPoolExecutor(len(clones)) as pool:
        list(pool.map(lambda run: run("sync", exit=0), programs))
    for each in (*clones, *clones):
        each("sync")
    assert len({each.tip for each in clones}) == 1
    assert len(clones[0].notes()) == 4
    assert len(hub.git("for-each-ref", "refs/ccc-sync/").splitlines()) == 4


@pytest.mark.parametrize(
    ("known_hosts", "key"), [("wrong_hosts", "user"), ("nobody", "user"), ("known_hosts", "stranger")]
)
def test_a_wrong_host_key_or_login_is_said_and_never_waits(
    hub: Repo, ssh: Ssh, sharing: Clones, monkeypatch: pytest.MonkeyPatch, known_hosts: str, key: str
) -> None:
    one = sharing("one", url=ssh.url(hub))
    one.note("stays here")
    monkeypatch.setenv("GIT_SSH_COMMAND", ssh.command(known_hosts, key))
    began = time.monotonic()
    refused = Program(one.repo.path)("sync", exit=1)
    assert time.monotonic() - began < 15
    words = "Permission denied" if key == "stranger" else "Host key verification failed"
    assert words in refused.stderr
    monkeypatch.setenv("GIT_SSH_COMMAND", ssh.command())
    assert one("sync", "--json").json["sent"] == 1


def test_who_shares_under_the_same_name_in_the_same_moment_is_not_overwritten(
    hub: Repo, tmp_path: Path, sharing: Clones
) -> None:
    one, two = sharing("one"), sharing("two")
    one.note("from one")
    two.note("only ever under the other's name")
    script, once = tmp_path / "receive-pack", tmp_path / "once"
    once.touch()
    script.write_text(
        f"#!/bin/sh\nif rm {once} 2>/dev/null; then unset GIT_DIR\n"
        f"git -C {two.repo.path} push -q -f file://{hub.path} refs/ccc:refs/ccc-sync/{one.replica}.0; fi\n"
        'exec git-receive-pack "$@"\n'
    )
    script.chmod(0o755)
    one.repo.git("config", "remote.origin.receivepack", str(script))
    one("sync")
    assert not once.exists()
    assert one.notes() == {"from one", "only ever under the other's name"}
    assert hub.oid(f"refs/ccc-sync/{one.replica}.0") == one.tip


def reject(hub: Repo, name: str, script: str) -> None:
    hook = hub.path / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


@pytest.mark.parametrize(
    ("hook", "script"),
    [
        ("pre-receive", "echo closed for today >&2; exit 1"),
        ("update", "case $1 in refs/heads/*) ;; *) echo closed for today >&2; exit 1 ;; esac"),
    ],
)
def test_a_remote_that_takes_nothing_is_named_with_its_own_words(
    hub: Repo, clone: Clones, sharing: Clones, hook: str, script: str
) -> None:
    one, two = sharing("one"), sharing("two")
    two.note("came before")
    two("sync")
    reject(hub, hook, script)
    one.note("stays here")
    tip = one.tip
    refused = one("sync", exit=1)
    assert "closed for today" in refused.stderr
    assert f"refs/ccc-sync/{one.replica}.0" in refused.stderr
    assert one.notes() == {"came before", "stays here"}
    assert one.tip != tip
    (hub.path / "hooks" / hook).unlink()
    one("sync")
    two("sync")
    assert one.tip == two.tip


def test_a_remote_that_never_answers_ends_with_the_time_limit(sharing: Clones) -> None:
    one = sharing("one")
    one.note("stays here")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        one.repo.git("remote", "set-url", "origin", f"git://127.0.0.1:{silent.getsockname()[1]}/hub")
        began = time.monotonic()
        late = one("sync", env={"CCC_SYNC_SECONDS": "1"}, exit=4)
        assert time.monotonic() - began < 10
    assert "origin did not answer within 1 s" in late.stderr
    assert one("sync", "--status", "--json").json["last"]["ok"] is False


def test_a_remote_that_is_away_is_named_and_the_state_stays_whole(hub: Repo, sharing: Clones) -> None:
    one = sharing("one")
    one.note("stays here")
    away = hub.path.with_name("away")
    hub.path.rename(away)
    assert "origin" in one("sync", exit=1).stderr
    assert one("doctor", "--json", exit=1).json["ok"] is False
    away.rename(hub.path)
    assert one("sync", "--json").json["sent"] == 1


def test_init_in_a_clone_whose_remote_is_away_begins_anew_and_joins_later(
    hub: Repo, sharing: Clones, clone: Clones
) -> None:
    one, two = sharing("one"), clone("two")
    one.note("from one")
    one("sync")
    away = hub.path.with_name("away")
    hub.path.rename(away)
    assert "could not be asked for shared state" in two("init").stderr
    two.note("from two")
    away.rename(hub.path)
    two("sync", "origin", "--enable", "--yes")
    one("sync")
    assert one.tip == two.tip
    assert one.notes() == {"from one", "from two"}


def test_shared_in_the_background_soon_after_something_happened(hub: Repo, clone: Clones) -> None:
    one = clone("one")
    one.repo.commit("Share by itself", {".ccc/config.toml": '[sync]\nauto = "1s"\n'})
    run = Program(one.repo.path)
    run("init", exit=0)
    run("sync", "origin", "--enable", "--yes", exit=0)
    made = run("spawn", "backend", "Add login", "--no-start", "--json", exit=0).json["sessions"][0]
    Repo(Path(made["worktree"])).commit("Add login", {"login.txt": "login"})
    until(lambda: _is_shared(hub, one), "the commit on the hub")


def _is_shared(hub: Repo, one: Clone) -> bool:
    return (
        "Add login" in hub.git("log", "--format=%s", f"refs/ccc-sync/{one.replica}.0")
        and hub.oid(f"refs/ccc-sync/{one.replica}.0") == one.tip
    )
