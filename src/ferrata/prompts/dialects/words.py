"""The names that dialects have for the same things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.prompts.source import shown
from ferrata.prompts.types import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.prompts.source import Source
    from ferrata.prompts.types import Api, Engine, Kind

__all__ = [
    "APIS",
    "JSON_TYPES",
    "KINDS",
    "OPTIONS",
    "api_of",
    "close_to",
    "engine_of",
    "kind_of",
    "nearest",
    "unknown_keys",
]

# What files call a kind of value -> its kind here.
KINDS: Final[dict[str, Kind]] = {
    "any": "any",
    "string": "string",
    "str": "string",
    "text": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "double": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "array": "array",
    "list": "array",
    "object": "object",
    "dict": "object",
    "image": "image",
    "audio": "audio",
    "file": "file",
    "thread": "thread",
}
JSON_TYPES: Final[dict[Kind, str]] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}
APIS: Final[dict[str, Api]] = {
    "chat": "chat",
    "responses": "responses",
    "completion": "completion",
    "embedding": "embedding",
    "embeddings": "embedding",
    "image": "image",
    "images": "image",
}
# Prompty v2's options -> the names of OpenAI's API.
OPTIONS: Final[dict[str, str]] = {
    "temperature": "temperature",
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "seed": "seed",
    "stopSequences": "stop",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "allowMultipleToolCalls": "parallel_tool_calls",
}


def kind_of(source: Source, *where: str | int) -> Kind:
    """The kind that a key names; `any` where it names none."""
    text = source.text_at(*where)
    found = KINDS.get(text.lower()) if text else "any"
    if found is None:
        source.wrong(where, f"{text!r} is no type; {nearest(text, KINDS)}")
        return "any"
    return found


def api_of(source: Source, *where: str | int) -> Api:
    """The kind of API that a key names; `chat` where it names none."""
    text = source.text_at(*where)
    found = APIS.get(text.lower()) if text else "chat"
    if found is None:
        source.wrong(where, f"{text!r} is no kind of API; {nearest(text, APIS)}")
        return "chat"
    return found


def engine_of(source: Source, text: str, *where: str | int) -> Engine:
    """The template language of that name; Jinja2 where none is named."""
    # Nunjucks is Jinja for another language; what the two share is what prompts use.
    if text.lower() in ("", "jinja2", "jinja", "nunjucks"):
        return "jinja2"
    if text.lower() == "mustache":
        return "mustache"
    source.wrong(where, f"{text!r} is no template language; write jinja2 or mustache")
    return "jinja2"


def nearest(text: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or all that is known."""
    close = close_to(text, known)
    return f"did you mean {close!r}?" if close else f"known are {', '.join(known)}"


def close_to(text: str, known: Iterable[str]) -> str | None:
    """What is known and reads almost the same."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(text, list(known), 1)), None)


def unknown_keys(source: Source, known: Iterable[str], *where: str | int) -> list[Note]:
    """A note for each key of a mapping that nobody reads."""
    value: Any = source.value(*where) if where else source.header
    if not isinstance(value, dict):
        return []
    names = list(known)
    notes: list[Note] = []
    for key in cast("dict[Any, Any]", value):
        if key not in names:
            path = ".".join(map(str, (*where, key)))
            notes.append(Note(source.line(*where, key), path, f"nobody reads {shown(key)}: {nearest(str(key), names)}"))
    return notes
