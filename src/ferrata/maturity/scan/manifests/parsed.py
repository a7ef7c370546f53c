"""What manifest readers share: strangers' values narrowed, names made canonical, and lines found again after parsing."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TypeAlias, cast

__all__ = ["TomlLines", "Tree", "is_dev", "json_tree", "line_at", "normalise_pypi", "strings", "toml_tree", "tree"]

Tree: TypeAlias = "dict[str, object]"

_DEV = frozenset(
    "dev develop development devel test tests testing tester unittest lint linting linter format style doc docs documentation "
    "types typing mypy ci coverage bench benchmark benchmarks example examples notebook notebooks release build".split()
)
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([^\[\]\n#]+?)[ \t]*\]\]?[ \t]*(?:#.*)?$")
_KEY_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^.\s]+)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|(\"(?:[^\"\\\n]|\\.)*\")", re.S)


def is_dev(name: str) -> bool:
    """Whether a group or file of this name is for development, tests or documentation."""
    return not _DEV.isdisjoint(re.split(r"[^a-z]+", name.lower()))


def normalise_pypi(name: str) -> str:
    """The name as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def tree(value: object) -> Tree:
    """The mapping, or an empty one."""
    return cast("Tree", value) if isinstance(value, dict) else {}


def strings(value: object) -> list[str]:
    """The texts in a sequence, or a text alone."""
    if isinstance(value, str):
        return [value]
    return [item for item in cast("list[object]", value) if isinstance(item, str)] if isinstance(value, list) else []


def toml_tree(text: str) -> Tree:
    """The document; empty where it is not TOML."""
    try:
        return tree(tomllib.loads(text.replace("\r\n", "\n")))
    except (ValueError, RecursionError):
        return {}


def json_tree(text: str, *, comments: bool = False) -> Tree:
    """The document; empty where it is not JSON. `comments` allows them, and commas at the end."""
    if comments:
        text = re.sub(r",(\s*[}\]])", r"\1", _COMMENT.sub(lambda match: match[1] or "", text))
    try:
        return tree(json.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return {}


def line_at(text: str, offset: int) -> int:
    """The line, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1


class TomlLines:
    """Finds the lines of a TOML document's values, which the parser does not tell."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._headers: dict[tuple[str, ...], int] = {}
        for index, line in enumerate(self._lines):
            if match := _HEADER.match(line[:300]):
                path = tuple(a or b or c for a, b, c in _KEY_PART.findall(match[1]))
                self._headers.setdefault(path, index)

    def find(self, path: tuple[str, ...], text: str = "") -> int:
        """The line, from 1, of the key at `path`, or of the first `text` from there on."""
        index, rest = 0, path
        for size in range(len(path), 0, -1):
            if path[:size] in self._headers:
                index, rest = self._headers[path[:size]], path[size:]
                break
        for key in rest:
            index = self._search(re.compile(rf"(?:^|[\s.{{,\"'])[\"']?{re.escape(key)}[\"']?\s*[.=]"), index)
        return (self._search(re.compile(re.escape(text)), index) if text else index) + 1

    def _search(self, pattern: re.Pattern[str], index: int) -> int:
        return next((i for i in range(index, len(self._lines)) if pattern.search(self._lines[i])), index)
