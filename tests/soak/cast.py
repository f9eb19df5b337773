"""Who takes part in the soak: twelve sessions, what each is to do, and how each must end."""

from __future__ import annotations

from dataclasses import dataclass

ROLE = "soaker"
FINISH = "soak-finish"
"""A message with this word lets a session come to its end without another turn."""

LAST_TURN = "This is your last turn"
"""What ccc says to a session whose budget is used up."""

WHICH_WAY = "soak: which way?"
REFUSAL = "the soak refuses"
"""What the API says to the one session that is to fail."""

CHOICES = ("soak-left", "soak-right")


@dataclass(frozen=True)
class Part:
    """One session: `kind` is how its model behaves, `parts` how many it commits, `ending` its right status.

    `working`: it is to be at work from the beginning of the storm to its end. `turn`: after so many parts it
    ends its turn, and goes on when somebody says something; 0: everything in one turn.
    """

    slug: str
    kind: str
    parts: int
    ending: tuple[str, ...]
    options: tuple[str, ...] = ()
    working: bool = True
    turn: int = 0

    @property
    def name(self) -> str:
        """The session's name."""
        return f"{ROLE}-{self.slug}"

    @property
    def folder(self) -> str:
        """Where its files are, below the top of its work tree."""
        return f"work/{self.slug}"

    @property
    def has_outcome(self) -> bool:
        """Whether its files and commits are known to the letter."""
        return self.ending in (("verified",), ("waiting",))

    def text(self, number: int) -> str:
        """What its part of this number must be in the end."""
        return f"part {number} of {self.slug}\n"


LONG = 40
CAST = (
    Part("steady-1", "steady", LONG, ("verified",)),
    Part("steady-2", "steady", LONG, ("verified",), turn=10),
    *(Part(f"steady-{number}", "steady", LONG, ("verified",), turn=2) for number in range(3, 5)),
    *(Part(f"listener-{number}", "steady", LONG, ("verified",), turn=1) for number in range(1, 3)),
    Part("mender-1", "mender", LONG, ("verified",), turn=2),
    Part("asker-1", "asker", LONG, ("verified",), turn=2),
    Part("blocked-1", "blocked", LONG, ("waiting",), turn=3),
    Part("stopped-1", "endless", 10_000, ("stopped",), working=False),
    Part("failing-1", "failing", LONG // 3, ("failed",), working=False),
    Part("spender-1", "spender", 10_000, ("paused",), ("--budget", "90ktok"), working=False),
)
"""In this order they are started, and told in every list."""

BY_NAME = {part.name: part for part in CAST}
