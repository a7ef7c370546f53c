"""Doors of rooms that open when something is asked of them, so that a command loads only the modules that it uses.

Knows no room.
"""

from __future__ import annotations

from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["door"]


def door(room: str, /, **inner: Sequence[str]) -> Callable[[str], Any]:
    """A room's `__getattr__`: imports the inner module that has a name when the name is first asked for.

    Args:
        room: the room's `__name__`.
        inner: inner module (`__` stands for a dot) -> the names that the room offers from it.
    """
    where = {name: f"{room}.{module.replace('__', '.')}" for module, names in inner.items() for name in names}

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(where[name]), name)
        # The next one who asks finds it without asking here.
        setattr(modules[room], name, found)
        return found

    return find
