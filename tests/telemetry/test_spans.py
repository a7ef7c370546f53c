"""Spans nest, count usage upwards and go where they are sent."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ferrata.messages import Usage
from ferrata.telemetry import JsonlSink, MemorySink, add_usage, current_span, emit_to, open_span

if TYPE_CHECKING:
    from pathlib import Path


def test_a_span_within_another_has_its_trace_and_counts_for_it() -> None:
    sink = MemorySink()
    with emit_to(sink), open_span("ask", "flow") as outer:
        with open_span("model", "llm") as inner:
            assert current_span() is inner
            add_usage(Usage(10, 2), 0.5)
        with open_span("model", "llm"):
            add_usage(Usage(1, 1), None)
    assert [span.name for span in sink.spans] == ["model", "model", "ask"]
    assert inner.parent_id == outer.span_id
    assert inner.trace_id == outer.trace_id
    assert outer.usage == Usage(11, 3)
    assert outer.cost == 0.5
    assert inner.usage == Usage(10, 2)
    assert outer.started <= inner.started <= inner.ended <= outer.ended
    assert current_span() is None


def test_an_exception_is_the_span_s_error_and_goes_on() -> None:
    sink = MemorySink()
    with pytest.raises(ValueError, match="no"), emit_to(sink), open_span("ask", "flow"):
        raise ValueError("no")
    assert sink.spans[0].error == "ValueError: no"


def test_a_file_takes_a_line_a_span_and_never_raises(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "spans.jsonl")
    with emit_to(sink):
        with open_span("ask", "flow", {"input": {"x": object, "y": "\ud800"}}):
            pass
        sink.close()
        with open_span("late", "flow"):
            pass
    (line,) = (tmp_path / "spans.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["name"] == "ask"
    assert sink.lost == 1


def test_a_text_without_end_is_cut_and_its_length_is_said(tmp_path: Path) -> None:
    whole, long = "a" * 1_000_000, "b" * 1_000_001
    with closing(JsonlSink(tmp_path / "spans.jsonl")) as sink, emit_to(sink):
        with open_span("ask", "flow", {"input": {"x": long, "y": whole}, "output": long}):
            pass
        with open_span("deep", "flow", {"input": {"x": [{"y": (long, "c")}]}}):
            pass
    shallow, deep = (json.loads(line)["attributes"] for line in (tmp_path / "spans.jsonl").read_text().splitlines())
    cut = "b" * 1_000_000 + "... (1,000,001 characters)"
    assert shallow == {"input": {"x": cut, "y": whole}, "output": cut}
    assert deep == {"input": {"x": [{"y": [cut, "c"]}]}}
