"""Configuration files as dotted keys with lines: YAML, TOML, JSON. Knows nothing of rules."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.maturity.scan.lined_yaml import Table, load_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.maturity.scan.lined_yaml import Value

__all__ = ["Setting", "read_settings"]

_MOST = 20_000


class Setting(NamedTuple):
    """A key of a configuration file, dotted from the root, with its value as text (empty for a mapping or list) and its row, from 0."""

    key: str
    value: str
    row: int


def read_settings(language: str, text: str) -> Iterator[Setting]:
    """Every key of a YAML, TOML or JSON text, parents before children; nothing for a broken one."""
    try:
        if language == "toml":
            yield from _toml(text)
        elif language in ("yaml", "json"):
            yield from _yaml(text if language == "yaml" else _plain_json(text))
    except (ValueError, RecursionError):
        return


def _plain_json(text: str) -> str:
    json.loads(text)  # JSON only: what YAML alone would accept is not configuration
    return text.replace("\t", "    ")


def _yaml(text: str) -> Iterator[Setting]:
    count = 0
    for document in load_documents(text):
        todo: list[tuple[str, Value, int]] = [("", document, 1)]
        while todo:
            key, value, line = todo.pop()
            count += 1
            if count > _MOST:
                return
            if key:
                yield Setting(key, str(value) if isinstance(value, str) else "", line - 1)
            todo.extend(reversed(list(_children(key, value))))


def _children(key: str, value: Value) -> Iterator[tuple[str, Value, int]]:
    prefix = f"{key}." if key else ""
    if isinstance(value, Table):
        for name, child in value.items():
            yield f"{prefix}{name}", child, value.key_lines[name]
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield f"{prefix}{i}", child, child.line


def _toml(text: str) -> Iterator[Setting]:
    lines = text.split("\n")
    todo: list[tuple[str, Any, int]] = [("", tomllib.loads(text), 0)]
    while todo:
        key, value, index = todo.pop()
        if key:
            yield Setting(key, "" if isinstance(value, dict | list) else str(value), index)
        prefix = f"{key}." if key else ""
        if isinstance(value, dict):
            children = [
                (f"{prefix}{name}", child, _line_of_key(lines, str(name), index))
                for name, child in cast("dict[str, Any]", value).items()
            ]
        elif isinstance(value, list):
            children = [(f"{prefix}{i}", child, index) for i, child in enumerate(cast("list[Any]", value))]
        else:
            continue
        todo.extend(reversed(children))


def _line_of_key(lines: list[str], name: str, start: int) -> int:
    pattern = re.compile(rf"""^\s*(\[+[\w."' -]*\b{re.escape(name)}["']?\s*\]|["']?{re.escape(name)}["']?\s*[=.])""")
    return next((i for i in range(start, len(lines)) if pattern.match(lines[i])), start)
