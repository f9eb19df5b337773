"""Modules of the standard library that others import and a short command never uses."""

from __future__ import annotations

import _thread
import sys
from types import ModuleType
from typing import Any

_lock = _thread.RLock()


class Later(ModuleType):
    """Stands for a module until something of it is wanted; then the module itself is imported."""

    def __getattr__(self, name: str) -> Any:
        with _lock:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            __import__(self.__name__)
            module = sys.modules[self.__name__]
        vars(self).update(vars(module))
        return getattr(module, name)


def defer(*names: str) -> None:
    """Puts the import of some modules off until they are used."""
    for name in names:
        if name not in sys.modules:
            sys.modules[name] = Later(name)
