"""What a request's JSON says in words, for guards: found without reading the request as one.

Knows the shapes of no format by heart: of what is asked, every text counts but ids, kinds, addresses and encoded data.
Whether the request is sound is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["texts_of"]

# Where the words are, by format.
_PLACES: dict[str, tuple[str, ...]] = {
    "openai-chat": ("messages", "tools", "functions"),
    "openai-responses": ("instructions", "input", "tools"),
    "anthropic-messages": ("system", "messages", "tools"),
    "openai-embeddings": ("input",),
}
# What is under these is never words: of all formats, for a part that one of them has no use for is refused later.
_NO_WORDS = frozenset(
    {
        *("type", "role", "id", "tool_call_id", "tool_use_id", "call_id", "item_id", "status", "detail", "phase"),
        *("url", "image_url", "file_url", "file_id", "file_data", "data", "media_type", "input_audio", "audio"),
        *("signature", "encrypted_content", "cache_control", "strict", "index"),
    }
)


def texts_of(dialect: str, body: Mapping[str, Any]) -> list[str]:
    """The texts that a request carries: messages, instructions, tools and their results; not its parameters.

    Where several texts stand beside each other in one message, they are there alone and joined: a model reads them as one.

    Args:
        dialect: `openai-chat`, `openai-responses`, `openai-embeddings` or `anthropic-messages`.
        body: the request's JSON, whatever is in it.
    """
    found = list[str]()
    for place in _PLACES[dialect]:
        value = body.get(place)
        if isinstance(value, str):
            found.append(value)
        elif value and not _plain(value, found):
            _gather(value, found)
    return found


def _plain(messages: object, found: list[str]) -> bool:
    """Take the texts of messages that are a role and a text each, as nearly all are; False, and nothing taken: there are others."""
    if type(messages) is not list:
        return False
    texts = list[str]()
    for one in cast("list[object]", messages):
        if type(one) is not dict or len(one) != 2 or "role" not in one:  # pyright: ignore[reportUnknownArgumentType]
            return False
        said = cast("dict[str, object]", one).get("content")
        if type(said) is not str:
            return False
        texts.append(said)
    found += texts
    return True


def _gather(value: object, found: list[str]) -> None:
    """The texts in a value, however deep: without recursion, for what strangers send may be deeper than the stack."""
    stack: list[Any] = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            _in_object(here, stack, found)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(here, list):
            _in_array(here, stack, found)  # pyright: ignore[reportUnknownArgumentType]


def _in_object(here: dict[str, Any], stack: list[Any], found: list[str]) -> None:
    for key, value in here.items():
        if isinstance(value, str):
            if key not in _NO_WORDS:
                found.append(value)
            elif key == "data" and here.get("type") == "text":
                # A document in plain text.
                found.append(value)
        elif value and key not in _NO_WORDS and isinstance(value, dict | list):
            stack.append(value)


def _in_array(here: list[Any], stack: list[Any], found: list[str]) -> None:
    if isinstance(here[0] if here else 0, int):
        # Tokens, of which nobody reads words.
        here = [one for one in here if not isinstance(one, int)]
    beside = list[str]()
    for one in here:
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            if isinstance(said := one.get("text"), str):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                beside.append(said)
            stack.append(one)
        elif isinstance(one, list):
            stack.append(one)
    if len(beside) > 1:
        found.append("".join(beside))
