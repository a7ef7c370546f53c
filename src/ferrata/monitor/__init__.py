"""What was called: spans in tables by day, rollups by the minute, and how they get there from the gateways' spools. Knows no gateway."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.monitor.drain import Drain, DrainedCounts, DrainHook, run_drain
    from ferrata.monitor.histogram import RELATIVE_ERROR, Histogram
    from ferrata.monitor.outcomes import Outcome, Said, read_outcomes, read_said
    from ferrata.monitor.reading import (
        StoredSpan,
        TraceFilter,
        TraceNode,
        TracePage,
        list_calls,
        list_slowest,
        read_trace,
    )
    from ferrata.monitor.rollups import Rollup, RollupKey
    from ferrata.monitor.rows import SpanData
    from ferrata.monitor.status import EndpointStatus, endpoint_status
    from ferrata.monitor.tables import MIGRATIONS, MONITOR_ROOM, SPAN_COLUMNS, forget_before, span_tables
else:
    __getattr__ = door(
        __name__,
        drain=["Drain", "DrainHook", "DrainedCounts", "run_drain"],
        histogram=["RELATIVE_ERROR", "Histogram"],
        outcomes=["Outcome", "Said", "read_outcomes", "read_said"],
        reading=["StoredSpan", "TraceFilter", "TraceNode", "TracePage", "list_calls", "list_slowest", "read_trace"],
        rollups=["Rollup", "RollupKey"],
        rows=["SpanData"],
        status=["EndpointStatus", "endpoint_status"],
        tables=["MIGRATIONS", "MONITOR_ROOM", "SPAN_COLUMNS", "forget_before", "span_tables"],
    )

__all__ = [
    "MIGRATIONS",
    "MONITOR_ROOM",
    "RELATIVE_ERROR",
    "SPAN_COLUMNS",
    "Drain",
    "DrainHook",
    "DrainedCounts",
    "EndpointStatus",
    "Histogram",
    "Outcome",
    "Rollup",
    "RollupKey",
    "Said",
    "SpanData",
    "StoredSpan",
    "TraceFilter",
    "TraceNode",
    "TracePage",
    "endpoint_status",
    "forget_before",
    "list_calls",
    "list_slowest",
    "read_outcomes",
    "read_said",
    "read_trace",
    "run_drain",
    "span_tables",
]
