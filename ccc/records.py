"""Dataclasses that are put together when their first instance is made, and quickly.

`dataclasses` compiles six methods for a class, 0.4 ms; here it finds the fields, one method is compiled, and
the others are shared. A command imports eighty classes and uses thirty; `git ccc status` has 80 ms in all.
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
    import itertools
    from operator import attrgetter

    FEW = 8
    """Instances of a class that are worth to be quick about it."""

    _waiting = {}
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
        """Its `__init__` comes last, in place of `first`: no thread meets the class without one."""
        cls.__doc__ = cls.__doc__ or cls.__name__
        dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        fields = dataclasses.fields(cls)
        guards = _guards(cls) if frozen else {}
        for name, method in {**_looks(fields, frozen), **guards}.items():
            if name not in vars(cls):
                setattr(cls, name, method)
        cls.__init__ = _sparing(cls, fields)

    def _sparing(cls, fields):
        """What sets the fields of the first few instances: compiling that costs as much as fifty of them."""
        names = [field.name for field in fields]
        usual = {one.name: one.default for one in fields if one.default is not dataclasses.MISSING}
        factories = {
            one.name: one.default_factory for one in fields if one.default_factory is not dataclasses.MISSING
        }
        needed = set(names) - usual.keys() - factories.keys()
        is_plain = all(field.init for field in fields) and not hasattr(cls, "__post_init__")
        calls = itertools.count(1)

        def set_fields(self, *args, **kwargs):
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            fits = len(given) == len(args) + len(kwargs) and needed <= given.keys() <= set(names)
            if not (is_plain and fits) or next(calls) > FEW:
                cls.__init__ = _initialiser(cls, fields)
                cls.__init__(self, *args, **kwargs)
                return
            for name in names:
                if name not in given:
                    given[name] = factories[name]() if name in factories else usual[name]
                self.__dict__[name] = given[name]

        return set_fields

    def _initialiser(cls, fields):
        """What sets the fields, in their order; compiled, as it is called thousands of times."""
        known, parameters, lines = {"missing": dataclasses.MISSING}, ["self"], ["of = self.__dict__"]
        for number, field in enumerate(fields):
            name, default, factory = field.name, f"default{number}", f"factory{number}"
            has_default = field.default is not dataclasses.MISSING
            has_factory = field.default_factory is not dataclasses.MISSING
            known.update({default: field.default, factory: field.default_factory})
            value = name
            if field.init:
                usual = f" = {default}" if has_default else " = missing" if has_factory else ""
                parameters.append(name + usual)
                if has_factory:
                    value = f"{factory}() if {name} is missing else {name}"
            elif has_default or has_factory:
                value = default if has_default else f"{factory}()"
            else:
                continue
            lines.append(f"of[{name!r}] = {value}")
        if hasattr(cls, "__post_init__"):
            lines.append("self.__post_init__()")
        made = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines)
        exec(made, known)  # noqa: S102, names of fields and nothing else
        return known["__init__"]

    def _looks(fields, frozen):
        """What compares and shows instances."""
        compared = [field.name for field in fields if field.compare]
        shown = [field.name for field in fields if field.repr]
        key = attrgetter(*compared) if compared else lambda _: ()

        def equal(self, other):
            return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

        def hashed(self):
            return hash(key(self))

        def represented(self):
            values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
            return f"{type(self).__qualname__}({values})"

        return {"__eq__": equal, "__repr__": represented, "__hash__": hashed if frozen else None}

    def _guards(cls):
        """What keeps instances as they are."""

        def setting(self, name, value):
            if type(self) is cls or name in cls.__dataclass_fields__:
                raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
            super(cls, self).__setattr__(name, value)

        def deleting(self, name):
            if type(self) is cls or name in cls.__dataclass_fields__:
                raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
            super(cls, self).__delattr__(name)

        return {"__setattr__": setting, "__delattr__": deleting}
