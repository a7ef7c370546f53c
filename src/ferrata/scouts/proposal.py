"""One entry of `models` in a project's file for another: the lines are edited, all else stays as it is, comments too.

Whether only that entry changed is checked by reading both texts. Writes no file.
"""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import yaml

from ferrata.errors import FerrataError, UsageError
from ferrata.settings import FILE_NAME, ModelSettings
from ferrata.yamls import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["entry_for", "patch_of", "switched"]


class _Edit(NamedTuple):
    """Characters `start` to `end` become `text`."""

    start: int
    end: int
    text: str


def entry_for(text: str, name: str, wanted: ModelSettings, *, declared: str = "") -> Any:
    """The entry of `models` as it would be written: a text, or a mapping.

    Args:
        text: of the project's file.
        name: of the entry that changes.
        wanted: what it is to be.
        declared: the entry that says it already, if one does.
    """
    models = read_yaml(text, file=FILE_NAME)["models"]
    if declared:
        return models[declared]
    old = models[name]
    if isinstance(old, str):
        entry: dict[str, Any] = {}
    else:
        entry = dict(cast("dict[str, Any]", old))
    entry |= {"vendor": wanted.vendor, "model": wanted.model}
    for key in ("url", "key", "wire", "api_version"):
        if getattr(wanted, key) is None:
            entry.pop(key, None)
    return f"{wanted.vendor}/{wanted.model}" if isinstance(old, str) else entry


def switched(text: str, name: str, entry: Any) -> str:
    """The project's file with `entry` for the model `name`.

    Raises:
        UsageError: it cannot be done line by line.
    """
    wanted = ModelSettings.model_validate(entry)
    byhand = UsageError(
        f"{FILE_NAME}: the entry {name!r} of `models` cannot be changed line by line",
        hint=f"change it by hand to {wanted.vendor}/{wanted.model}",
    )
    try:
        value = _value_of(text, name)
        edits = _edits(text, value, entry)
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise byhand from error
    found = text
    for edit in sorted(edits, reverse=True):
        found = found[: edit.start] + edit.text + found[edit.end :]
    try:
        before, after = read_yaml(text, file=FILE_NAME), read_yaml(found, file=FILE_NAME)
    except FerrataError as error:
        raise byhand from error
    before["models"][name] = entry
    if not _same(before, after, name):
        raise byhand
    return found


def _same(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    one, other = (ModelSettings.model_validate(of["models"].pop(name)) for of in (before, after))
    return one == other and before == after


def patch_of(before: str, after: str, *, folder: str = "") -> str:
    """A unified diff of the project's file, for `git apply` in its folder or at the repository's root, where `patch -p1` takes it, too.

    Args:
        before: the file's text.
        after: what it is to be.
        folder: the project's, from the root of its git repository; empty where it is the root, or in none.
    """
    name = f"{folder}/{FILE_NAME}" if folder else FILE_NAME
    old, new = (
        json.dumps(one, ensure_ascii=False) if set(one) & set('"\\') else one for one in (f"a/{name}", f"b/{name}")
    )
    # The first line makes git take the names from the repository's root, wherever it is called.
    lines = [f"diff --git {old} {new}\n"]
    for line in unified_diff(_lines(before), _lines(after), old, new):
        lines.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(lines)


def _lines(text: str) -> list[str]:
    """Lines as diffs know them: what ends in a line feed."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _value_of(text: str, name: str) -> yaml.Node:
    root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in ("models", name):
        if not isinstance(root, yaml.MappingNode):
            raise KeyError(key)
        root = _pairs(root)[key][1]
    return root


def _pairs(node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    return {str(key.value): (key, value) for key, value in pairs}


def _edits(text: str, value: yaml.Node, entry: Any) -> list[_Edit]:
    if isinstance(value, yaml.MappingNode) and isinstance(entry, str):
        vendor, _, model = entry.partition("/")
        entry = {"vendor": vendor, "model": model}
    if isinstance(value, yaml.MappingNode) and not value.flow_style:
        return _lines_of_mapping(text, value, cast("dict[str, Any]", entry))
    if isinstance(value, yaml.MappingNode) and _only_scalars_differ(value, entry):
        return [_replaced(part, entry[key]) for key, (_, part) in _pairs(value).items() if _differs(part, entry[key])]
    return [_replaced(value, entry)]


def _only_scalars_differ(value: yaml.MappingNode, entry: Any) -> bool:
    pairs = _pairs(value)
    changed = [part for key, (_, part) in pairs.items() if key in entry and _differs(part, entry[key])]
    return pairs.keys() == entry.keys() and all(isinstance(part, yaml.ScalarNode) for part in changed)


def _lines_of_mapping(text: str, value: yaml.MappingNode, entry: dict[str, Any]) -> list[_Edit]:
    pairs = _pairs(value)
    found: list[_Edit] = []
    column = next(iter(pairs.values()))[0].start_mark.column
    for key, (name, part) in pairs.items():
        if key not in entry:
            start = text.rfind("\n", 0, name.start_mark.index) + 1
            if text[start : name.start_mark.index].strip():
                raise KeyError(key)  # it shares its line with something
            found.append(_Edit(start, _end_of_line(text, _end(part)), ""))
        elif _differs(part, entry[key]):
            found.append(_replaced(part, entry[key]))
    added = [f"{' ' * column}{key}: {_flow(entry[key])}\n" for key in entry if key not in pairs]
    if added:
        at = _end_of_line(text, _end(pairs["model"][1] if "model" in pairs else next(iter(pairs.values()))[1]))
        newline = "" if text[:at].endswith("\n") else "\n"
        found.append(_Edit(at, at, newline + "".join(added)))
    return found


def _differs(node: yaml.Node, wanted: Any) -> bool:
    loader: Any = yaml.SafeLoader("")
    return loader.construct_document(node) != wanted


def _replaced(node: yaml.Node, wanted: Any) -> _Edit:
    return _Edit(node.start_mark.index, _end(node), _flow(wanted))


def _end(node: yaml.Node) -> int:
    """The end of a value's own text: of nested blocks, that of the last thing in them."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last: Any = node.value[-1]
        return _end(cast("yaml.Node", last[1] if isinstance(last, tuple) else last))
    return node.end_mark.index


def _end_of_line(text: str, at: int) -> int:
    if at and text[at - 1] == "\n":  # the end of a block of text
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _flow(value: Any) -> str:
    """A value on one line, plain where YAML reads the same back, else quoted."""
    if isinstance(value, str):
        plain = value.isprintable() and not set(value) & set("#,[]{}&*!|>'\"%@`\\") and ": " not in value
        try:
            return value if plain and yaml.safe_load(value) == value else json.dumps(value, ensure_ascii=False)
        except yaml.YAMLError:
            return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return "{" + ", ".join(f"{_flow(key)}: {_flow(one)}" for key, one in parts.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, cast("list[Any]", value))) + "]"
    return str(value) if hasattr(value, "isoformat") else json.dumps(value)
