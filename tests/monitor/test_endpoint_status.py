"""Status: counts, errors and quantiles by endpoint and route, over whole minutes, from rollups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from spooled import span, write_spool

from ferrata.monitor import Drain, endpoint_status

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.store import Store

NOW = datetime(2026, 3, 1, 12, 30, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_nothing_is_known_where_there_are_no_tables(store: Store) -> None:
    assert endpoint_status(store, "p", now=NOW, window=HOUR) == []


def test_status_is_by_endpoint_and_route(store: Store, tmp_path: Path) -> None:
    drain = Drain(store, tmp_path / "spool", "p")
    spans = [span(n, seconds=(n + 1) / 100) for n in range(100)]
    spans += [
        span(100, **{"ferrata.route": "second", "ferrata.status": 502, "error.type": "model_unavailable"}),
        span(101, **{"ferrata.status": 429}, input_tokens=None, output_tokens=None, cost_usd=None),
        span(102, **{"ferrata.cached": "exact"}, cost_usd=0),
        span(103, **{"ferrata.status": 422, "ferrata.blocked": "words"}, error="blocked"),
        span(104, **{"gen_ai.response.time_to_first_chunk": 0.25}),
        span(105, **{"ferrata.endpoint": "other"}),
        # within a call
        span(106, **{"ferrata.status": None}),
    ]
    for found in spans:  # each merged with what is there
        write_spool(tmp_path / "spool", [found]).close()
    while drain.step().more:
        pass
    other, support = endpoint_status(store, "p", now=NOW, window=HOUR)
    assert (other.endpoint, other.total.calls) == ("other", 1)
    about = support.as_json()
    assert about["calls"] == 105
    assert about["failed"] == 3
    assert about["failed_share"] == pytest.approx(3 / 105)
    assert about["errors"] == {"429": 1, "blocked": 1, "model_unavailable": 1}
    assert (about["cached"], about["blocked"]) == (1, 1)
    assert (about["input_tokens"], about["output_tokens"]) == (10_400, 1040)
    assert about["cost_usd"] == pytest.approx(0.5 * 103)
    assert {name: about["routes"][name]["calls"] for name in about["routes"]} == {"first": 104, "second": 1}
    assert about["latency"]["count"] == 105
    # 0.01 to 1.00 seconds, and five of 1 second
    assert about["latency"]["p50"] == pytest.approx(0.53, rel=0.02)
    assert about["latency"]["p95"] == pytest.approx(1.0, rel=0.02)
    assert about["first"] == {"count": 1, "mean": 0.25, "p50": 0.25, "p95": 0.25, "p99": 0.25}
    assert about["tokens"]["p50"] == pytest.approx(110, rel=0.02)
    (alone,) = endpoint_status(store, "p", now=NOW, window=HOUR, endpoint="other")
    assert alone.as_json() == other.as_json()
    assert endpoint_status(store, "q", now=NOW, window=HOUR) == []


def test_a_window_is_whole_minutes(store: Store, tmp_path: Path) -> None:
    # calls that end 12:29:00, 12:29:59 and 12:30:29
    spans = [span(second, seconds=0) for second in (29 * 60 - 1, 29 * 60, 29 * 60 + 59, 30 * 60 + 29)]
    write_spool(tmp_path / "spool", spans).close()
    Drain(store, tmp_path / "spool", "p").step()
    (status,) = endpoint_status(store, "p", now=NOW, window=timedelta(minutes=1))
    assert status.total.calls == 3
    assert status.until - status.since == 120
    assert datetime.fromtimestamp(status.since, UTC) == datetime(2026, 3, 1, 12, 29, tzinfo=UTC)


def test_kinds_of_errors_that_a_minute_tells_apart_are_limited(store: Store, tmp_path: Path) -> None:
    spans = [span(0, span_id=f"{n:016x}", error=f"kind{n}") for n in range(60)]
    write_spool(tmp_path / "spool", spans).close()
    Drain(store, tmp_path / "spool", "p").step()
    (status,) = endpoint_status(store, "p", now=NOW, window=HOUR)
    assert len(status.total.errors) == 41
    assert status.total.errors["other"] == 20
    assert sum(status.total.errors.values()) == 60
