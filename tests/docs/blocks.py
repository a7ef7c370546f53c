"""The fenced code blocks of a Markdown page, and its links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^```(?P<language>[^\n`]*)\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^# (?:file: )?(?P<path>[\w.-]+(?:/[\w.-]+)*\.\w+)\n")
_EXITS = re.compile(r"\s+# exits with (?P<status>\d+)$")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE_SPAN = re.compile(r"`[^`]*`")
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *$", re.MULTILINE)


class Block(NamedTuple):
    """A code block: its language, its text and its line on the page."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The path in the first line's comment, if the block is a file."""
        match = _FILE.match(self.text)
        return match["path"] if match else None


class Command(NamedTuple):
    """A command of a console block: the exit status that it should have, and its output as the page shows it."""

    text: str
    status: int
    output: str


def blocks_of(page: str) -> list[Block]:
    return [Block(m["language"].strip(), m["text"], page.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(page)]


def without_blocks(page: str) -> str:
    return _FENCE.sub("", page)


def commands_of(console: str) -> Iterator[Command]:
    """The commands after `$ `, each with the lines up to the next."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        first, _, output = part.partition("\n")
        match = _EXITS.search(first)
        yield Command(_EXITS.sub("", first), int(match["status"]) if match else 0, output)


def shows(expected: str, actual: str) -> bool:
    """Whether an output is as the page shows it: `...` stands for anything, and white space counts once."""
    pattern = ""
    for line in expected.strip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(" ".join(part.split())) for part in line.strip().split("...")) + r"\s*\n"
    # Spaces beside an ellipsis are anything, too.
    pattern = pattern.replace(r"\ .*", ".*").replace(r".*\ ", ".*")
    lines = "".join(" ".join(line.split()) + "\n" for line in actual.strip().splitlines())
    return re.fullmatch(pattern, lines) is not None


def links_of(page: str) -> list[str]:
    return [m["target"] for m in _LINK.finditer(_CODE_SPAN.sub("``", without_blocks(page)))]


def anchors_of(page: str) -> set[str]:
    """The anchors of the headings, as forges make them."""
    found: set[str] = set()
    for match in _HEADING.finditer(without_blocks(page)):
        words = re.sub(r"[^\w\- ]", "", match["text"].lower())
        found.add(words.replace(" ", "-"))
    return found
