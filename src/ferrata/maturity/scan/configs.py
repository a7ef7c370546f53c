"""Configuration files as dotted keys with lines: YAML, TOML, JSON. Knows nothing of rules."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Setting", "read_settings"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
    except (yaml.YAMLError, ValueError, RecursionError):
        return


def _plain_json(text: str) -> str:
    json.loads(text)  # JSON only: what YAML alone would accept is not configuration
    return text.replace("\t", "    ")


def _yaml(text: str) -> Iterator[Setting]:
    count = 0
    for document in yaml.compose_all(text, Loader=_Loader):
        todo: list[tuple[str, yaml.Node, int]] = [("", document, 0)] if document else []
        while todo:
            key, node, index = todo.pop()
            count += 1
            if count > _MOST:
                return
            if key:
                yield Setting(key, str(node.value) if isinstance(node, yaml.ScalarNode) else "", index)
            todo.extend(reversed(list(_children(key, node))))


def _children(key: str, node: yaml.Node) -> Iterator[tuple[str, yaml.Node, int]]:
    prefix = f"{key}." if key else ""
    if isinstance(node, yaml.MappingNode):
        for name, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            yield f"{prefix}{name.value}", value, name.start_mark.line
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(cast("list[yaml.Node]", node.value)):
            yield f"{prefix}{i}", value, value.start_mark.line


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
