"""Documents cut into passages: whole paragraphs under their heading, each of some hundred words. Knows no model."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Passage", "document_files", "passages_of"]

_KNOWN = (".md", ".markdown", ".txt", ".rst")
_HEADING = re.compile(r"#{1,6} +(?P<text>.+?) *#* *$")
_LONGEST, _SHORTEST = 1_500, 80  # characters
_MOST_BYTES = 20_000_000


class Passage(NamedTuple):
    """A part of a document.

    Attributes:
        path: of the document.
        first: its first line, from 1.
        last: its last line.
        text: itself, with the heading above it.
    """

    path: Path
    first: int
    last: int
    text: str

    @property
    def key(self) -> str:
        """Of its text; the same wherever it stands."""
        return sha256(self.text.encode()).hexdigest()


def document_files(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and the texts (Markdown, reStructuredText, plain) below folders, without what is hidden.

    Raises:
        NotFound: a path does not exist, or there is no text below it.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [one for one in sorted(path.rglob("*")) if one.suffix.lower() in _KNOWN and one.is_file()]
            found += [one for one in inside if not any(p.startswith(".") for p in one.relative_to(path).parts)]
        elif path.is_file():
            found.append(path)
        else:
            raise NotFound(f"no such document: {str(path)!r}")
    if not found:
        raise NotFound("no document to read", hint=f"give folders with files of {', '.join(_KNOWN)}, or files by name")
    return found


def passages_of(path: Path) -> list[Passage]:
    """The passages of a document, in their order; those that say too little are left out.

    Raises:
        UsageError: it cannot be read, is larger than 20 MB, or is no text.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{str(path)!r} is larger than 20 MB", hint="split it")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {str(path)!r} as text: {error}", hint="give Markdown or plain text") from None
    return [one for one in _cut(path, lines) if len(one.text) >= _SHORTEST]


def _cut(path: Path, lines: Sequence[str]) -> Iterator[Passage]:
    heading, size, first = "", 0, 0
    held: list[str] = []

    def made(last: int) -> Iterator[Passage]:
        text = "\n".join(held).strip()
        if text:
            yield Passage(path, first, last, f"{heading}\n\n{text}" if heading else text)

    for number, line in enumerate([*lines, "# "], 1):
        match = _HEADING.match(line)
        ended = number > len(lines)
        if match or ended or (size > _LONGEST // 2 and not line.strip()) or size + len(line) > _LONGEST:
            yield from made(number - 1)
            held, size = [], 0
        if match:
            heading = match["text"]
            continue
        # One line that is longer than a passage is cut, not left out.
        pieces = [line[i : i + _LONGEST] for i in range(0, len(line), _LONGEST)] or [""]
        for piece in pieces:
            if held and size + len(piece) > _LONGEST:
                yield from made(number)
                held, size = [], 0
            first = first if held else number
            held.append(piece)
            size += len(piece) + 1
