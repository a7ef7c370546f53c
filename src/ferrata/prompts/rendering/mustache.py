"""Mustache so far as a prompt needs it: variables, sections, inverted sections, comments, other delimiters.

After the Mustache specification, but for three things: nothing is escaped as HTML, because a prompt is no page; a variable
that does not exist is a mistake, not an empty text; and there are no partials and no functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.prompts.rendering.filters import text_of
from ferrata.prompts.rendering.marks import ROLE, RoleWord, mark, place
from ferrata.prompts.rendering.values import History, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.prompts.rendering.limits import Meter

__all__ = ["Mustache", "MustacheError"]

_DEEPEST: Final = 50
_MISSING: Final = object()


class MustacheError(Exception):
    """The template cannot be read, or names what does not exist."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(slots=True)
class _Tag:
    """A variable, or a section with what is in it. `kind` is the tag's sign; empty for a variable."""

    kind: str
    name: str
    line: int
    parts: list[str | _Tag] = field(default_factory=list["str | _Tag"])


class Mustache:
    """A compiled template.

    Attributes:
        names: the variables that it names, with the first line of each; those inside a section as they are written.
    """

    def __init__(self, text: str) -> None:
        self._root = _Parser(text).parse()
        self.names: dict[str, int] = {}
        for tag in _walk(self._root):
            self.names.setdefault(tag.name.partition(".")[0], tag.line)
        self.names.pop("", None)

    def render(self, values: Mapping[str, Any], meter: Meter) -> str:
        """The text, printed values between marks.

        Raises:
            MustacheError: a variable does not exist.
            TooMuch: it does more than it may.
        """
        out: list[str] = []
        _render(self._root, [values], out, meter)
        return "".join(out)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open, self._close = "{{", "}}"

    def parse(self) -> _Tag:
        root = _Tag("#", "", 1)
        stack = [root]
        while True:
            begin = self._text.find(self._open, self._at)
            if begin < 0:
                stack[-1].parts.append(self._text[self._at :])
                break
            before = self._text[self._at : begin]
            line = self._text.count("\n", 0, begin) + 1
            sign, name, end = self._tag(begin, line)
            if sign in ("#", "^", "/", "!", "="):
                before, end = self._alone(before, begin, end)
            stack[-1].parts.append(before)
            self._at = end
            self._take(sign, name, line, stack)
        if len(stack) > 1:
            raise MustacheError(f"the section {stack[-1].name!r} is not closed", stack[-1].line)
        return root

    def _tag(self, begin: int, line: int) -> tuple[str, str, int]:
        close = self._close
        start = begin + len(self._open)
        sign = self._text[start : start + 1]
        if sign == "{":
            close = "}" + close
        if sign == "=":
            close = "=" + close
        end = self._text.find(close, start + 1)
        if end < 0:
            raise MustacheError(f"the tag is not closed by {close!r}", line)
        if sign in ("#", "^", "/", "!", "=", "{", "&", ">"):
            return sign, self._text[start + 1 : end].strip(), end + len(close)
        return "", self._text[start:end].strip(), end + len(close)

    def _alone(self, before: str, begin: int, end: int) -> tuple[str, int]:
        """A tag that stands alone on its line takes the line with it."""
        head = before.rpartition("\n")[2]
        if head.strip(" \t") or (begin - len(head) > 0 and self._text[begin - len(head) - 1] != "\n"):
            return before, end
        match = re.compile(r"[ \t]*(\n|\Z)").match(self._text, end)
        if match is None:
            return before, end
        return before[: len(before) - len(head)], match.end()

    def _take(self, sign: str, name: str, line: int, stack: list[_Tag]) -> None:
        if sign == "!":
            return
        if sign == "=":
            marks = name.split()
            if len(marks) != 2:
                raise MustacheError(f"no delimiters: {name!r}", line)
            self._open, self._close = marks
            return
        if sign == ">":
            raise MustacheError(f"a prompt has no partials: {name!r}", line)
        if not re.fullmatch(r"\.|[\w-]+(?:\.[\w-]+)*", name):
            raise MustacheError(f"no name of a variable: {name!r}", line)
        if sign == "/":
            if stack[-1].name != name or len(stack) == 1:
                raise MustacheError(f"{name!r} is closed here, but not open", line)
            stack.pop()
            return
        tag = _Tag("" if sign in ("{", "&") else sign, name, line)
        stack[-1].parts.append(tag)
        if sign in ("#", "^"):
            if len(stack) > _DEEPEST:
                raise MustacheError(f"sections are nested deeper than {_DEEPEST}", line)
            stack.append(tag)


def _walk(tag: _Tag) -> Iterator[_Tag]:
    for part in tag.parts:
        if isinstance(part, _Tag):
            yield part
            yield from _walk(part)


def _render(tag: _Tag, stack: list[Any], out: list[str], meter: Meter) -> None:
    for part in tag.parts:
        if isinstance(part, str):
            meter.print(len(part))
            out.append(part)
            continue
        meter.step()
        value = _look_up(part.name, stack)
        if part.kind == "":
            if value is _MISSING:
                raise MustacheError(f"{part.name!r} is undefined", part.line)
            out.append(_printed(value, meter))
        elif part.kind == "^":
            if value is _MISSING or not value:
                _render(part, stack, out, meter)
        elif value is not _MISSING and value:
            for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
                meter.step()
                _render(part, [*stack, item], out, meter)


def _printed(value: Any, meter: Meter) -> str:
    if type(value) is str:
        meter.print(len(value))
        return mark(value)
    if isinstance(value, RoleWord):
        return f"{ROLE}{value}{ROLE}"
    if isinstance(value, History | Picture):
        return place(meter, value)
    text = "" if value is None else text_of(value)
    meter.print(len(text))
    return mark(text)


def _look_up(name: str, stack: list[Any]) -> Any:
    if name == ".":
        return stack[-1]
    if len(stack) == 1 and "." not in name:
        return stack[0].get(name, _MISSING)
    first, *rest = name.split(".")
    value: Any = _MISSING
    for frame in reversed(stack):
        if isinstance(frame, dict) and first in frame:
            value = cast("dict[str, Any]", frame)[first]
            break
    for part in rest:
        if not isinstance(value, dict):
            return _MISSING
        value = cast("dict[str, Any]", value).get(part, _MISSING)
    return value
