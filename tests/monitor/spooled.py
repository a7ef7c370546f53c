"""Spans as a gateway writes them, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ferrata.telemetry import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOON = 1_772_366_400 * 10**9
"""2026-03-01 12:00 UTC in nanoseconds."""

SECOND = 10**9


def span(number: int, *, seconds: float = 1.0, **changes: Any) -> dict[str, Any]:
    """A call that began `number` seconds after noon; changes with a dot in them are attributes."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "small",
        "gen_ai.response.model": "small-1",
        "ferrata.endpoint": "support",
        "ferrata.route": "first",
        "ferrata.key": "key_1",
        "ferrata.team": "shop",
        "ferrata.user": "ann",
        "ferrata.request": f"req_{number}",
        "ferrata.status": 200,
        "ferrata.attempts": 1,
    }
    attributes |= {name: value for name, value in changes.items() if "." in name}
    started = NOON + number * SECOND
    return {
        "name": "chat support",
        "kind": "llm",
        "trace_id": f"{number + 1:032x}",
        "span_id": f"{number + 1:016x}",
        "parent_id": "",
        "started": started,
        "ended": started + int(seconds * SECOND),
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "input_tokens": 100,
        "output_tokens": 10,
        "cost_usd": 0.5,
    } | {name: value for name, value in changes.items() if "." not in name}


def line_of(found: dict[str, Any]) -> bytes:
    """As it stands in a spool."""
    return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)


def write_spool(folder: Path, spans: Iterable[dict[str, Any] | bytes], *, segment_bytes: int = 8_000_000) -> Spool:
    """A spool with some spans, or lines as they are; its holder lives until it is closed."""
    spool = Spool(folder, 10**9, segment_bytes=segment_bytes)
    for found in spans:
        assert spool.append(found if isinstance(found, bytes) else line_of(found))
    return spool
