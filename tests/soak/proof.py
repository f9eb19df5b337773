"""After the storm: what ccc says, held against what is there."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ccc.domain.messages import Message
from ccc.ops.mail import messages_of
from ccc.ops.workspace import Workspace
from tests.soak import processes
from tests.soak.cast import Part
from tests.soak.place import Place
from tests.soak.post import Postman
from tests.soak.stub import WORD
from tests.support.program import Outcome


def endings(place: Place) -> list[str]:
    """Who has not come to the right end."""
    told = place.status()
    return [
        f"{part.name} is {told[part.name]['status']}, not {' or '.join(part.ending)}:"
        f" {told[part.name]['evidence']}"
        for part in place.cast
        if told[part.name]["status"] not in part.ending
    ]


def wait_until(holds: Callable[[], list[str]], patience: float) -> list[str]:
    """Waits until nothing is amiss; what still is when patience ends."""
    until = time.monotonic() + patience
    while (amiss := holds()) and time.monotonic() < until:
        time.sleep(1.0)
    return amiss


# --- work


def work(place: Place) -> list[str]:
    """Faults in branches: files that are not as they must be, parts committed never or twice."""
    return [fault for part in place.cast if part.has_outcome for fault in _work_of(place, part)]


def _work_of(place: Place, part: Part) -> Iterator[str]:
    branch = place.sessions[part.name]["branch"]
    wanted = {f"{part.folder}/{number}.txt" for number in range(1, part.parts + 1)}
    found = set(place.repo.git("ls-tree", "-r", "--name-only", branch, f"{part.folder}/").splitlines())
    yield from (f"{part.name}: {path} is missing" for path in sorted(wanted - found))
    yield from (f"{part.name}: {path} is too much" for path in sorted(found - wanted))
    for path in sorted(wanted & found):
        text = place.repo.git("show", f"{branch}:{path}")
        if text + "\n" != part.text(int(Path(path).stem)):
            yield f"{part.name}: {path} says {text!r}"
    subjects = Counter(place.repo.git("log", "--format=%s", branch).splitlines())
    for number in range(1, part.parts + 1):
        count = subjects[f"Add part {number} of {part.slug}"]
        if count != 1:
            yield f"{part.name}: part {number} was committed {count} times"
    dirty = place.repo.git("-C", str(place.sessions[part.name]["worktree"]), "status", "--porcelain")
    if dirty:
        yield f"{part.name}: not committed: {dirty}"


# --- conversations


def conversations(place: Place) -> list[str]:
    """Sessions whose conversation did not stay the same, by what the stub was asked."""
    ids: dict[str, set[str]] = defaultdict(set)
    for entry in place.requests():
        if entry["name"] and not entry["aside"]:
            ids[entry["name"]].add(str(entry["session"]))
    return [
        f"{name} had conversations {', '.join(sorted(each))}" for name, each in ids.items() if len(each) != 1
    ]


# --- budgets

SHORT = 8
"""Answers that a hand-back of the soak may take, the repeated ones among them: it needs two."""


def budgets(place: Place) -> list[str]:
    """Sessions that got more than one last turn, or went on after it."""
    after: Counter[str] = Counter()
    faults: list[str] = []
    for entry in place.requests():
        after[entry["name"]] += bool(entry["last turns"]) and not entry["aside"] and not entry["trouble"]
        if entry["last turns"] > 1:
            faults.append(f"{entry['name']} got {entry['last turns']} last turns")
    return faults + [
        f"{name} was answered {count} times after the end" for name, count in after.items() if count > SHORT
    ]


# --- messages


@dataclass(frozen=True)
class Letters:
    """What became of all messages between sessions and people, as recorded."""

    place: Place
    postman: Postman

    def all(self) -> list[Message]:
        """Every message to a session."""
        names = {session["id"] for session in self.place.sessions.values()}
        state = Workspace.open(self.place.repo.path, self.place.environment).store.state()
        return [each for each in messages_of(state) if each.to in names]

    def waiting(self) -> list[str]:
        """Who waits for a message that neither arrived nor came back."""
        names = {session["id"]: name for name, session in self.place.sessions.items()}
        return [f"{each.id[:8]} waits for {names[each.to]}: {each.text}" for each in self.all() if each.waits]

    def faults(self) -> Iterator[str]:
        """Messages lost, told to have arrived and never seen, or seen twice.

        Seen by the model, or in the conversation's own file: who was stopped there goes on with it.
        """
        found = self.all()
        known = {each.id for each in found}
        for word, identifiers in self.postman.sent.items():
            yield from (
                f"{word} was sent as {each}, and is not recorded" for each in identifiers if each not in known
            )
        seen, kept, twice = self._seen()
        names = {session["id"]: name for name, session in self.place.sessions.items()}
        sent = _counted(found, names)
        arrived = _counted([each for each in found if each.delivered is not None], names)
        for each in found:
            marked = WORD.match(each.text)
            if marked is None:
                continue
            word = marked[0]
            was_seen = word in seen[names[each.to]] or word in self._written(names[each.to])
            if each.delivered is not None and each.delivered.run is not None and not was_seen:
                yield f"{word} has its receipt, and {names[each.to]} never saw it: {each.delivered}"
            told = kept[names[each.to]].get(word, 0)
            if each.delivered is None and each.bounced is not None and told > arrived[names[each.to], word]:
                yield f"{word} bounced ({each.bounced}), and {names[each.to]} has it"
            if each.bounced is not None and not each.bounced:
                yield f"{word} bounced without a reason"
        for (name, word), count in sorted(twice.items()):
            if count > sent[name, word]:
                yield f"{name} was told {word} {count} times"

    def _written(self, name: str) -> set[str]:
        """The words in the files of the conversations that the program held in a session's worktree."""
        place = f'"cwd":{json.dumps(self.place.sessions[name]["worktree"])}'
        files = (Path(self.place.environment["CLAUDE_CONFIG_DIR"]) / "projects").glob("*/*.jsonl")
        texts = (file.read_text(encoding="utf-8", errors="replace") for file in files)
        return {found[0] for text in texts if place in text for found in WORD.finditer(text)}

    def _seen(self) -> tuple[dict[str, set[str]], dict[str, dict[str, int]], dict[tuple[str, str], int]]:
        """Which words each session's model saw, how often each is in its conversation at last, which twice.

        What a program had not written down when it was killed is seen once, and then forgotten.
        """
        seen: dict[str, set[str]] = defaultdict(set)
        kept: dict[str, dict[str, int]] = defaultdict(dict)
        twice: dict[tuple[str, str], int] = {}
        for entry in self.place.requests():
            if not entry["aside"]:
                kept[entry["name"]] = entry["words"]
            for word, count in entry["words"].items():
                seen[entry["name"]].add(word)
                if count > 1:
                    twice[entry["name"], word] = max(count, twice.get((entry["name"], word), 0))
        return seen, kept, twice

    def report(self) -> str:
        """How many there were, and what became of them."""
        found = self.all()
        states = Counter(each.state for each in found)
        own = sum(each.from_session is not None for each in found)
        bounces = Counter(each.bounced for each in found if each.bounced)
        refused = ", ".join(f"{count} x {why}" for why, count in self.postman.refused.most_common(4))
        return (
            f"{len(found)} messages ({own} of sessions): {dict(states)};"
            f" bounced: {dict(bounces)}; refused: {refused}"
        )


def _counted(found: list[Message], names: dict[str, str]) -> Counter[tuple[str, str]]:
    """How many messages have which word, by receiver: who was killed while it sent one may send it again."""
    marked = ((names[each.to], WORD.match(each.text)) for each in found)
    return Counter((name, word[0]) for name, word in marked if word is not None)


# --- what is left


def processes_left(place: Place) -> list[str]:
    """Processes of the repository that are still there."""
    return [str(each) for each in processes.look(place.common)]


def state(place: Place) -> list[str]:
    """What `git ccc fsck` and git itself find."""
    checks: list[Outcome] = [place.ccc("fsck")]
    faults = [f"fsck: {check.stdout}{check.stderr}" for check in checks if check.exit]
    waiting = [path.name for path in (place.common / "ccc" / "journal" / "new").iterdir()]
    bad = place.common / "ccc" / "journal" / "bad"
    faults += [f"not recorded: {name}" for name in waiting]
    faults += [f"unreadable: {path.name}" for path in (bad.iterdir() if bad.is_dir() else ())]
    place.repo.git("fsck", "--no-dangling")
    return faults


def host_faults(place: Place) -> list[str]:
    """What hosts said that went wrong in themselves."""
    found = (run / "host.log" for part in place.cast for run in place.runs(part.name))
    return [
        f"{path}: {path.read_text(errors='replace')[-1500:]}"
        for path in found
        if path.exists() and path.stat().st_size
    ]


def diary(place: Place) -> list[str]:
    """What must be told of each session, and is not."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for event in place.ccc("log", "--json", exit=0).json["events"]:
        told[event["subject"]][event["type"]] += 1
    return [fault for part in place.cast for fault in _diary_of(place, part, told[part.name])]


ENDS = ("session.rested", "session.failed", "session.stopped", "session.lost", "session.paused")


def _diary_of(place: Place, part: Part, told: Counter[str]) -> Iterator[str]:
    runs = len(place.runs(part.name))
    ends = sum(told[kind] for kind in ENDS)
    if ends < runs:
        yield f"{part.name}: of {runs} runs only {ends} are told to have ended"
    if part.has_outcome and told["session.committed"] < part.parts:
        yield f"{part.name}: only {told['session.committed']} of {part.parts} commits are told"
    if "verified" in part.ending and not told["session.verified"]:
        yield f"{part.name}: nobody told that it was verified: {dict(told)}"
