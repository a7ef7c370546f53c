"""A line of a spool as a span, and a span as a row: whatever a line says, the row is one that every database takes.

Knows no table but their names by the day.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import orjson

from ferrata.monitor.tables import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ATTRIBUTE_COLUMNS", "SpanData", "read_span", "row_of"]

SpanData: TypeAlias = dict[str, Any]
"""A span as `telemetry.Span.as_json` gives it, with `spent` where it used meters."""

ATTRIBUTE_COLUMNS = {
    "endpoint": "ferrata.endpoint",
    "route": "ferrata.route",
    "key": "ferrata.key",
    "team": "ferrata.team",
    "user_name": "ferrata.user",
    "session": "ferrata.session",
    "cached": "ferrata.cached",
}
"""Columns of text that are attributes: they are not in the column `attributes` as well."""

STATUS = "ferrata.status"
_IN_COLUMNS = {*ATTRIBUTE_COLUMNS.values(), STATUS}
_MODELS = ("gen_ai.response.model", "gen_ai.request.model")
# Beyond these a B-tree of PostgreSQL takes no row, or a list is no list any more.
_LONGEST_ID, _LONGEST_TEXT = 128, 200
_MOST_NUMBER = (1 << 63) - 1
# From 2000 to 2100: a clock that says something else would make a table for each of its days.
_EARLIEST, _LATEST = 946_684_800 * 10**9, 4_102_444_800 * 10**9
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


def read_span(line: bytes) -> SpanData | None:
    """The span that a line is; None where it is none."""
    try:
        found: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:  # half a surrogate pair, or a number beyond 64 bits
            found = json.loads(line)
        except (ValueError, RecursionError):
            return None
    if b"\\u" in line:  # only so can a text hold what a database does not take
        found = _cleaned(found)
    return cast("SpanData", found) if _is_span(found) else None


def row_of(span: SpanData, project: str) -> tuple[str, tuple[Any, ...]]:
    """The table of a span, and its row as `tables.SPAN_COLUMNS` says."""
    attributes: Mapping[str, Any] = span["attributes"]
    get = attributes.get
    started = span["started"]
    return day_of(started), (
        project,
        span["trace_id"],
        span["span_id"],
        _text(span.get("parent_id")),
        _text(span["name"]),
        _text(span.get("kind")),
        started,
        span["ended"],
        _text(span.get("error")),
        _text(get("ferrata.endpoint")),
        _text(get("ferrata.route")),
        _text(get(_MODELS[0]) or get(_MODELS[1])),
        _text(get("ferrata.key")),
        _text(get("ferrata.team")),
        _text(get("ferrata.user")),
        _text(get("ferrata.session")),
        whole(span.get("input_tokens")),
        whole(span.get("output_tokens")),
        dollars(span.get("cost_usd")),
        whole(get(STATUS)),
        _text(get("ferrata.cached")),
        _json({name: value for name, value in attributes.items() if name not in _IN_COLUMNS}),
    )


def whole(value: Any) -> int | None:
    """A count that a database takes, or None."""
    return value if type(value) is int and 0 <= value <= _MOST_NUMBER else None


def dollars(value: Any) -> float | None:
    """An amount that can be added to others, or None."""
    return float(value) if type(value) in (float, int) and 0 <= value < 1e12 else None


def _is_span(found: Any) -> bool:
    if type(found) is not dict:
        return False
    get = cast("SpanData", found).get
    trace, span, started, ended = get("trace_id"), get("span_id"), get("started"), get("ended")
    return (
        type(trace) is str
        and type(span) is str
        and 0 < len(trace) <= _LONGEST_ID
        and 0 < len(span) <= _LONGEST_ID
        and type(started) is int
        and type(ended) is int
        and _EARLIEST <= started < _LATEST
        and _EARLIEST <= ended < _LATEST
        and type(get("name")) is str
        and type(get("attributes")) is dict
    )


def _text(value: Any) -> str:
    if type(value) is not str:
        return "" if value is None else str(value)[:_LONGEST_TEXT]
    return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT]


def _json(value: dict[str, Any]) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a number beyond 64 bits
        return json.dumps(value, separators=(",", ":"))


def _cleaned(value: Any) -> Any:
    """The value with no character that a database does not take; `?` stands in its place."""
    if isinstance(value, str):
        return _NOT_TEXT.sub("?", value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in cast("list[Any]", value)]
    return value
