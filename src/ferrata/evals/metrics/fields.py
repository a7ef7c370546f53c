"""JSON values compared field by field, and validity against a JSON Schema. Knows no models that write JSON."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FieldScores", "compare_fields", "schema_mistakes"]

_DEEPEST: Final = 200


class FieldScores(NamedTuple):
    """How the leaves of a value compare with the expected ones; an empty object or list is a leaf.

    Attributes:
        accuracy: right ones, of the expected and the extra ones; 1.0 where there are none.
        right: how many are as expected.
        wrong: paths of those with another value, as `$.order.items[0].price`.
        missing: paths of expected ones that are not there.
        extra: paths of those that were not expected.
    """

    accuracy: float
    right: int
    wrong: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


class _Rules(NamedTuple):
    absolute: float
    relative: float
    ordered: bool


class _Found(NamedTuple):
    right: int
    wrong: list[str]
    missing: list[str]
    extra: list[str]


def compare_fields(
    actual: Any, expected: Any, *, absolute: float = 0.0, relative: float = 0.0, ordered: bool = True
) -> FieldScores:
    """Compares two values of JSON.

    Args:
        actual: the value, as `json.loads` gives it.
        expected: what it should be.
        absolute: by how much numbers may differ.
        relative: by which part of the larger one numbers may differ.
        ordered: whether lists are compared place by place; if not, each expected item with the item that fits it best,
            the expected ones choosing in their order.

    Raises:
        UsageError: a value is nested more than 200 deep.
    """
    found = _compare(actual, expected, "$", _Rules(absolute, relative, ordered), 0)
    every = found.right + len(found.wrong) + len(found.missing) + len(found.extra)
    return FieldScores(
        found.right / every if every else 1.0,
        found.right,
        tuple(found.wrong),
        tuple(found.missing),
        tuple(found.extra),
    )


def _compare(actual: Any, expected: Any, path: str, rules: _Rules, depth: int) -> _Found:
    if depth > _DEEPEST:
        raise UsageError(f"the value is nested more than {_DEEPEST} deep at {path[:80]!r}", hint="Compare parts of it.")
    if isinstance(actual, dict) and isinstance(expected, dict) and (actual or expected):
        return _objects(cast("dict[str, Any]", actual), cast("dict[str, Any]", expected), path, rules, depth)
    if isinstance(actual, list) and isinstance(expected, list) and (actual or expected):
        return _lists(cast("list[Any]", actual), cast("list[Any]", expected), path, rules, depth)
    if isinstance(expected, dict | list) and expected and not isinstance(actual, dict | list):
        # A leaf in place of many: all of them are missing, and one is extra.
        return _Found(0, [], list(_leaves(expected, path, depth)), [path])
    if isinstance(actual, dict | list) or isinstance(expected, dict | list):
        same = actual == expected
        wanted, given = list(_leaves(expected, path, depth)), list(_leaves(actual, path, depth))
        return _Found(1, [], [], []) if same else _Found(0, [], wanted, given)
    return _Found(1, [], [], []) if _equal(actual, expected, rules) else _Found(0, [path], [], [])


def _objects(actual: dict[str, Any], expected: dict[str, Any], path: str, rules: _Rules, depth: int) -> _Found:
    total = _Found(0, [], [], [])
    for key, value in expected.items():
        here = f"{path}.{key}"
        if key in actual:
            total = _add(total, _compare(actual[key], value, here, rules, depth + 1))
        else:
            total.missing.extend(_leaves(value, here, depth + 1))
    for key, value in actual.items():
        if key not in expected:
            total.extra.extend(_leaves(value, f"{path}.{key}", depth + 1))
    return total


def _lists(actual: list[Any], expected: list[Any], path: str, rules: _Rules, depth: int) -> _Found:
    total = _Found(0, [], [], [])
    free = list(range(len(actual)))
    for index, value in enumerate(expected):
        here = f"{path}[{index}]"
        if rules.ordered:
            best = index if index < len(actual) else None
            compared = None if best is None else _compare(actual[best], value, here, rules, depth + 1)
        else:
            tried = [(place, _compare(actual[place], value, here, rules, depth + 1)) for place in free]
            best, compared = max(tried, key=lambda one: _fit(one[1]), default=(None, None))
        if best is None or compared is None:
            total.missing.extend(_leaves(value, here, depth + 1))
        else:
            free.remove(best)
            total = _add(total, compared)
    for place in free:
        total.extra.extend(_leaves(actual[place], f"{path}[{place}]", depth + 1))
    return total


def _fit(found: _Found) -> tuple[float, int]:
    every = found.right + len(found.wrong) + len(found.missing) + len(found.extra)
    return found.right / every if every else 1.0, found.right


def _add(one: _Found, other: _Found) -> _Found:
    one.wrong.extend(other.wrong)
    one.missing.extend(other.missing)
    one.extra.extend(other.extra)
    return _Found(one.right + other.right, one.wrong, one.missing, one.extra)


def _equal(actual: Any, expected: Any, rules: _Rules) -> bool:
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if isinstance(actual, int | float) and isinstance(expected, int | float):
        try:
            return actual == expected or math.isclose(actual, expected, rel_tol=rules.relative, abs_tol=rules.absolute)
        except OverflowError:  # an integer larger than any float
            return False
    return type(actual) is type(expected) and actual == expected


def _leaves(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise UsageError(f"the value is nested more than {_DEEPEST} deep at {path[:80]!r}", hint="Compare parts of it.")
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _leaves(inner, f"{path}.{key}", depth + 1)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _leaves(inner, f"{path}[{index}]", depth + 1)
    else:
        yield path


def schema_mistakes(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a value by a JSON Schema, each with its path; empty if it is valid.

    The dialect is the schema's own (`$schema`), else the latest one known. References to other documents are not fetched.

    Raises:
        UsageError: the package `jsonschema` is not installed, or the schema itself is wrong.
    """
    try:
        jsonschema: Any = import_module("jsonschema")
        referencing: Any = import_module("referencing")
        unresolvable: Any = import_module("referencing.exceptions").Unresolvable
    except ImportError as error:
        raise UsageError(
            f"checking a JSON Schema needs the package 'jsonschema' ({error})", hint="pip install jsonschema"
        ) from None
    kind = jsonschema.validators.validator_for(schema)
    try:
        kind.check_schema(schema)
        # An empty registry fetches nothing: a reference to another document is a mistake of the schema.
        checker = kind(schema, registry=referencing.Registry())
        mistakes = sorted(checker.iter_errors(value), key=lambda mistake: str(mistake.json_path))
    except jsonschema.SchemaError as error:
        raise UsageError(
            f"the JSON Schema is wrong at {error.json_path}: {error.message}", hint="Correct it."
        ) from None
    except unresolvable as error:
        raise UsageError(
            f"the JSON Schema refers to {error.ref!r}, which is not in it", hint="Put it under `$defs` of the schema."
        ) from None
    return [f"{mistake.json_path}: {mistake.message}" for mistake in mistakes]
