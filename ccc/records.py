"""Dataclasses that are put together when their first instance is made.

Putting one together costs 0.5 ms, for it compiles its methods; a command imports eighty and uses twenty, and
`git ccc status` has 80 ms in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

    def complete(cls: type) -> None:
        """Puts the class together now: for who makes instances without calling it."""
else:
    import _thread
    import dataclasses

    _waiting: dict[type, bool] = {}
    _lock = _thread.RLock()

    def dataclass(cls=None, /, *, frozen=False):
        """Like `dataclasses.dataclass`; until the first instance `dataclasses.fields` knows nothing of it."""
        if cls is None:
            return lambda decorated: _deferred(decorated, frozen)
        return _deferred(cls, frozen)

    def _deferred(cls, frozen):
        def first(self, *args, **kwargs):
            complete(cls)
            cls.__init__(self, *args, **kwargs)

        cls.__init__ = first
        _waiting[cls] = frozen
        return cls

    def complete(cls):
        """Puts the class together now: for who makes instances without calling it."""
        with _lock:
            for one in reversed(cls.__mro__):
                if one in _waiting:
                    del one.__init__
                    dataclasses.dataclass(frozen=_waiting.pop(one))(one)
