"""What was called: spans in tables by day, rollups by the minute, and how they get there from the gateways' spools. Knows no gateway."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.monitor.drain import Drain, DrainedCounts, DrainHook, run_drain
    from ferrata.monitor.histogram import RELATIVE_ERROR, Histogram
    from ferrata.monitor.rollups import Rollup, RollupKey
    from ferrata.monitor.rows import SpanData
    from ferrata.monitor.tables import MIGRATIONS, MONITOR_ROOM, SPAN_COLUMNS, forget_before, span_tables
else:
    __getattr__ = door(
        __name__,
        drain=["Drain", "DrainHook", "DrainedCounts", "run_drain"],
        histogram=["RELATIVE_ERROR", "Histogram"],
        rollups=["Rollup", "RollupKey"],
        rows=["SpanData"],
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
    "Histogram",
    "Rollup",
    "RollupKey",
    "SpanData",
    "forget_before",
    "run_drain",
    "span_tables",
]
