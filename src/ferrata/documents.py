"""Declared files: YAML into a validated value, every mistake named by file, line and key.

Knows nothing of what the documents mean.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from ferrata.errors import InvalidDocument, Mistake
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ["Document", "read_document", "validate"]


class Document(BaseModel):
    """Base of everything that is declared in a file: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


D = TypeVar("D", bound=Document)


def read_document(path: Path, kind: type[D], *, own: bool = False) -> D:
    """Read the YAML file `path` as a `kind`; one that is `own` comes with Ferrata, as for `read_yaml`.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is not YAML or not a `kind`; all mistakes are listed.
    """
    text = read_text(path)
    return validate(read_yaml(text, file=str(path), own=own), kind, file=str(path), text=text)


def validate(value: Any, kind: type[D], *, file: str, text: str) -> D:
    """Make a `kind` of a parsed document; `text` is where lines are looked up.

    Raises:
        InvalidDocument: with all mistakes at once.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise InvalidDocument(list(_mistakes(error, value, kind, file=file, text=text))) from None


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
