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

    _OWN = ("__dict__", "__weakref__")
    _GUARDS = ("__setattr__", "__delattr__")
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
                    _put_together(one, _waiting[one])
                    del _waiting[one]

    def _put_together(cls, frozen):
        """By way of a twin, so that no other thread ever meets the class without a way to make instances."""
        body = {name: value for name, value in vars(cls).items() if name not in {"__init__", *_OWN}}
        twin = dataclasses.dataclass(frozen=frozen)(type(cls)(cls.__name__, cls.__bases__, dict(body)))
        made = {name: value for name, value in vars(twin).items() if body.get(name, twin) is not value}
        made.update(_guards(cls) if frozen else {})
        for name in [name for name in made if name not in {"__init__", *_OWN}]:
            setattr(cls, name, made[name])
        cls.__init__ = made["__init__"]

    def _guards(cls):
        """What keeps instances as they are; those of the twin would keep the twin's."""

        def setting(self, name, value):
            if type(self) is cls or name in cls.__dataclass_fields__:
                raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
            super(cls, self).__setattr__(name, value)

        def deleting(self, name):
            if type(self) is cls or name in cls.__dataclass_fields__:
                raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
            super(cls, self).__delattr__(name)

        return dict(zip(_GUARDS, (setting, deleting), strict=True))
