"""A `.prompty` file as text: front matter and template, and where each key stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake, NotFound
from ferrata.yamls import line_of, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MOST_BYTES", "Source", "read_source", "split_source"]

MOST_BYTES = 1_000_000
_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)

Where = tuple[str | int, ...]


@dataclass
class Source:
    r"""A file cut into front matter and template; gathers the mistakes found in it.

    Attributes:
        file: its name as messages show it.
        text: all of it, with `\\n` as the end of lines.
        header: the front matter; empty where there is none.
        body: the template.
        body_line: the line at which the template begins, from 1.
    """

    file: str
    text: str
    header: Mapping[str, Any]
    front: str
    front_line: int
    body: str
    body_line: int
    mistakes: list[Mistake] = field(default_factory=list[Mistake])

    def line(self, *where: str | int) -> int:
        """The line of a key, of its nearest parent where it is missing."""
        return line_of(self.front, where) + self.front_line - 1

    def wrong(self, where: Where, problem: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(self.file, self.line(*where), ".".join(map(str, where)), problem))

    def mapping(self, *where: str | int) -> dict[str, Any]:
        """The mapping at a key; empty where there is none, and a mistake where it is something else."""
        value = self.value(*where)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(where, f"must be a mapping, not {shown(value)}")
            return {}
        found = cast("dict[Any, Any]", value)
        for key in found:
            if not isinstance(key, str):
                self.wrong(where, f"the key {key!r} must be text")
        return {str(key): item for key, item in found.items()}

    def text_at(self, *where: str | int) -> str:
        """The text at a key, empty where there is none. A number is written as text, as YAML makes numbers of names."""
        value = self.value(*where)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.wrong(where, f"must be text, not {shown(value)}")
            return ""
        return str(value)

    def value(self, *where: str | int) -> Any:
        """What stands at a key, or None."""
        found: Any = self.header
        for part in where:
            if isinstance(found, dict):
                found = cast("dict[Any, Any]", found).get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(cast("list[Any]", found)):
                found = cast("list[Any]", found)[part]
            else:
                return None
        return found

    def check(self) -> None:
        """Raise what was noted.

        Raises:
            InvalidDocument: there are mistakes; it has all of them.
        """
        if self.mistakes:
            raise InvalidDocument(self.mistakes)


def shown(value: object) -> str:
    """A value in a message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_source(path: Path) -> Source:
    """Read a `.prompty` file.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it cannot be read, is too large, or its front matter is no mapping.
    """
    file = str(path)
    if path.is_fifo():  # reading it would wait for a writer
        raise InvalidDocument([Mistake(file, 1, "", "is no file but a pipe")])
    try:
        with path.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise InvalidDocument([Mistake(file, 1, "", f"is too large: at most {MOST_BYTES:,} bytes are read")])
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"no such file: {file!r}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidDocument([Mistake(file, line, "", "is not UTF-8")]) from None
    except (OSError, ValueError) as error:
        raise InvalidDocument([Mistake(file, 1, "", f"cannot be read: {error}")]) from None
    return split_source(text, file=file)


def split_source(text: str, *, file: str) -> Source:
    """Cut a text into front matter and template. Without front matter all of it is template.

    Raises:
        InvalidDocument: the front matter is not closed, is no YAML, or is no mapping.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    begin = _FENCE.match(text, len(text) - len(text.lstrip()))
    if begin is None:
        return Source(file, text, {}, "", 1, text, 1)
    front_line = text.count("\n", 0, begin.end()) + 2
    end = _FENCE.search(text, begin.end() + 1)
    if end is None:
        raise InvalidDocument([Mistake(file, front_line - 1, "", "the front matter is not closed by a line `---`")])
    front = text[begin.end() + 1 : end.start()]
    try:
        header = read_yaml(front, file=file)
    except InvalidDocument as error:
        moved = [mistake._replace(line=mistake.line + front_line - 1) for mistake in error.mistakes]
        raise InvalidDocument(moved) from None
    if header is None:
        header = {}
    if not isinstance(header, dict):
        raise InvalidDocument([Mistake(file, front_line, "", "the front matter must be keys with values")])
    body = text[end.end() + 1 :]
    return Source(
        file, text, cast("dict[str, Any]", header), front, front_line, body, text.count("\n", 0, end.end()) + 2
    )
