"""The values that a template sees: plain data only, so that there is no object to escape through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.errors import UsageError
from ferrata.messages import Image, Message
from ferrata.prompts.rendering.limits import MOST_CHARACTERS, TooMuch, weigh
from ferrata.prompts.rendering.marks import RoleWord, escape
from ferrata.prompts.source import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.prompts.types import Input, Kind

__all__ = ["History", "Picture", "data_of", "history_of", "value_of"]

_HISTORY_ROLES: Final = frozenset(("user", "assistant", "tool", "function"))
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The value of an image input, before it is read."""

    source: str

    def __str__(self) -> str:
        return self.source


class History(list[Any]):
    """The messages of a conversation so far. A template walks them, or prints them as a whole."""


def value_of(one: Input, value: object) -> Any:
    """A value as the template sees it.

    Raises:
        UsageError: it does not fit the input.
    """
    if type(value) is str and one.kind in ("string", "any"):
        if len(value) > MOST_CHARACTERS:
            raise UsageError(f"the input {one.name!r} is too long: {len(value):,} characters")
        data: Any = escape(value)
    elif one.kind == "image" and isinstance(value, str | Image):
        return Picture(value.url if isinstance(value, Image) else value)
    else:
        data = data_of(value, one.name)
    if one.choices and data not in one.choices:
        raise UsageError(
            f"the input {one.name!r} is {shown(data)}", hint=f"it may be {', '.join(map(str, one.choices))}"
        )
    if one.kind == "thread":
        return _thread(one.name, data)
    _check_kind(one.name, one.kind, data)
    return _with_roles(cast("list[Any]", data)) if isinstance(data, list) else data


def _check_kind(name: str, kind: Kind, data: Any) -> None:
    wanted = _TYPES.get(kind)
    if wanted is None or data is None:
        return
    fits = isinstance(data, wanted) and (kind == "boolean" or not isinstance(data, bool))
    if not fits:
        raise UsageError(f"the input {name!r} must be of the type {kind}, not {shown(cast('object', data))}")


def _thread(name: str, data: Any) -> History:
    if data is None or data == {}:
        return History()
    if not isinstance(data, list):
        raise UsageError(f"the input {name!r} must be a list of messages, not {shown(data)}")
    items = cast("list[Any]", data)
    for i, item in enumerate(items):
        about = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        role = about.get("role")
        # Prompt Flow's own histories have none. Any other word would put its message's text into the message before it.
        if "role" in about and not (isinstance(role, str) and role.lower() in _HISTORY_ROLES):
            raise UsageError(
                f"message {i} of the history {name!r} has the role {shown(role)}",
                hint="what the system says is part of the template; a history holds user, assistant and tool",
            )
    return History(_with_roles(items))


def _with_roles(items: list[Any]) -> list[Any]:
    return [_with_role(cast("dict[str, Any]", item)) if isinstance(item, dict) else item for item in items]


def _with_role(item: dict[str, Any]) -> dict[str, Any]:
    role = item.get("role")
    if isinstance(role, str) and role.lower() in _HISTORY_ROLES:
        return {**item, "role": RoleWord(role)}
    return item


def data_of(value: object, name: str) -> Any:
    """A copy that holds nothing but texts, numbers, booleans, None, lists and mappings.

    Raises:
        UsageError: it holds something else, or too much.
    """
    try:
        found = _plain(value, name, 0)
        weigh(found)
    except TooMuch as error:
        raise UsageError(f"the input {name!r} {error}".replace(" makes ", " is ")) from None
    return found


def _plain(value: object, name: str, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return escape(str(value))
    if depth > 100:
        raise UsageError(f"the input {name!r} is nested deeper than 100")
    if isinstance(value, Message):
        return _message(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {escape(str(key)): _plain(item, name, depth + 1) for key, item in items}
    if isinstance(value, list | tuple):
        return [_plain(item, name, depth + 1) for item in cast("Sequence[object]", value)]
    if hasattr(value, "isoformat"):
        return cast("Any", value).isoformat()
    raise UsageError(
        f"the input {name!r} holds a {type(value).__name__}", hint="give text, numbers, booleans, lists and mappings"
    )


def _message(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.name:
        found["name"] = message.name
    if message.tool_call_id:
        found["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return found


def history_of(history: Sequence[Any]) -> list[dict[str, Any]]:
    """The messages of a history that is printed as a whole.

    Raises:
        UsageError: one is no message.
    """
    found: list[dict[str, Any]] = []
    for i, item in enumerate(history):
        role = cast("dict[str, Any]", item).get("role") if isinstance(item, dict) else None
        if not isinstance(role, str) or role.lower() not in _HISTORY_ROLES:
            raise UsageError(
                f"message {i} of the history is {shown(cast('object', item))}",
                hint="a message is {role: user|assistant|tool, content: ...}",
            )
        found.append(cast("dict[str, Any]", item))
    return found
