"""Assertions as promptfoo writes them: mappings in YAML, and the short form of its CSV files. Computes nothing."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import UsageError
from ferrata.evals.assertions.kinds import SHORT_NAMES, is_kind
from ferrata.evals.assertions.types import Assertion, AssertionSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_assertions", "read_short"]

_SHORT = re.compile(
    r"^(?P<name>(?:not-)?[a-z][a-z:-]*)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?\s*(?::\s*(?P<value>.*))?\Z", re.DOTALL
)
_LISTS = ("contains-any", "contains-all", "icontains-any", "icontains-all")


def read_assertions(value: object, *, where: str = "assert") -> tuple[Assertion | AssertionSet, ...]:
    """A row's list of assertions.

    Args:
        value: a list of mappings, or of texts in the short form; None is an empty list.
        where: for messages.

    Raises:
        UsageError: it is no list of assertions; says which item.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UsageError(f"{where} must be a list of assertions, not {_shown(value)}")
    return tuple(_item(item, f"{where}[{i}]") for i, item in enumerate(cast("list[Any]", value)))


def _item(item: Any, where: str) -> Assertion | AssertionSet:
    if isinstance(item, str):
        return read_short(item)
    if not isinstance(item, dict):
        raise UsageError(f"{where} must be an assertion, not {_shown(item)}", hint="write `type` and `value`")
    about = cast("dict[str, Any]", item)
    kind = about.get("type")
    if not isinstance(kind, str) or not kind:
        raise UsageError(f"{where} has no `type`", hint="for example `type: contains`")
    if kind == "assert-set":
        inner = read_assertions(about.get("assert"), where=f"{where}.assert")
        if any(isinstance(one, AssertionSet) for one in inner):
            raise UsageError(f"{where} holds a set inside of a set")
        return AssertionSet(
            tuple(one for one in inner if isinstance(one, Assertion)),
            _number(about, "threshold", where),
            _weight(about, where),
            str(about.get("metric") or ""),
        )
    negated = kind.startswith("not-")
    return Assertion(
        kind.removeprefix("not-"),
        about.get("value"),
        negated,
        _number(about, "threshold", where),
        _weight(about, where),
        str(about.get("metric") or ""),
        str(about.get("transform") or ""),
        cast("Mapping[str, Any]", about["config"]) if isinstance(about.get("config"), dict) else {},
    )


def read_short(text: str) -> Assertion:
    """The short form: `contains: Paris`, `similar(0.8): hello`, `is-json`; a text without a known kind is what is expected."""
    for begin, kind in SHORT_NAMES.items():
        if text.startswith(begin):
            return Assertion(kind, text[len(begin) :].strip())
    match = _SHORT.match(text)
    if match is None:
        return Assertion("equals", text)
    name = match["name"].removeprefix("not-")
    if not is_kind(name):
        return Assertion("equals", text)
    value: Any = match["value"]
    if name in _LISTS and value is not None:
        value = _listed(value)
    threshold = float(match["threshold"]) if match["threshold"] else None
    if name in ("latency", "cost") and threshold is None and value:
        threshold, value = _as_number(str(value)), None
    return Assertion(name, value or None, match["name"].startswith("not-"), threshold)


def _listed(text: str) -> Sequence[str]:
    """Items between commas; quotes keep a comma."""
    return [item.strip() for row in csv.reader([text], skipinitialspace=True) for item in row]


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _number(about: Mapping[str, Any], key: str, where: str) -> float | None:
    value = about.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{where}.{key} must be a number, not {_shown(value)}")
    return float(value)


def _weight(about: Mapping[str, Any], where: str) -> float:
    weight = _number(about, "weight", where)
    if weight is not None and weight < 0:
        raise UsageError(f"{where}.weight must be 0 or more, not {weight:g}")
    return 1.0 if weight is None else weight


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
