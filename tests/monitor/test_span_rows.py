"""Rows: what a line says is taken as it is, or so that every database takes it, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from spooled import NOON, line_of, span

from ferrata.monitor.rows import read_span, row_of
from ferrata.monitor.tables import SPAN_COLUMNS


def row(**changes: Any) -> dict[str, Any]:
    found = read_span(line_of(span(0, **changes)))
    assert found is not None
    table, values = row_of(found, "p")
    return {"table": table, **dict(zip(SPAN_COLUMNS, values, strict=True))}


def test_a_span_becomes_a_row() -> None:
    found = row(**{"ferrata.session": "s", "ferrata.cached": "exact", "x": 1, "more.in": [1, None]})
    assert json.loads(found.pop("attributes")) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "small",
        "gen_ai.response.model": "small-1",
        "ferrata.request": "req_0",
        "ferrata.attempts": 1,
        "more.in": [1, None],
    }
    assert found == {
        "table": "spans_20260301",
        "project": "p",
        "trace_id": "0" * 31 + "1",
        "span_id": "0" * 15 + "1",
        "parent_id": "",
        "name": "chat support",
        "kind": "llm",
        "started": NOON,
        "ended": NOON + 10**9,
        "error": "",
        "endpoint": "support",
        "route": "first",
        "model": "small-1",
        "key": "key_1",
        "team": "shop",
        "user_name": "ann",
        "session": "s",
        "input_tokens": 100,
        "output_tokens": 10,
        "cost_usd": 0.5,
        "status": 200,
        "cached": "exact",
    }


def test_a_span_goes_to_the_day_of_its_beginning_in_utc() -> None:
    midnight = NOON + 12 * 3600 * 10**9
    assert row(started=midnight - 1)["table"] == "spans_20260301"
    assert row(started=midnight)["table"] == "spans_20260302"


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"input_tokens": -1}, "input_tokens", None),
        ({"input_tokens": 2**63}, "input_tokens", None),
        ({"output_tokens": "3"}, "output_tokens", None),
        ({"output_tokens": True}, "output_tokens", None),
        ({"cost_usd": 1e300}, "cost_usd", None),
        ({"cost_usd": 2}, "cost_usd", 2.0),
        ({"ferrata.status": "200"}, "status", None),
        ({"ferrata.team": 7}, "team", "7"),
        ({"ferrata.team": "x" * 900}, "team", "x" * 200),
        ({"ferrata.team": "a\x00b"}, "team", "a?b"),
        ({"gen_ai.response.model": None}, "model", "small"),
        ({"error": "model_timeout"}, "error", "model_timeout"),
    ],
)
def test_a_value_that_no_column_takes_is_left_out_or_made_fit(
    changes: dict[str, Any], column: str, value: object
) -> None:
    assert row(**changes)[column] == value


def test_half_a_surrogate_pair_and_a_great_number_are_taken() -> None:
    line = line_of(span(0)).replace(b'"ferrata.attempts":1', b'"a":"x\\ud800y","b":123456789012345678901234567890')
    found = read_span(line)
    assert found is not None
    attributes = json.loads(row_of(found, "p")[1][-1])
    assert (attributes["a"], attributes["b"]) == ("x?y", 123456789012345678901234567890)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"junk",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        line_of(span(0, trace_id="")),
        line_of(span(0, span_id="x" * 200)),
        line_of(span(0, started=0)),
        line_of(span(0, started=1.5)),
        line_of(span(0, ended=2**63)),
        line_of(span(0, attributes=[])),
        line_of(span(0, name=None)),
    ],
)
def test_what_is_no_span_is_none(line: bytes) -> None:
    assert read_span(line) is None
