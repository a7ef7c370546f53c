"""Doors of rooms that open when something is asked of them, so that a command loads only the modules that it uses.

Knows no room.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["door"]


def door(room: str, /, **modules: Sequence[str]) -> Callable[[str], Any]:
    """A room's `__getattr__`: imports the inner module that has a name when the name is first asked for.

    Args:
        room: the room's `__name__`.
        modules: inner module (`__` stands for a dot) -> the names that the room offers from it.
    """
    where = {name: f"{room}.{module.replace('__', '.')}" for module, names in modules.items() for name in names}

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(where[name]), name)

    return find
