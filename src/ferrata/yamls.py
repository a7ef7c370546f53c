"""YAML texts into plain values: safe types only, bounded, every mistake named by file, line and key.

The files may be strangers'. Knows nothing of what they mean; `documents` holds them to a shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml

from ferrata.errors import InvalidDocument, Mistake, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["line_of", "read_text", "read_yaml"]

if TYPE_CHECKING:
    from yaml import SafeLoader as _Parser
else:
    _Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Parser):
    """Builds safe types, and notes keys that stand twice in a mapping, of which YAML's own reader drops all but the last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.twice: list[yaml.Node] = []
        self._seen: set[int] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # Called for each mapping, before what it merges is put into it. Nodes live as long as the loader.
        if id(node) not in self._seen:
            self._seen.add(id(node))
            keys = [key for key, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value)]
            texts = [key.value for key in keys if isinstance(key, yaml.ScalarNode)]
            if len(set(texts)) < len(texts):
                self._note(keys)
        super().flatten_mapping(node)

    def _note(self, keys: Sequence[yaml.Node]) -> None:
        seen: set[tuple[str, str]] = set()
        for key in keys:
            if isinstance(key, yaml.ScalarNode):
                name = (key.tag, str(key.value))  # the number 1 and the text "1" are two keys
                if name in seen:
                    self.twice.append(key)
                seen.add(name)


_MOST_DEPTH = 200
_MOST_NODES = 500_000


def read_text(path: Path) -> str:
    """The text of a declared file.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"no such file: {str(path)!r}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDocument([Mistake(str(path), 1, "", f"cannot be read: {error}")]) from None


def read_yaml(text: str, *, file: str, own: bool = False) -> Any:
    """Parse YAML (safe types only).

    Args:
        text: to be parsed.
        file: its name, for mistakes.
        own: it comes with Ferrata, so that nobody looks for what takes a process down; that takes a third of the time.

    Raises:
        InvalidDocument: it is not YAML, or a key stands twice in a mapping; says on which line.
    """
    try:
        if not own:
            _check_depth(text, file=file)
        loader = _Loader(text)
        try:
            found = loader.get_single_data()
        finally:
            loader.dispose()
        if loader.twice:
            raise InvalidDocument([_twice(key, text, file=file) for key in sorted(loader.twice, key=_line)])
        return found
    except ValueError as error:
        raise InvalidDocument([Mistake(file, 1, "", f"not valid YAML: {error}")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidDocument([Mistake(file, mark.line + 1 if mark else 1, "", f"not valid YAML: {problem}")]) from None


def _line(node: yaml.Node) -> int:
    return node.start_mark.line


def _twice(key: yaml.Node, text: str, *, file: str) -> Mistake:
    line = key.start_mark.line + 1
    where = _path_to(yaml.compose(text, Loader=_Parser), key.start_mark.index) or [str(key.value)]
    return Mistake(file, line, ".".join(where), f"the key {str(key.value)!r} stands here twice")


def _path_to(node: yaml.Node | None, index: int) -> list[str] | None:
    """The path of the key that begins at an index of the text; None where none does."""
    inside: list[tuple[str, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if key.start_mark.index == index:
                return [str(key.value)]
            inside.append((str(key.value), value))
    elif isinstance(node, yaml.SequenceNode):
        inside = [(str(i), item) for i, item in enumerate(cast("list[yaml.Node]", node.value))]
    for name, value in inside:
        if value.start_mark.index <= index < value.end_mark.index and (rest := _path_to(value, index)):
            return [name, *rest]
    return None


def _check_depth(text: str, *, file: str) -> None:
    """Refuse what takes the process down: deep nesting (the C composer recurses), and aliases and merges that grow without end."""
    aliases = "*" in text and "&" in text
    if (
        not aliases
        and "<<" not in text
        and text.count("[") + text.count("{") + text.count("- ") + text.count("? ") < _MOST_DEPTH
    ):
        return
    merging = False
    sizes: dict[str, int] = {}  # of what each anchor stands for, in nodes
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=_Parser):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if merging and isinstance(event, yaml.SequenceStartEvent):
            raise InvalidDocument([Mistake(file, line, "<<", "merges a list of mappings; merge one")])
        merging = isinstance(event, yaml.ScalarEvent) and event.value == "<<"
        anchor: str | None = getattr(event, "anchor", None)
        size = 1
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            open_nodes.append((anchor, 1))
            if len(open_nodes) > _MOST_DEPTH:
                raise InvalidDocument([Mistake(file, line, "", f"nested deeper than {_MOST_DEPTH}")])
            continue
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            anchor, size = open_nodes.pop()
        elif isinstance(event, yaml.AliasEvent):
            if anchor not in sizes:
                raise InvalidDocument([Mistake(file, line, "", f"the alias {anchor!r} stands for what it stands in")])
            size = sizes[anchor]
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        if anchor is not None:
            sizes[anchor] = size
        name, so_far = open_nodes[-1]
        open_nodes[-1] = (name, so_far + size)
        if so_far + size > _MOST_NODES:
            raise InvalidDocument([Mistake(file, line, "", f"stands for more than {_MOST_NODES:,} values")])


def line_of(text: str, where: Sequence[str | int]) -> int:
    """The line (from 1) of the key path `where` in a YAML text; of its nearest parent where it is missing."""
    try:
        node = yaml.compose(text, Loader=_Parser)
    except yaml.YAMLError:
        return 1
    line = 1
    for part in where:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
            for key, value in pairs:
                if str(key.value) == str(part):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = cast("yaml.Node", node.value[part])
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line
