"""Rendered text into messages: role lines of the template's own text open a message, and nothing else does."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.errors import UsageError
from ferrata.messages import Message, Text, ToolCall
from ferrata.prompts.rendering.images import image_of
from ferrata.prompts.rendering.marks import CLOSE, OPEN, PLACE, unmark
from ferrata.prompts.rendering.values import Picture, history_of
from ferrata.prompts.source import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferrata.messages import Part, Role
    from ferrata.prompts.types import Prompt

__all__ = ["ROLE_LINE", "messages_of"]

ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_WORDS = "|".join(ROLES)
# `user:`, `# user:`, `user[name="Ann"]:` alone on a line; the word may be the role of a history's message.
ROLE_LINE = re.compile(
    rf"^[ \t]*\#?[ \t]*(?:({_WORDS})|\ufdd2({_WORDS})\ufdd2)[ \t]*(?:\[([^\]\n\ufdd0\ufdd1]*)\])?[ \t]*:[ \t]*(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_COLON = re.compile(r":[ \t]*(?:\n|\Z)")
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')
_HEAD = r"\A\s*#{0,2}[ \t]*%s[ \t]*:[ \t]*\n+[ \t]*(\S+)[ \t]*\n+[ \t]*#{0,2}[ \t]*content[ \t]*:[ \t]*(?:\n|\Z)"
_NAME = re.compile(_HEAD % "name")
_CALL_ID = re.compile(_HEAD % "tool_call_id")
_CALLS = re.compile(r"\A\s*#{0,2}[ \t]*tool_calls[ \t]*:[ \t]*\n+(.*)\Z", re.DOTALL)
_PICTURE = re.compile(
    rf"!\[([^\]\n{OPEN}{CLOSE}]*)\]\([ \t]*({OPEN}[^{OPEN}{CLOSE}]*{CLOSE}|[^)\n{OPEN}{CLOSE}]*?)[ \t]*\)"
)
_PLACES = re.compile(rf"{PLACE}(\d+){PLACE}")


def messages_of(prompt: Prompt, text: str, marked: Sequence[object]) -> tuple[Message, ...]:
    """The messages of a rendered text.

    Args:
        prompt: whose they are.
        text: with marks.
        marked: the objects that stand at the marked places.

    Raises:
        UsageError: a message of a tool lacks its fields, an image cannot be read, a history is none.
    """
    found: list[Message] = []
    matches = list(_role_lines(text)) if prompt.model.api in ("chat", "responses") else []
    before = text[: matches[0].start()] if matches else text
    if before.strip() or not matches:
        role: Role = "system" if prompt.model.api in ("chat", "responses") else "user"
        found += _messages(prompt, role, "", before, marked)
    for match, after in zip(matches, [*matches[1:], None], strict=False):
        content = text[match.end() : after.start() if after else len(text)]
        word = (match[1] or match[2]).lower()
        found += _messages(prompt, ROLES[word], match[3] or "", content, marked, function=word == "function")
    return tuple(found)


def _role_lines(text: str) -> Iterator[re.Match[str]]:
    # A role line ends with a colon, and few lines do: looking for those first takes a tenth of the time.
    for end in _COLON.finditer(text):
        match = ROLE_LINE.match(text, text.rfind("\n", 0, end.start()) + 1)
        if match is not None:
            yield match


def _messages(
    prompt: Prompt, role: Role, attributes: str, content: str, marked: Sequence[object], *, function: bool = False
) -> Iterator[Message]:
    """One message, or several where a history stands in it."""
    fields = {key: quoted or plain for key, quoted, plain in _ATTRIBUTE.findall(attributes)} if attributes else {}
    name: str | None = fields.get("name")
    if role == "tool":
        yield _tool(prompt, content, marked, function=function, fields=fields)
        return
    if role == "assistant":
        match = _CALLS.match(content)
        if match is not None:
            yield Message("assistant", "", name, _calls(unmark(match[1])))
            return
    match = _NAME.match(content)
    if match is not None:
        name, content = unmark(match[1]), content[match.end() :]
    if PLACE not in content:
        yield Message(role, _content(prompt, content, marked), name)
        return
    yield from _around_histories(prompt, role, name, content, marked)


def _around_histories(
    prompt: Prompt, role: Role, name: str | None, content: str, marked: Sequence[object]
) -> Iterator[Message]:
    begin, spoken = 0, False
    for match in _PLACES.finditer(content):
        value = marked[int(match[1])] if int(match[1]) < len(marked) else None
        if not isinstance(value, list):
            continue
        before = content[begin : match.start()]
        if before.strip():
            yield Message(role, _content(prompt, before, marked), name)
            spoken = True
        begin = match.end()
        for item in history_of(cast("list[Any]", value)):
            yield _past(prompt, item)
            spoken = True
    rest = content[begin:]
    if rest.strip() or not spoken:
        yield Message(role, _content(prompt, rest, marked), name)


def _past(prompt: Prompt, item: dict[str, Any]) -> Message:
    """A message of a history."""
    role = ROLES[str(item["role"]).lower()]
    content = item.get("content")
    parts: str | tuple[Part, ...] = ""
    if isinstance(content, list):
        parts = tuple(_past_part(prompt, part) for part in cast("list[Any]", content))
    elif content is not None:
        parts = unmark(str(content))
    calls = item.get("tool_calls")
    name, call_id = item.get("name"), item.get("tool_call_id")
    return Message(
        role,
        parts,
        str(name) if name else None,
        _calls(calls) if calls else (),
        str(call_id) if call_id else None,
    )


def _past_part(prompt: Prompt, part: Any) -> Part:
    about = cast("dict[str, Any]", part) if isinstance(part, dict) else {"type": "text", "text": part}
    if about.get("type") == "image_url":
        url = about.get("image_url")
        return image_of(prompt, str(cast("dict[str, Any]", url).get("url", "") if isinstance(url, dict) else url))
    return Text(unmark(str(about.get("text", ""))))


def _tool(prompt: Prompt, content: str, marked: Sequence[object], *, function: bool, fields: dict[str, str]) -> Message:
    """What a tool answered: it names the call (`tool_call_id`), or the older form the function (`name`)."""
    key = "name" if function else "tool_call_id"
    given = fields.get(key)
    if given is None:
        match = (_NAME if function else _CALL_ID).match(content)
        if match is None:
            raise UsageError(
                f"a message of the role {'function' if function else 'tool'!r} lacks its {key!r}",
                hint=f"write `## {key}:`, the {key} on the next line, then `## content:` and the content below it",
            )
        given, content = unmark(match[1]), content[match.end() :]
    text = _content(prompt, content, marked)
    return Message("tool", text, given if function else None, (), None if function else given)


def _calls(value: Any) -> tuple[ToolCall, ...]:
    """The calls that an assistant's message asks for, as JSON or as Python writes a list."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            try:
                value = ast.literal_eval(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                raise UsageError(f"the tool_calls of an assistant's message are no list: {shown(text)}") from None
    if not isinstance(value, list):
        raise UsageError(f"the tool_calls of an assistant's message are no list: {shown(value)}")
    found: list[ToolCall] = []
    for item in cast("list[Any]", value):
        about = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        function = about.get("function")
        if not isinstance(function, dict) or "name" not in function:
            raise UsageError(
                f"a tool call is {shown(cast('object', item))}",
                hint="write {id: ..., function: {name: ..., arguments: ...}}",
            )
        named = cast("dict[str, Any]", function)
        arguments = named.get("arguments", "{}")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        found.append(ToolCall(unmark(str(about.get("id", ""))), unmark(str(named["name"])), unmark(text)))
    return tuple(found)


def _content(prompt: Prompt, content: str, marked: Sequence[object]) -> str | tuple[Part, ...]:
    """A message's content: text, or text and images in their order."""
    if "](" not in content and PLACE not in content:
        return unmark(content).strip()
    parts: list[Part] = []
    begin = 0
    for start, end, source in sorted(_pictures(prompt, content, marked)):
        text = unmark(content[begin:start]).strip()
        if text:
            parts.append(Text(text))
        parts.append(image_of(prompt, unmark(source)))
        begin = end
    text = unmark(content[begin:]).strip()
    if not parts:
        return text
    if text:
        parts.append(Text(text))
    return tuple(parts)


def _pictures(prompt: Prompt, content: str, marked: Sequence[object]) -> Iterator[tuple[int, int, str]]:
    """Where images stand: written by the template as `![image](...)`, or an input that is one."""
    pictures = list(_PICTURE.finditer(content)) if "](" in content else []
    taken: list[tuple[int, int]] = []
    for match in pictures:
        # The text `![...](` must be the template's own: not between an open mark and its close.
        inside_value = content.rfind(OPEN, 0, match.start()) > content.rfind(CLOSE, 0, match.start())
        if inside_value or not (prompt.dialect == "prompty-v1" or match[1].strip().lower() == "image"):
            continue
        source, place = match[2], _PLACES.fullmatch(match[2])
        if place is not None and int(place[1]) < len(marked):
            source = str(marked[int(place[1])])
        taken.append(match.span())
        yield match.start(), match.end(), source
    for match in _PLACES.finditer(content):
        value = marked[int(match[1])] if int(match[1]) < len(marked) else None
        if isinstance(value, Picture) and not any(a <= match.start() < b for a, b in taken):
            yield match.start(), match.end(), value.source
