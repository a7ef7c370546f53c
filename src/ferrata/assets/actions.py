"""The one catalogue of actions: what the ledger can be told, by which room, with which details.

The actions themselves are data, in `actions.yaml`. Knows nothing of how records are stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from ferrata.documents import Document, validate
from ferrata.errors import UsageError
from ferrata.yamls import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Action", "Field", "catalogue", "checked_payload"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list, tuple),
    "dict": (dict,),
}


@dataclass(frozen=True)
class Field:
    """One field of an action's payload.

    Attributes:
        name: its key.
        type: `str`, `int`, `float` (an int will do), `bool`, `list` or `dict`.
        required: whether it must be there.
        choices: the only texts allowed; empty if any will do.
    """

    name: str
    type: str
    required: bool
    choices: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether `value` is of the field's type and among its choices."""
        if isinstance(value, bool) and self.type != "bool":
            return False
        return isinstance(value, _TYPES[self.type]) and (not self.choices or value in self.choices)

    def __str__(self) -> str:
        return "|".join(self.choices) or self.type


@dataclass(frozen=True)
class Action:
    """One thing that can be done.

    Attributes:
        name: `noun.verbed`.
        means: a sentence.
        room: the room that emits it.
        fields: what its payload holds, by name.
    """

    name: str
    means: str
    room: str
    fields: Mapping[str, Field]


class _Entry(Document):
    means: str
    fields: dict[str, str] = {}


class _Rooms(Document):
    rooms: dict[str, dict[str, _Entry]]


@cache
def catalogue() -> Mapping[str, Action]:
    """Every action by name, in the order of `actions.yaml`; read once a process."""
    text = files("ferrata.assets").joinpath("actions.yaml").read_text(encoding="utf-8")
    parsed = validate({"rooms": read_yaml(text, file="actions.yaml", own=True)}, _Rooms, file="actions.yaml", text=text)
    actions: dict[str, Action] = {}
    for room, entries in parsed.rooms.items():
        for name, entry in entries.items():
            fields = {key: _field(key, notation) for key, notation in entry.fields.items()}
            actions[name] = Action(name, entry.means, room, MappingProxyType(fields))
    return MappingProxyType(actions)


def checked_payload(action: str, payload: Mapping[str, object]) -> dict[str, object]:
    """The payload without its optional fields that are None, once it is what the catalogue declares.

    Raises:
        UsageError: there is no such action, or fields are missing, undeclared or of another type; names all of them.
    """
    declared = catalogue().get(action)
    if declared is None:
        near = get_close_matches(action, catalogue(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "declare it in the catalogue of actions"
        raise UsageError(f"no such action: {action!r}", hint=hint)
    fields = declared.fields
    given = {key: value for key, value in payload.items() if not _left_out(fields.get(key), value)}
    mistakes = [f"{key!r} is missing" for key, field in fields.items() if field.required and key not in given]
    for key, value in given.items():
        field = fields.get(key)
        if field is None:
            mistakes.append(f"{key!r} is not declared")
        elif not field.accepts(value):
            mistakes.append(f"{key!r} is {value!r}, not {field}")
    if mistakes:
        takes = ", ".join(f"{key}: {field}{'' if field.required else '?'}" for key, field in fields.items())
        raise UsageError(f"wrong payload of {action}: {'; '.join(mistakes)}", hint=f"it takes {takes or 'no fields'}")
    return given


def _left_out(field: Field | None, value: object) -> bool:
    return value is None and field is not None and not field.required


def _field(name: str, notation: str) -> Field:
    base = notation.removesuffix("?")
    choices = tuple(base.split("|")) if base not in _TYPES else ()
    return Field(name, "str" if choices else base, not notation.endswith("?"), choices)
