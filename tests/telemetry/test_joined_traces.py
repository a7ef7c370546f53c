"""Spans within one that somebody else writes."""

from __future__ import annotations

from ferrata.messages import Usage
from ferrata.telemetry import MemorySink, add_usage, current_span, emit_to, join_trace, open_span

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_what_opens_within_a_joined_span_is_its_child_and_counted_on_it() -> None:
    sink = MemorySink()
    with emit_to(sink), join_trace(TRACE, SPAN) as joined, open_span("ask", "llm"):
        add_usage(Usage(2, 3), 0.5)
    (span,) = sink.spans
    assert (span.trace_id, span.parent_id) == (TRACE, SPAN)
    assert (joined.usage, joined.cost) == (Usage(2, 3), 0.5)
    assert current_span() is None


def test_who_is_around_counts_too() -> None:
    with join_trace(TRACE, SPAN) as outer, join_trace(outer.trace_id, outer.span_id) as inner:
        add_usage(Usage(1, 1), None)
    assert (outer.usage, inner.usage, outer.cost) == (Usage(1, 1), Usage(1, 1), None)


def test_a_new_trace_has_its_spans_at_the_top() -> None:
    sink = MemorySink()
    with emit_to(sink), join_trace() as joined, open_span("ask", "llm"):
        pass
    (span,) = sink.spans
    assert (len(span.trace_id), span.trace_id, span.parent_id) == (32, joined.trace_id, "")
