"""Spans: what ran, within what, for how long, with which inputs, outputs and tokens. Only emits; who keeps them is not known here."""

from ferrata.telemetry.sinks import JsonlSink, LineSink, MemorySink, SpanSink
from ferrata.telemetry.spans import (
    Span,
    add_usage,
    current_span,
    emit_to,
    hear_busy,
    hear_waits,
    join_trace,
    open_span,
    tell_busy,
    tell_wait,
)
from ferrata.telemetry.spool import HolderSpool, Spool, SpoolPiece, SpoolPosition, SpoolReader

__all__ = [
    "HolderSpool",
    "JsonlSink",
    "LineSink",
    "MemorySink",
    "Span",
    "SpanSink",
    "Spool",
    "SpoolPiece",
    "SpoolPosition",
    "SpoolReader",
    "add_usage",
    "current_span",
    "emit_to",
    "hear_busy",
    "hear_waits",
    "join_trace",
    "open_span",
    "tell_busy",
    "tell_wait",
]
