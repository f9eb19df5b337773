"""The table of commands: names, help lines and the modules that hold them, none of which it imports."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from ccc.records import dataclass

GROUPS = ("Everyday", "Control", "Inside", "Merging", "Plans", "Modules", "Upkeep", "Doors", "Plumbing")
"""Headings of the help, in this order; commands of Plumbing are documented in the manual only."""

HIDDEN_GROUP = "Plumbing"


@dataclass(frozen=True)
class Entry:
    """One command: where it lives and what the overview says of it.

    `module` defines a `click.Command` called `command_<name>` (`-` becomes `_`); its help begins with `help`.
    """

    module: str
    help: str
    group: str

    @property
    def is_hidden(self) -> bool:
        """Whether the overview leaves it out."""
        return self.group == HIDDEN_GROUP


COMMANDS: Mapping[str, Entry] = {
    "init": Entry("ccc.cli.init", "Prepare this repository; the checkout stays clean", "Everyday"),
    "deinit": Entry("ccc.cli.init", "Take ccc out of this repository", "Everyday"),
    "status": Entry("ccc.cli.status", "Show every session, its status and why it is believed", "Everyday"),
    "show": Entry("ccc.cli.show", "Show one session whole", "Everyday"),
    "log": Entry("ccc.cli.log", "Show the diary of what happened", "Everyday"),
    "demo": Entry("ccc.cli.demo", "Play a whole day in a temporary repository", "Everyday"),
    "spawn": Entry(
        "ccc.cli.spawn", "Give a specialist a branch, a worktree and a brief, and start it", "Everyday"
    ),
    "wait": Entry("ccc.cli.wait", "Wait until sessions are done, have failed or need you", "Everyday"),
    "output": Entry(
        "ccc.cli.output", "Show a session's conversation: what was said, which tools were used", "Everyday"
    ),
    "logs": Entry(
        "ccc.cli.output",
        "Show a session's conversation: what was said, which tools were used",
        "Plumbing",
    ),
    "inbox": Entry(
        "ccc.cli.inbox", "Show what waits for a person, with the next command for each", "Everyday"
    ),
    "send": Entry(
        "ccc.cli.send", "Send a message to sessions, to all of them, or to who orchestrates", "Everyday"
    ),
    "answer": Entry(
        "ccc.cli.answer", "Answer a question or a permission that waits in the inbox", "Everyday"
    ),
    "review": Entry(
        "ccc.cli.review", "Show what landing a session would do, and what stands against it", "Everyday"
    ),
    "approve": Entry("ccc.cli.approve", "Approve what a session would land, as it is now", "Everyday"),
    "reject": Entry("ccc.cli.approve", "Send a session's work back with a reason", "Everyday"),
    "merge": Entry(
        "ccc.cli.merge", "Land sessions on their targets: check, gate, show, ask, land", "Everyday"
    ),
    "handoff": Entry("ccc.cli.handoff", "Print what the next person or agent must know", "Everyday"),
    "start": Entry("ccc.cli.control", "Start an agent in a session", "Control"),
    "stop": Entry("ccc.cli.control", "End a session's agent and everything it started", "Control"),
    "pause": Entry("ccc.cli.control", "Halt a session's agent where it stands", "Control"),
    "resume": Entry("ccc.cli.control", "Let a paused, stopped, failed or lost session go on", "Control"),
    "restart": Entry("ccc.cli.control", "Stop a session's agent, if it runs, and start it again", "Control"),
    "close": Entry("ccc.cli.close", "Take a session's worktree away; its work is kept", "Control"),
    "adopt": Entry(
        "ccc.cli.adopt", "Take a branch or worktree that ccc did not make under its care", "Control"
    ),
    "undo": Entry("ccc.cli.undo", "Take back a session's latest close or landing", "Control"),
    "report": Entry("ccc.cli.report", "Report progress, done or blocked", "Inside"),
    "ask": Entry("ccc.cli.ask", "Ask a question; the answer comes as a message", "Inside"),
    "reserve": Entry("ccc.cli.reserve", "Reserve paths for a session, or show who has which", "Inside"),
    "note": Entry("ccc.cli.note", "Note a decision, discovery, problem or next step", "Inside"),
    "queue": Entry("ccc.cli.queue", "Show what waits to land, or put sessions into the queue", "Merging"),
    "conflicts": Entry("ccc.cli.conflicts", "Show which sessions' work conflicts, and where", "Merging"),
    "resolve": Entry("ccc.cli.resolve", "Show conflicts with the target, or have one resolved", "Merging"),
    "roles": Entry("ccc.cli.roles", "List the roles that a session can have, or show one", "Plans"),
    "sync": Entry("ccc.cli.sync", "Share the state with other machines through a git remote", "Upkeep"),
    "doctor": Entry(
        "ccc.cli.doctor", "Look after the installation: git, repository, hooks, locks, worktrees", "Upkeep"
    ),
    "fsck": Entry("ccc.cli.fsck", "Prove that the recorded state is whole", "Upkeep"),
    "export": Entry("ccc.cli.export", "Write every event out, oldest first", "Upkeep"),
    "import": Entry(
        "ccc.cli.import_", "Record the events of an export, each once, with the ids they have", "Upkeep"
    ),
    "redact": Entry("ccc.cli.redact", "Take the words of an event out of every view, visibly", "Upkeep"),
    "retire": Entry(
        "ccc.cli.retire", "Let closed sessions leave the state after a time; the diary keeps them", "Upkeep"
    ),
    "checkpoint": Entry(
        "ccc.cli.checkpoint", "Fix the history as it is now, so that a change of it can be proven", "Upkeep"
    ),
    "metrics": Entry(
        "ccc.cli.metrics",
        "Show what agents cost, what they use of this machine, and how landings went",
        "Upkeep",
    ),
    "notify": Entry("ccc.cli.notify", "Show who was told what sessions came to, or try it out", "Upkeep"),
    "service": Entry(
        "ccc.cli.service", "Bring sessions back after a boot, by a user's service of systemd", "Upkeep"
    ),
    "config": Entry("ccc.cli.config", "Show the configuration, and what of it is not in force yet", "Upkeep"),
    "completion": Entry(
        "ccc.cli.completion",
        "Print a script that lets a shell complete commands, options and sessions",
        "Upkeep",
    ),
    "watch": Entry("ccc.cli.watch", "Show what goes on in all sessions, as it happens", "Doors"),
    "mcp": Entry("ccc.cli.mcp", "Serve tools for an orchestrating agent over MCP", "Doors"),
    "drain": Entry("ccc.cli.drain", "Record what hooks noted and refs show", "Plumbing"),
    "hook": Entry(
        "ccc.cli.hook", "Let messages reach a program that a person runs in a session's worktree", "Plumbing"
    ),
}
"""Every command by name, in the order of the help."""

ORIENT = Entry("ccc.cli.orient", "Say what is here, what needs you and what to do next", HIDDEN_GROUP)
"""What `git ccc` alone runs; not a command by name."""


def load(name: str, entry: Entry) -> click.Command:
    """Imports the module of a command and gives its click object."""
    command = getattr(import_module(entry.module), f"command_{name.replace('-', '_')}")
    if not isinstance(command, click.Command):
        raise TypeError(f"{entry.module} defines no click command for {name}")
    return command
