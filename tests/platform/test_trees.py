"""Process trees, with real processes: who belongs to one, and that its end leaves nobody and harms nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ccc.platform import processes, table, trees
from ccc.platform.trees import Tree
from tests.support.program import PROJECT

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""

PRELUDE = """
import os, signal, subprocess, sys, time
def say(name):
    os.write(1, f"{name} {os.getpid()}\\n".encode())
def stay(name):
    say(name)
    while True:
        signal.pause()
def child(act, *arguments):
    pid = os.fork()
    if pid == 0:
        try:
            act(*arguments)
        finally:
            os._exit(0)
    return pid
def daemon(act, *arguments):
    def middle():
        os.setsid()
        child(act, *arguments)
    os.waitpid(child(middle), 0)
"""

FAMILY = """
def session():
    os.setsid()
    child(stay, "grandchild")
    stay("session")
def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stay("deaf")
def halted():
    say("halted")
    os.kill(os.getpid(), signal.SIGSTOP)
    stay("went on")
child(session)
daemon(stay, "daemon")
child(deaf)
child(halted)
stay("root")
"""
FAMILY_NAMES = {"root", "session", "grandchild", "daemon", "deaf", "halted"}


class Nursery:
    """Starts programs whose processes say their names; ends whatever of them a test left."""

    def __init__(self) -> None:
        self.marker = ("CCC_RUN", f"{uuid.uuid4().hex}.1")
        self._started: list[subprocess.Popen[str]] = []
        self._known: set[tuple[int, str | None]] = set()

    def start(
        self,
        code: str,
        *arguments: str,
        mark: bool = True,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> subprocess.Popen[str]:
        """A Python program, marked as of the tree unless told otherwise."""
        environment = {"PATH": os.environ["PATH"], **(env or {}), **(dict([self.marker]) if mark else {})}
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", PRELUDE + code, *arguments],
            env=environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        self._started.append(process)
        return process

    def names(self, process: subprocess.Popen[str], wanted: set[str]) -> dict[str, int]:
        """Name → process id, as soon as all of those wanted have spoken."""
        found: dict[str, int] = {}
        assert process.stdout is not None
        while wanted - found.keys():
            line = process.stdout.readline()
            assert line, f"ended early; only {found} spoke"
            name, pid = line.rsplit(" ", 1)
            found[name] = int(pid)
            self._known.add((int(pid), processes.start_of(int(pid))))
        return found

    def answer(self, process: subprocess.Popen[str]) -> Any:
        """The JSON document that a program says."""
        assert process.stdout is not None
        return json.loads(process.stdout.readline())

    def one(self, **options: Any) -> subprocess.Popen[str]:
        """A process that only stays."""
        process = self.start('stay("one")', **options)
        self.names(process, {"one"})
        return process

    def tree(self, root: int | None = None, **options: Any) -> Tree:
        """The tree of what was started here."""
        return Tree(None if root is None else processes.identity(root), self.marker, **options)

    def clear(self) -> None:
        """Kills and collects what is left."""
        for process in self._started:
            if process.returncode is None:
                process.kill()
            process.wait(PATIENCE)
            assert process.stdout is not None
            process.stdout.close()
        for pid, start in self._known:
            if start is not None and processes.start_of(pid) == start:
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.clear()


@pytest.fixture(params=["proc", "psutil"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Linux's own way, and the one for systems without /proc."""
    if request.param == "psutil":
        monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    return str(request.param)


def until(true: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def lives(pid: int) -> bool:
    row = table.one(pid)
    return row is not None and row.lives


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def test_a_session_of_its_own_and_a_daemon_belong_to_the_tree(nursery: Nursery, system: str) -> None:
    root = nursery.start(FAMILY)
    names = nursery.names(root, FAMILY_NAMES)

    members = nursery.tree(root.pid).members()

    assert members[0] == root.pid
    assert sorted(members) == sorted(names.values())


def test_descendants_come_after_their_parents_and_a_daemon_is_none(nursery: Nursery) -> None:
    root = nursery.start(FAMILY)
    names = nursery.names(root, FAMILY_NAMES)

    found = trees.descendants(root.pid)

    assert sorted(found) == sorted(names[each] for each in FAMILY_NAMES - {"root", "daemon"})
    assert found[-1] == names["grandchild"]


def test_the_end_leaves_nobody_and_touches_nobody_else(nursery: Nursery, system: str) -> None:
    root = nursery.start(FAMILY)
    names = nursery.names(root, FAMILY_NAMES)
    stranger = nursery.one(mark=False)

    assert nursery.tree(root.pid).end(0.1, spare={root.pid}) == []

    assert {name for name, pid in names.items() if lives(pid)} == set()
    assert root.wait(PATIENCE) == -signal.SIGTERM
    assert lives(stranger.pid)


def test_who_ends_by_itself_is_not_killed_and_not_waited_for(nursery: Nursery, tmp_path: Path) -> None:
    """Neither is the program that it starts to clean up, which knows nothing of TERM."""
    said = tmp_path / "said"
    root = nursery.start(
        """
def tidy(*_):
    subprocess.run(["sh", "-c", 'sleep 0.1; echo bye >"$1"', "sh", sys.argv[1]])
    os._exit(0)
signal.signal(signal.SIGTERM, tidy)
stay("root")
""",
        str(said),
    )
    nursery.names(root, {"root"})
    begun = time.monotonic()

    assert nursery.tree(root.pid).end(PATIENCE, spare={root.pid}) == []

    assert said.read_text(encoding="utf-8") == "bye\n"
    assert root.wait(PATIENCE) == 0
    assert time.monotonic() - begun < PATIENCE


def test_what_a_member_leaves_behind_as_it_goes_is_asked_too(nursery: Nursery) -> None:
    root = nursery.start(
        """
def leave(*_):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    daemon(stay, "left")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
stay("root")
"""
    )
    nursery.names(root, {"root"})
    begun = time.monotonic()

    assert nursery.tree(root.pid).end(PATIENCE, spare={root.pid}) == []

    assert not lives(nursery.names(root, {"left"})["left"])
    assert time.monotonic() - begun < PATIENCE


def test_a_halted_process_hears_that_it_is_to_end(nursery: Nursery) -> None:
    root = nursery.start(
        """
signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
say("root")
os.kill(os.getpid(), signal.SIGSTOP)
"""
    )
    nursery.names(root, {"root"})
    assert until(lambda: state(root.pid) == "T")

    assert nursery.tree(root.pid).end(PATIENCE, spare={root.pid}) == []

    assert root.wait(PATIENCE) == 7


HOST = """
import json, select
from ccc.platform import processes, trees
marker = ("CCC_RUN", sys.argv[1])
"""


FAN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say("root")
for _ in range(300):
    child(signal.pause)
signal.pause()
"""
CHAIN = """
os.setsid()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say("root")
for _ in range(5000):
    time.sleep(0.001)
    if os.fork():
        os._exit(0)
"""


@pytest.mark.parametrize("code", [FAN, CHAIN], ids=["fan", "chain"])
@pytest.mark.parametrize("reaper", ["os.getpid()", "None"], ids=["reaper", "mark"])
def test_nobody_escapes_by_forking(nursery: Nursery, code: str, reaper: str) -> None:
    """Whoever lives holds the pipe open. The host collects the dead, as not every init does in time."""
    host = nursery.start(
        HOST
        + f"""
trees.become_subreaper()
reading, writing = os.pipe()
agent = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[2]], env=dict([marker]), stdout=writing)
os.close(writing)
os.read(reading, 100)
left = trees.Tree(processes.identity(agent.pid), marker, {reaper}).end(0.02)

ended = bool(select.select([reading], [], [], 0)[0]) and os.read(reading, 1) == b""
print(json.dumps([left, ended]), flush=True)
""",
        nursery.marker[1],
        PRELUDE + code,
        mark=False,
    )

    assert nursery.answer(host) == [[], True]


def test_a_reaper_finds_a_daemon_that_forgot_its_marker_and_collects_the_dead(nursery: Nursery) -> None:
    host = nursery.start(
        HOST
        + """
trees.become_subreaper()
engine = '''
def forgetful():
    program = "import os, signal; os.write(1, b'x'); signal.pause()"
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", program], {})
daemon(forgetful)
'''
reading, writing = os.pipe()
agent = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[2] + engine],
    env=dict([marker]), stdout=writing)
os.read(reading, 1)
root = processes.identity(agent.pid)
agent.wait()
without = trees.Tree(root, marker).members()
tree = trees.Tree(root, marker, reaper=os.getpid())
found = tree.members()
left = tree.end(5.0)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print(json.dumps([without, len(found), left, tree.members()]), flush=True)
""",
        nursery.marker[1],
        PRELUDE,
        mark=False,
    )

    assert nursery.answer(host) == [[], 1, [], []]


def test_the_end_takes_the_exit_status_of_children_unless_they_are_spared(nursery: Nursery) -> None:
    ours, theirs, stranger = nursery.one(), nursery.one(), nursery.start("sys.exit(3)", mark=False)
    os.waitid(os.P_PID, stranger.pid, os.WEXITED | os.WNOWAIT)

    assert nursery.tree().end(PATIENCE, spare={theirs.pid}) == []

    assert stranger.wait() == 3
    assert os.waitpid(theirs.pid, 0)[1] == signal.SIGTERM
    with pytest.raises(ChildProcessError):
        os.waitpid(ours.pid, 0)


@pytest.mark.parametrize("part", [1, 2], ids=["start", "boot"])
def test_another_process_with_the_number_of_the_root_is_never_touched(nursery: Nursery, part: int) -> None:
    stranger = nursery.one(mark=False)
    words = processes.identity(stranger.pid).split(" ")
    words[part] = "1"
    tree = Tree(" ".join(words), nursery.marker)

    assert tree.members() == []
    assert tree.end(0.0) == []
    assert lives(stranger.pid)


def test_an_end_from_inside_spares_itself_and_who_is_above(nursery: Nursery) -> None:
    root = nursery.start(
        """
child(stay, "sibling")
say("root")
subprocess.run([sys.executable, "-S", "-c", sys.argv[2] + sys.argv[3], sys.argv[1]])
stay("still there")
""",
        nursery.marker[1],
        PRELUDE,
        HOST
        + """
tree = trees.Tree(processes.identity(os.getppid()), marker)
sibling, = tree.members()
os.write(1, f"found {sibling}\\n".encode())
tree.end(0.0)
""",
    )

    names = nursery.names(root, {"root", "sibling", "found", "still there"})

    assert names["found"] == names["sibling"]
    assert not lives(names["sibling"])
    assert names["still there"] == root.pid


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
def test_another_users_process_is_none_of_ours(nursery: Nursery) -> None:
    other = subprocess.Popen(["sleep", "60"], env={"PATH": "/usr/bin:/bin", **dict([nursery.marker])}, user=1)
    try:
        assert trees.marked(*nursery.marker) == []
    finally:
        other.kill()
        other.wait()


def test_the_marker_is_compared_whole(nursery: Nursery, system: str) -> None:
    name, value = nursery.marker
    nursery.one(env={name: value + "2"}, mark=False)
    nursery.one(env={"MY_" + name: value}, mark=False)
    nursery.one(env={"OTHER": f"{name}={value}"}, mark=False)
    right = nursery.one(env={"BEFORE": "1"})

    assert trees.marked(name, value) == [right.pid]


def test_the_nearest_process_above_with_a_variable_is_found(nursery: Nursery) -> None:
    root = nursery.start(
        """
subprocess.run([sys.executable, "-S", "-c", sys.argv[2] + sys.argv[3], sys.argv[1]], env={})
""",
        nursery.marker[1],
        PRELUDE,
        HOST + 'print(json.dumps([trees.marked_above("CCC_RUN"), trees.marked_above("CCC_RU")]), flush=True)',
    )

    assert nursery.answer(root) == [root.pid, None]


def test_the_dead_that_nobody_collected_are_no_members(nursery: Nursery) -> None:
    root = nursery.start("pass")
    tree = nursery.tree(root.pid)
    os.waitid(os.P_PID, root.pid, os.WEXITED | os.WNOWAIT)

    assert root.pid not in trees.descendants(os.getpid())
    assert tree.members() == []
    assert tree.end(0.0, spare={root.pid}) == []
    assert root.wait() == 0


def test_a_process_whose_first_thread_has_gone_still_lives(nursery: Nursery) -> None:
    root = nursery.start(
        """
import ctypes, threading
threading.Thread(target=stay, args=["root"]).start()
ctypes.CDLL(None).pthread_exit(None)
"""
    )
    tree = nursery.tree(root.pid)
    nursery.names(root, {"root"})
    assert until(lambda: state(root.pid) == "Z")

    assert tree.members() == [root.pid]
    assert tree.end(0.0, spare={root.pid}) == []
    assert root.wait(PATIENCE) == -signal.SIGTERM


def test_who_is_kept_lives_on_with_all_below_and_in_the_same_group(nursery: Nursery) -> None:
    root = nursery.start(
        """
def kept():
    child(stay, "below")
    stay("kept")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child(kept)
stay("root")
""",
        process_group=0,
    )
    names = nursery.names(root, {"root", "kept", "below"})
    tree = nursery.tree(root.pid, keep=frozenset([names["kept"]]))

    assert tree.members() == [root.pid]
    assert tree.end(0.0) == []
    assert [lives(names[each]) for each in ("root", "kept", "below")] == [False, True, True]


def test_who_is_apart_by_its_command_line_lives_on_with_all_below(nursery: Nursery, system: str) -> None:
    root = nursery.start(
        """
def apart():
    code = sys.argv[1] + "child(stay, 'below'); stay('apart')"
    os.execv(sys.executable, [sys.executable, "-S", "-c", code, "drain", "--background"])
child(apart)
child(stay, "drain --background")
stay("root")
""",
        PRELUDE,
    )
    names = nursery.names(root, {"root", "apart", "below", "drain --background"})
    tree = nursery.tree(root.pid, apart=(b"/ccc/drain\0", b"\0drain\0--background\0"))

    assert set(tree.members()) == {root.pid, names["drain --background"]}
    assert tree.end(1.0, spare={root.pid}) == []
    assert lives(names["apart"])
    assert lives(names["below"])


def test_a_stranger_in_the_same_process_group_lives_on(nursery: Nursery) -> None:
    root = nursery.start('signal.signal(signal.SIGTERM, signal.SIG_IGN); stay("root")', process_group=0)
    nursery.names(root, {"root"})
    stranger = nursery.one(mark=False, process_group=root.pid)

    assert nursery.tree(root.pid).end(0.0, spare={root.pid}) == []

    assert root.wait(PATIENCE) == -signal.SIGKILL
    assert lives(stranger.pid)


def test_a_tree_is_halted_and_goes_on(nursery: Nursery) -> None:
    root = nursery.start(FAMILY)
    names = nursery.names(root, FAMILY_NAMES)
    tree = nursery.tree(root.pid)

    assert trees.suspend(tree) == []
    assert until(lambda: {state(pid) for pid in names.values()} == {"T"})
    assert sorted(tree.members()) == sorted(names.values())

    assert trees.carry_on(tree) == []
    assert until(lambda: {state(pid) for pid in names.values()} == {"S"})


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_dies_with_its_parent(nursery: Nursery, sign: signal.Signals) -> None:
    host = nursery.start(
        HOST
        + """
child = subprocess.Popen(["sleep", "60"], preexec_fn=trees.die_with_parent(int(sys.argv[1])))
os.write(1, f"child {child.pid}\\n".encode())
stay("host")
""",
        str(int(sign)),
        mark=False,
    )
    child = nursery.names(host, {"child", "host"})["child"]
    assert lives(child)

    host.kill()

    assert until(lambda: not lives(child))


def test_a_child_whose_parent_died_before_it_could_say_so_does_not_begin(nursery: Nursery) -> None:
    host = nursery.start(
        HOST
        + """
prepare = trees.die_with_parent()
def too_late():
    os.waitpid(child(prepare_and_say), 0)
def prepare_and_say():
    prepare()
    say("begun")
os.waitpid(child(too_late), 0)
say("over")
""",
        "",
        mark=False,
    )

    assert set(nursery.names(host, {"over"})) == {"over"}


def test_memory_and_processor_time_are_measured(nursery: Nursery, system: str) -> None:
    """Time with that of children that were waited for: an agent's tools come and go."""
    busy = nursery.start(
        """
def work():
    while time.process_time() < 0.1:
        pass
size = bytearray(50_000_000)
os.waitpid(child(work), 0)
stay("busy")
"""
    )
    nursery.names(busy, {"busy"})

    assert 50_000_000 < (trees.memory(busy.pid) or 0) < 100_000_000
    assert 0.08 < (trees.cpu_seconds(busy.pid) or 0.0) < 1.0

    busy.kill()
    busy.wait()
    assert (trees.memory(busy.pid), trees.cpu_seconds(busy.pid)) == (None, None)


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, ccc.platform.trees as t; t.Tree(None, ('CCC_RUN', 'none')).members();"
        "print(*sorted({'psutil', 'ctypes', 'asyncio', 'subprocess'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "\n"
