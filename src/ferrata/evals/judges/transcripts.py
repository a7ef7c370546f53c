"""Inputs of judges as text: answers, conversations, tool calls, their results, and definitions of tools.

Takes a text, messages as OpenAI writes them (`tool_calls`), as agents of azure-ai-evaluation do (`tool_call` and `tool_result` parts), and
Ferrata's own. Every entry of a transcript begins at the line's start with its speaker in brackets, and further lines of a text are
indented, so that no text can look like a new entry. Knows no prompt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from ferrata.messages import Message, ToolCall

__all__ = ["Turn", "calls_in", "definitions_text", "is_messages", "results_in", "said_in", "text_of", "turns_of"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One message: who, what was said, which tools were called (as text), what they gave, and its own context."""

    role: str
    text: str
    calls: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    context: str = ""


class Turn(NamedTuple):
    """A question of a conversation, the answer to it, and what the answer may rest on."""

    query: str
    response: str
    context: str


def is_messages(value: Any) -> bool:
    """Whether a value is a list of messages."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(
        isinstance(item, Message) or (isinstance(item, Mapping) and "role" in item)
        for item in cast("Sequence[Any]", value)
    )


def text_of(value: Any) -> str:
    """An input as text: messages as a transcript, a single one of a user as what it says, texts one after another, other data as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not is_messages(value):
        items = _items(value)
        texts = [item for item in items if isinstance(item, str)]
        return "\n\n".join(texts) if items and len(texts) == len(items) else _json(value)
    entries = _entries(value)
    if len(entries) == 1 and entries[0].role == "user":
        return entries[0].text
    return "\n".join(_lines(entries))


def said_in(value: Any) -> str:
    """What the assistant says in an answer, without calls and results; other values as `text_of`."""
    if not is_messages(value):
        return text_of(value)
    return "\n".join(entry.text for entry in _entries(value) if entry.role == "assistant" and entry.text.strip())


def calls_in(value: Any) -> list[str]:
    """The tool calls in messages or in a list of calls, each as `name(arguments)`."""
    if value is None or isinstance(value, str):
        return []
    if is_messages(value):
        return [call for entry in _entries(value) for call in entry.calls]
    items: Sequence[Any] = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
    return [call for item in items if (call := _call(item))]


def results_in(value: Any) -> list[str]:
    """What tools gave, in messages."""
    return [result for entry in _entries(value) for result in entry.results] if is_messages(value) else []


def definitions_text(value: Any) -> str:
    """Definitions of tools, a line each: name, description and JSON schema of the arguments."""
    if isinstance(value, str) or value is None:
        return value or ""
    items: Sequence[Any] = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
    lines: list[str] = []
    for item in items:
        about = _mapping(item)
        about = _mapping(about.get("function")) or about
        if not about.get("name"):
            lines.append(f"- {_json(item)}")
            continue
        said = " ".join(str(about.get("description") or "").split())
        lines.append(f"- {about['name']}: {said} Arguments: {_json(about.get('parameters') or {})}")
    return "\n".join(lines)


def turns_of(conversation: Any) -> list[Turn]:
    """The turns of `{"messages": [...]}` or of a list of messages: what was asked since the last answer, and the answer.

    The context of a turn is the answer's own, else what tools gave for it, else the conversation's.
    """
    whole = _mapping(conversation)
    messages: Any = whole.get("messages", conversation)
    if not is_messages(messages):
        return []
    asked: list[str] = []
    given: list[str] = []
    found: list[Turn] = []
    for entry in _entries(messages):
        given += entry.results
        if entry.role == "user":
            asked.append(entry.text)
            given += [entry.context] if entry.context else []
        elif entry.role == "assistant" and entry.text.strip():
            context = entry.context or "\n".join(given) or text_of(whole.get("context"))
            found.append(Turn("\n".join(asked), entry.text, context))
            asked, given = [], []
    return found


def _lines(entries: Sequence[_Entry]) -> list[str]:
    lines: list[str] = []
    for entry in entries:
        if entry.text.strip():
            lines.append(f"[{entry.role}] {_indented(entry.text)}")
        lines += [f"[{entry.role} calls] {_indented(call)}" for call in entry.calls]
        lines += [f"[tool result] {_indented(result)}" for result in entry.results]
    return lines


def _indented(text: str) -> str:
    return "\n  ".join(text.strip().splitlines())


def _entries(value: Any) -> list[_Entry]:
    return [_entry(item) for item in cast("Sequence[Any]", value)]


def _entry(item: Any) -> _Entry:
    if isinstance(item, Message):
        asked = tuple(_call(call) for call in item.tool_calls)
        return _of_tool(item.text) if item.role == "tool" else _Entry(item.role, item.text, asked)
    about = _mapping(item)
    role = str(about.get("role")).lower()
    texts: list[str] = []
    calls: list[str] = [text for call in _items(about.get("tool_calls")) if (text := _call(call))]
    results: list[str] = []
    content: Any = about.get("content")
    if isinstance(content, str):
        texts.append(content)
    for part in _items(content):
        kind = _mapping(part).get("type")
        if kind == "tool_call":
            calls += [text for text in [_call(part)] if text]
        elif kind == "tool_result":
            results.append(text_of(_mapping(part).get("tool_result", _mapping(part).get("output"))))
        else:
            texts.append(_part(part))
    if role in ("tool", "function"):
        return _of_tool("\n".join([*texts, *results]))
    return _Entry(role, "\n".join(texts), tuple(calls), tuple(results), text_of(about.get("context")))


def _of_tool(text: str) -> _Entry:
    return _Entry("tool", "", results=(text,))


def _part(part: Any) -> str:
    about = _mapping(part)
    if isinstance(part, str) or "text" in about:
        return str(about.get("text", part))
    return f"[{about.get('type', 'part')}]"


def _call(item: Any) -> str:
    """A call as text; empty where the item is none."""
    if isinstance(item, ToolCall):
        return f"{item.name}({item.arguments})"
    about = _mapping(item)
    for key in ("function", "tool_call"):
        about = _mapping(about.get(key)) or about
    about = _mapping(about.get("function")) or about
    name = about.get("name")
    if not name:
        return ""
    arguments: Any = about.get("arguments", {})
    return f"{name}({arguments if isinstance(arguments, str) else _json(arguments)})"


def _items(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
