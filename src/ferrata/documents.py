"""Declared files: YAML into a validated value, every mistake named by file, line and key.

Knows nothing of what the documents mean.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ferrata.errors import InvalidDocument, Mistake, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Document", "line_of", "read_document", "read_yaml", "validate"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MOST_DEPTH = 200


class Document(BaseModel):
    """Base of everything that is declared in a file: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        InvalidDocument: it is not YAML; says on which line.
    """
    try:
        _check_depth(text, file=file)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except ValueError as error:
        raise InvalidDocument([Mistake(file, 1, "", f"not valid YAML: {error}")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidDocument([Mistake(file, mark.line + 1 if mark else 1, "", f"not valid YAML: {problem}")]) from None


def _check_depth(text: str, *, file: str) -> None:
    """Refuse what takes the process down: deep nesting (the C composer recurses) and merges that grow without end."""
    if "<<" not in text and text.count("[") + text.count("{") + text.count("- ") + text.count("? ") < _MOST_DEPTH:
        return
    depth = 0
    merging = False
    for event in yaml.parse(text, Loader=_Loader):
        if merging and isinstance(event, yaml.SequenceStartEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise InvalidDocument([Mistake(file, line, "<<", "merges a list of mappings; merge one")])
        merging = isinstance(event, yaml.ScalarEvent) and event.value == "<<"
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > _MOST_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InvalidDocument([Mistake(file, line, "", f"nested deeper than {_MOST_DEPTH}")])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1


def validate(value: Any, kind: type[D], *, file: str, text: str) -> D:
    """Make a `kind` of a parsed document; `text` is where lines are looked up.

    Raises:
        InvalidDocument: with all mistakes at once.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        mistakes: list[Mistake] = []
        for problem in error.errors(include_url=False):
            where = problem["loc"]
            key = ".".join(str(part) for part in where)
            said = problem["msg"]
            if problem["type"] == "extra_forbidden":
                said += _meant(kind, where)
            mistakes.append(Mistake(file, line_of(text, where), key, said))
        raise InvalidDocument(mistakes) from None


def _meant(kind: type[BaseModel], where: Sequence[str | int]) -> str:
    """The key that somebody may have meant by an unknown one."""
    keys: Any = kind
    for part in where[:-1]:
        if isinstance(keys, type) and issubclass(keys, BaseModel):
            field = keys.model_fields.get(str(part))
            keys = field.annotation if field else None
        else:  # a mapping's or a list's key: what it holds is its last argument
            keys = (get_args(keys) or (None,))[-1]
        while get_origin(keys) in (Union, UnionType, Annotated):
            keys = next((arg for arg in get_args(keys) if arg is not type(None)), None)
    if not (isinstance(keys, type) and issubclass(keys, BaseModel)):
        return ""
    close = get_close_matches(str(where[-1]), keys.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(keys.model_fields)}"


def line_of(text: str, where: Sequence[str | int]) -> int:
    """The line (from 1) of the key path `where` in a YAML text; of its nearest parent where it is missing."""
    try:
        node = yaml.compose(text, Loader=_Loader)
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
