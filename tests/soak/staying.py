"""Work of the soak that goes on in threads of its own until the storm is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

LEAVE_SECONDS = 180


@dataclass
class Staying:
    """Threads, each with its work; `faults` is what ended one of them before it was told to go."""

    faults: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, *works: Callable[[], None]) -> None:
        """Starts each of these; each is to ask `rests` again and again."""
        for work in works:
            thread = threading.Thread(target=self._run, args=(work,))
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Tells all to go, and waits for them."""
        self._over.set()
        for thread in self._threads:
            thread.join(LEAVE_SECONDS)

    def rests(self, seconds: float) -> bool:
        """Waits so long; False where it is time to go."""
        return not self._over.wait(seconds)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.faults.append(error)
            raise
