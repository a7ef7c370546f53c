"""YAML of strangers as plain values that know their lines.

Reads events, not documents: the C composer recurses and takes the process down on deep nesting, and constructors turn `on`
into True. Here every scalar stays a string, merge keys are merged, and depth and size (aliases counted as often as they
are used) are limited. Knows nothing of what the documents mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Items",
    "Table",
    "Text",
    "Value",
    "items_of",
    "load_documents",
    "table_of",
    "text_of",
    "texts_of",
    "truth_of",
]

MAX_DEPTH = 60
MAX_NODES = 60_000
MAX_CHARS = 1_000_000
MAX_DOCUMENTS = 20


class Text(str):
    """A scalar as written. `line` is from 1; `null` for an unquoted null or nothing."""

    line: int = 0
    size: int = 1
    null: bool = False


class Items(list["Value"]):
    """A sequence. `line` is from 1; `size` counts the nodes in it."""

    line: int = 0
    size: int = 1


class Table(dict[str, "Value"]):
    """A mapping with text keys; `key_lines` says where each key stands."""

    line: int = 0
    size: int = 1

    def __init__(self) -> None:
        super().__init__()
        self.key_lines: dict[str, int] = {}


Value: TypeAlias = Text | Items | Table


class _TooLarge(ValueError):
    pass


def load_documents(text: str) -> list[Value]:
    """The documents in `text`; none where it is not YAML, too deep or too large (a bomb of aliases included)."""
    if len(text) > MAX_CHARS:
        return []
    try:
        return list(_documents(text))
    except (yaml.YAMLError, ValueError, RecursionError):
        return []


def table_of(value: Value | None) -> Table:
    """The mapping, or an empty one."""
    return value if isinstance(value, Table) else Table()


def items_of(value: Value | None) -> list[Value]:
    """The sequence's values; a single value stands for a sequence of one, null for none."""
    if value is None or (isinstance(value, Text) and value.null):
        return []
    return list(value) if isinstance(value, Items) else [value]


def text_of(value: Value | None) -> str:
    """The scalar's text; empty where it is null, missing or no scalar."""
    return str(value) if isinstance(value, Text) and not value.null else ""


def texts_of(value: Value | None) -> list[str]:
    """All scalars of a value, sequences in sequences flattened."""
    if isinstance(value, Items):
        return [text for item in value for text in texts_of(item)]
    text = text_of(value)
    return [text] if text else []


def truth_of(value: Value | None) -> bool | None:
    """True or False for a literal, also as `${{ true }}`; None for anything else."""
    word = text_of(value).strip().removeprefix("${{").removesuffix("}}").strip().lower()
    if word in {"true", "yes", "on"}:
        return True
    return False if word in {"false", "no", "off"} else None


class _Frame:
    """A container under construction: a mapping's keys and values alternate in `children`."""

    def __init__(self, *, mapping: bool, anchor: str | None, line: int) -> None:
        self.mapping = mapping
        self.anchor = anchor
        self.line = line
        self.children: list[Value] = []
        self.size = 1

    def add(self, value: Value) -> None:
        self.children.append(value)
        self.size += value.size
        if self.size > MAX_NODES:
            raise _TooLarge

    def build(self) -> Value:
        value = _table(self.children) if self.mapping else Items(self.children)
        value.line, value.size = self.line, self.size
        return value


def _documents(text: str) -> Iterator[Value]:
    stack: list[_Frame] = []
    anchors: dict[str, Value] = {}
    documents = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            stack, anchors = [_Frame(mapping=False, anchor=None, line=1)], {}
            if documents > MAX_DOCUMENTS:
                return
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(stack) > MAX_DEPTH:
                raise _TooLarge
            mapping = isinstance(event, yaml.MappingStartEvent)
            stack.append(_Frame(mapping=mapping, anchor=_anchor(event), line=_line(event)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            frame = stack.pop()
            _place(frame.build(), frame.anchor, stack[-1], anchors)
        elif isinstance(event, yaml.ScalarEvent):
            _place(_scalar(event), _anchor(event), stack[-1], anchors)
        elif isinstance(event, yaml.AliasEvent):
            stack[-1].add(anchors.get(_anchor(event) or "", _null(_line(event))))
        elif isinstance(event, yaml.DocumentEndEvent):
            yield stack.pop().children[0]


def _place(value: Value, anchor: str | None, frame: _Frame, anchors: dict[str, Value]) -> None:
    """An anchor counts from its end on, so that an alias inside of it can make no cycle."""
    if anchor:
        anchors[anchor] = value
    frame.add(value)


def _table(children: list[Value]) -> Table:
    table = Table()
    merged: list[Table] = []
    for key, value in zip(children[::2], children[1::2], strict=True):
        if not isinstance(key, Text):
            continue
        if key == "<<":
            merged += [table_of(item) for item in items_of(value)]
            continue
        table[str(key)] = value
        table.key_lines[str(key)] = key.line
    for other in merged:
        for name, value in other.items():
            if name not in table:
                table[name] = value
                table.key_lines[name] = other.key_lines.get(name, other.line)
    return table


def _scalar(event: yaml.ScalarEvent) -> Text:
    text = Text(event.value)
    text.line = _line(event)
    text.null = not getattr(event, "style", None) and text in {"", "~", "null", "Null", "NULL"}
    return text


def _null(line: int) -> Text:
    text = Text("")
    text.line, text.null = line, True
    return text


def _anchor(event: yaml.Event) -> str | None:
    return cast("str | None", getattr(event, "anchor", None))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
