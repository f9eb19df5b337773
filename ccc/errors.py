"""The one tree of errors that ccc raises for its users."""

from __future__ import annotations


class CccError(Exception):
    """Base of every expected error: what happened, what to do, and how the process ends.

    `message` is one line of what; `hint` one line of what to do next, possibly empty.
    `kind` is the word used in JSON, `exit` the process's exit code (docs/exit-codes in the manual).
    """

    kind = "internal"
    exit = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Usage(CccError):
    """The call's own words are wrong."""

    kind, exit = "usage", 2


class NotARepository(CccError):
    """No git repository here, or one that ccc cannot use."""

    kind = "not_a_repository"


class NotInitialised(CccError):
    """`git ccc init` has not been run in this repository."""

    kind = "not_initialised"


class NotFound(CccError):
    """A session, role, event or path that is not there."""

    kind = "not_found"


class Ambiguous(CccError):
    """A prefix or name that fits more than one thing."""

    kind = "ambiguous"


class Refused(CccError):
    """Understood, and not done, for a reason given."""

    kind = "refused"


class BadConfig(CccError):
    """A configuration, role or plan file that is not valid; names file, line and key."""

    kind = "bad_config"


class GitFailed(CccError):
    """A git command or library call that failed."""

    kind = "git"


class GitLocked(GitFailed):
    """Another git is at work in the same index or reference, or left its lock there."""


class FolderGone(GitFailed):
    """The folder that a git was to work in is not there: a worktree that was closed meanwhile, say."""


class EngineFailed(CccError):
    """A program that drives a model failed."""

    kind = "engine"


class Conflict(CccError):
    """A text conflict that a person, or a session told to, must resolve."""

    kind, exit = "conflict", 3


class NeedsPerson(CccError):
    """A decision that only a person may take."""

    kind, exit = "needs_person", 3


class InsideAgent(CccError):
    """A decision refused because the call comes from inside an agent's session."""

    kind, exit = "inside_agent", 3


class StoreBusy(CccError):
    """The state is locked by another process for longer than we wait."""

    kind, exit = "busy", 4


class TimedOut(CccError):
    """A time limit given by the caller was reached."""

    kind, exit = "timeout", 4


class StateBroken(CccError):
    """`refs/ccc` or an object behind it cannot be read; `fsck` says what and how to mend it."""

    kind, exit = "git", 1
