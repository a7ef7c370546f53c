"""Declared files: YAML into a validated value, every mistake named by file, line and key.

Knows nothing of what the documents mean.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ferrata.errors import InvalidDocument, Mistake, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ["Document", "line_of", "read_document", "read_yaml", "validate"]

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


class Document(BaseModel):
    """Base of everything that is declared in a file: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


D = TypeVar("D", bound=Document)


def read_document(path: Path, kind: type[D]) -> D:
    """Read the YAML file `path` as a `kind`.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is not YAML or not a `kind`; all mistakes are listed.
    """
    text = read_text(path)
    return validate(read_yaml(text, file=str(path)), kind, file=str(path), text=text)


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


def read_yaml(text: str, *, file: str) -> Any:
    """Parse YAML (safe types only).

    Raises:
        InvalidDocument: it is not YAML, or a key stands twice in a mapping; says on which line.
    """
    try:
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


def validate(value: Any, kind: type[D], *, file: str, text: str) -> D:
    """Make a `kind` of a parsed document; `text` is where lines are looked up.

    Raises:
        InvalidDocument: with all mistakes at once.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise InvalidDocument(list(_mistakes(error, value, kind, file=file, text=text))) from None


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


class _Problem(NamedTuple):
    """What a value must be, and what is there instead (empty where that says nothing)."""

    must: str
    instead: str = ""


_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "date_type": "a date, as 2026-03-01",
    "date_parsing": "a date, as 2026-03-01",
    "date_from_datetime_parsing": "a date, as 2026-03-01",
    "date_from_datetime_inexact": "a date, as 2026-03-01",
    "none_required": "left out",
    "url_type": "a web address (http:// or https://)",
    "url_parsing": "a web address (http:// or https://)",
    "url_scheme": "a web address (http:// or https://)",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}
_LONGEST_SHOWN = 60


def _mistakes(error: ValidationError, value: Any, kind: type[Document], *, file: str, text: str) -> Iterator[Mistake]:
    """The errors of pydantic as sentences, one a place: a value that fits none of several kinds is one mistake."""
    places: dict[tuple[tuple[str | int, ...], bool], list[_Problem]] = {}
    for found in error.errors(include_url=False):
        where = tuple(_parts_of(value, found["loc"], missing=found["type"] == "missing"))
        of_key = found["loc"][-1:] == ("[key]",)
        places.setdefault((where, of_key), []).append(_problem(found, known=_keys_at(kind, where[:-1])))
    for (where, _), problems in places.items():
        yield Mistake(file, line_of(text, where), ".".join(map(str, where)), _sentence(problems))


def _parts_of(value: Any, where: Sequence[str | int], *, missing: bool) -> Iterator[str | int]:
    """The parts of a place that are in the document: pydantic adds names of kinds that it tried, and `[key]`."""
    for number, part in enumerate(where):
        if isinstance(value, dict):
            mapping = cast("dict[Any, Any]", value)
            key = True if part == "on" and True in mapping else part  # YAML 1.1 reads a bare `on` as true
            there, value = key in mapping, mapping.get(key, mapping)
        elif isinstance(value, list | tuple) and isinstance(part, int):
            value = cast("Sequence[Any]", value)
            there = part < len(value)
            value = value[part] if there else value
        else:
            there = False
        if there or (missing and number == len(where) - 1):
            yield part


def _problem(found: ErrorDetails, *, known: Sequence[str]) -> _Problem:
    name, context, value = found["type"], found.get("ctx", {}), found["input"]
    if name == "missing":
        return _Problem("missing")
    if name == "extra_forbidden":
        key = str(found["loc"][-1])
        near = get_close_matches(key, known, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"the keys here are {', '.join(known)}"
        return _Problem(f"unknown key {key!r}" + (f"; {advice}" if known else ""))
    if name in _KINDS:
        return _Problem(f"must be {_KINDS[name].format(**context)}", _shown(value))
    if name in ("value_error", "assertion_error"):
        return _Problem(str(context["error"]))
    if name in ("string_too_short", "too_short"):
        least = context["min_length"]
        return _Problem("must not be empty") if least == 1 else _Problem(f"must have a length of at least {least}")
    if name in ("string_too_long", "too_long"):
        return _Problem(f"must have a length of at most {context['max_length']}", str(len(value)))
    if name == "string_pattern_mismatch":
        return _Problem(f"must match {context['pattern']}", _shown(value))
    message = found["msg"].replace("Input should be", "must be")
    return _Problem(message[:1].lower() + message[1:], _shown(value))


def _sentence(problems: Sequence[_Problem]) -> str:
    first = problems[0].must
    others = [problem.must.removeprefix("must be ") for problem in problems[1:]]
    instead = problems[0].instead
    return " or ".join([first, *others]) + (f", not {instead}" if instead else "")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "...")
    return str(value)


def _keys_at(kind: Any, where: Sequence[str | int]) -> list[str]:
    """The keys that a document of a `kind` may have at a place; none where it is no mapping with keys of its own."""
    kinds = _alternatives(kind)
    for part in where:
        kinds = [inner for one in kinds for inner in _inside(one, part)]
    return [name for one in kinds if _is_model(one) for name in one.model_fields]


def _inside(kind: Any, part: str | int) -> list[Any]:
    if _is_model(kind):
        field = kind.model_fields.get(part)
        return _alternatives(field.annotation) if field else []
    arguments = get_args(kind)
    return _alternatives(arguments[-1]) if get_origin(kind) in (list, tuple, dict) and arguments else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _alternatives(kind: Any) -> list[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _alternatives(get_args(kind)[0])
    if origin in (Union, UnionType):
        return [inner for one in get_args(kind) for inner in _alternatives(one)]
    return [kind]
