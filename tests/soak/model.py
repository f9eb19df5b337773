"""What the model of the soak says: it looks at what its conversation shows, as a real one would, and goes on.

Nothing is counted by answers, so a conversation that broke off, was taken up or begun anew goes on right;
each step can be done twice and then changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ccc.demo.answers import Body, Step, folder_of, texts
from tests.soak.cast import BY_NAME, CHOICES, FINISH, LAST_TURN, REFUSAL, WHICH_WAY, Part

SENT_EVERY = 8
"""A steady session says something to another one after so many parts."""

PEERS = {
    "steady-1": "listener-1",
    "steady-2": "listener-2",
    "steady-3": "steady-4",
    "steady-4": "steady-1",
    "mender-1": "asker-1",
}
TOKENS = {"input_tokens": 800, "output_tokens": 40}
"""Of an answer, whatever it says: a conversation must never grow so full that the program compacts it."""

DEAR = {"input_tokens": 4000, "output_tokens": 40}


class Conversation:
    """What a request says of its session: which it is, what its tools answered, what it was told."""

    def __init__(self, body: Body) -> None:
        self.folder = folder_of(body)
        self.part = BY_NAME.get(PurePosixPath(self.folder).name)
        messages = body.get("messages") or []
        said = [message for message in messages if message.get("role") != "assistant"]
        self.results = "\n".join(text for message in said for text in _results(message.get("content")))
        self.told = "\n".join(text for message in said for text in texts(message.get("content")))
        last = said[-1] if said else {}
        self.turn_begins = not any(True for _ in _results(last.get("content")))

    @property
    def committed(self) -> int:
        """How many parts there were at its last commit, as its tools said."""
        found = re.findall(r"^soak: (\d+) parts$", self.results, re.MULTILINE)
        return int(found[-1]) if found else 0

    def saw(self, words: str) -> bool:
        """Whether a tool printed these words on a line of its own."""
        return re.search(rf"^{re.escape(words)}$", self.results, re.MULTILINE) is not None


def next_step(talk: Conversation, progress: float) -> Step:
    """What it says next; `progress` is how much of the storm is over, 0 to 1."""
    part = talk.part
    if part is None:
        return {"text": "I do not know who I am."}
    step = KINDS[part.kind](talk, part, progress)
    return {"usage": DEAR if part.kind == "spender" else TOKENS, **step}


def _steady(talk: Conversation, part: Part, progress: float) -> Step:
    return _work(talk, part, progress) or _report(
        talk, f"git ccc report --done --summary 'parts {part.parts}'"
    )


def _mender(talk: Conversation, part: Part, progress: float) -> Step:
    """Does its last part wrong, and mends it when the checks say so."""
    if "The checks of your work failed" in talk.told and not talk.saw("soak: mended"):
        return _bash(
            part, f"{_write(part, part.parts)} && sh part.sh {part.slug} Mend && echo 'soak: mended'"
        )
    if talk.saw("soak: mended"):
        return _report(talk, "git ccc report --done --summary mended", "soak: reported again")
    return _steady(talk, part, progress)


def _asker(talk: Conversation, part: Part, progress: float) -> Step:
    if talk.committed < part.parts // 2 or any(choice in talk.told for choice in CHOICES):
        return _steady(talk, part, progress)
    if talk.saw("soak: asked"):
        return {"text": "I wait for the answer."}
    choices = " ".join(f"--choice {choice}" for choice in CHOICES)
    return _bash(part, f"git ccc ask '{WHICH_WAY}' {choices} && echo 'soak: asked'")


def _blocked(talk: Conversation, part: Part, progress: float) -> Step:
    return _work(talk, part, progress) or _report(talk, "git ccc report --blocked 'the soak has no key'")


def _endless(talk: Conversation, part: Part, progress: float) -> Step:
    return _work(talk, part, progress) or _pass_time(part)


def _failing(talk: Conversation, part: Part, progress: float) -> Step:
    return _work(talk, part, progress) or {"fail_always": {"status": 400, "message": REFUSAL}}


def _spender(talk: Conversation, part: Part, progress: float) -> Step:
    if LAST_TURN not in talk.told:
        return _work(talk, part, progress) or _pass_time(part)
    if talk.saw("soak: handed back"):
        return {"text": "I hand back."}
    return _bash(part, "git ccc note --kind next 'more parts' && echo 'soak: handed back'")


KINDS = {
    "steady": _steady,
    "mender": _mender,
    "asker": _asker,
    "blocked": _blocked,
    "endless": _endless,
    "failing": _failing,
    "spender": _spender,
}


def _work(talk: Conversation, part: Part, progress: float) -> Step | None:
    """The next part, or time that passes until the storm is far enough; None when all are there."""
    done, finishes = talk.committed, FINISH in talk.told
    if done >= part.parts:
        return None
    if part.turn and done and done % part.turn == 0 and not (talk.turn_begins or finishes):
        return {"text": "I wait for a word."}
    return _commit(part, done + 1) if finishes or _may(part, done, progress) else _pass_time(part)


def _may(part: Part, done: int, progress: float) -> bool:
    """The last part waits for the end of the storm, so that each session is there for all of it."""
    return progress >= 1.0 or not part.working or done < progress * part.parts - 1


def _commit(part: Part, number: int) -> Step:
    """A part: written by one tool, committed by the next, both asked for in one answer."""
    wrong = part.kind == "mender" and number == part.parts
    content = "wrong\n" if wrong else part.text(number)
    write = {"file_path": f"@CWD@/{part.folder}/{number}.txt", "content": content}
    command = f"sh part.sh {part.slug} Add {number}"
    if number % SENT_EVERY == SENT_EVERY // 2 and part.slug in PEERS:
        command += (
            f" && git ccc send soaker-{PEERS[part.slug]} 'soak-word-{part.slug}-{number}, said in passing'"
        )
    tools = [
        {"name": "Write", "input": write},
        {"name": "Bash", "input": {"command": command, "description": f"commit part {number}"}},
    ]
    return {"text": f"I do part {number}.", "tools": tools}


def _report(talk: Conversation, command: str, mark: str = "soak: reported") -> Step:
    if talk.saw(mark):
        return {"text": "That was all."}
    return _bash(talk.part, f"{command} && echo '{mark}'")


def _pass_time(part: Part) -> Step:
    return _bash(part, "sh wait.sh", "time passes")


def _bash(part: Part | None, command: str, text: str = "on it") -> Step:
    return {"text": text, "tools": [{"name": "Bash", "input": {"command": command, "description": "a step"}}]}


def _write(part: Part, number: int) -> str:
    return f"printf '{part.text(number).rstrip()}\\n' > {part.folder}/{number}.txt"


def _results(content: Any) -> Iterator[str]:
    """What tools printed, as the model reads it."""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, Mapping) and block.get("type") == "tool_result":
            inner = block.get("content")
            yield inner if isinstance(inner, str) else "\n".join(texts(inner))
