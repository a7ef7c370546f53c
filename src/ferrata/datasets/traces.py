"""Traces as rows: spans as this project writes them (JSON lines) or as OTLP exports them (JSON), one row a trace.

Names of attributes are those of OpenTelemetry's GenAI conventions, of OpenInference and of OpenLLMetry beside our own. Selects
nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from ferrata.datasets.feedback import Feedback, feedback_of
from ferrata.datasets.rows import read_rows
from ferrata.datasets.types import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Trace", "TraceReading", "read_traces", "span_files"]

_QUERIES = ("query", "question", "input", "prompt", "user_input", "message", "text")
_RESPONSES = ("response", "answer", "output", "result", "completion", "text")
_INPUTS = ("input", "inputs", "input.value", "traceloop.entity.input", "gen_ai.input.messages")
_OUTPUTS = ("output", "output.value", "traceloop.entity.output", "gen_ai.output.messages")
_OF_MODELS = ("llm", "LLM", "chat", "text_completion", "generate_content")
_OF_RETRIEVAL = ("retrieval", "RETRIEVER", "retrieve")
_FEEDBACK = ("promptflow-feedback", "feedback")


@dataclass
class Trace:
    """What is known of one trace.

    Attributes:
        id: 32 hexadecimal digits.
        name: of its outermost span.
        started: nanoseconds since the epoch, of its earliest span.
        ended: likewise, of its latest.
        error: of the outermost span that failed; empty if none did.
        failed: spans that failed.
        input: what its outermost span took, or the first call of a model.
        output: what that gave.
        context: what was retrieved.
        model: the last one that was asked.
        tokens: in and out, of all calls.
        kinds: of its spans.
        feedback: what people said of it; None: nothing.
    """

    id: str
    name: str = ""
    started: int = 0
    ended: int = 0
    error: str = ""
    failed: int = 0
    input: Any = None
    output: Any = None
    context: list[Any] = field(default_factory=list[Any])
    model: str = ""
    tokens: int = 0
    kinds: set[str] = field(default_factory=set[str])
    feedback: Feedback | None = None
    _depth: int = 99

    @property
    def at(self) -> datetime:
        """When it began, in UTC."""
        return datetime.fromtimestamp(self.started / 1e9, UTC)

    def as_row(self) -> dict[str, Any]:
        """The row: `query`, `response`, `context`, what else went in under `inputs`, and what is known of the run."""
        query, others = _main(self.input, _QUERIES, last=True)
        response, _ = _main(self.output, _RESPONSES, last=True)
        row: dict[str, Any] = {"id": self.id, "query": query, "response": response}
        if self.context:
            row["context"] = self.context[0] if len(self.context) == 1 else self.context
        if others:
            row["inputs"] = others
        if self.feedback is not None:
            row |= self.feedback.as_columns()
        about = {"status": "error" if self.error else "ok", "error": self.error, "model": self.model, "name": self.name}
        row |= {key: value for key, value in about.items() if value}
        seconds = max(0, self.ended - self.started) / 1e9
        return {**row, "at": self.at.isoformat(timespec="seconds"), "seconds": round(seconds, 3), "tokens": self.tokens}

    def take(self, span: Mapping[str, Any]) -> None:
        """Count a span in."""
        attributes: dict[str, Any] = span["attributes"]
        kind = str(attributes.get("openinference.span.kind") or attributes.get("gen_ai.operation.name") or span["kind"])
        self.kinds |= {kind, str(span["kind"])}
        self.started = min(self.started or span["started"], span["started"])
        self.ended = max(self.ended, span["ended"])
        if span["error"]:
            self.failed += 1
        if span["name"] in _FEEDBACK:
            said = attributes.get("feedback", attributes)
            self.feedback = feedback_of(_parsed(said)) or self.feedback
            return
        self._take_ends(span, attributes, kind)
        if kind in _OF_RETRIEVAL and (found := _first(attributes, _OUTPUTS)) is not None:
            self.context.append(found)
        if kind in _OF_MODELS:
            model = attributes.get("gen_ai.response.model") or attributes.get("gen_ai.request.model")
            self.model = str(model or attributes.get("llm.model_name") or self.model)
            usage = [attributes.get(f"gen_ai.usage.{side}_tokens") for side in ("input", "output")]
            own = [span.get(f"{side}_tokens") for side in ("input", "output")]
            older = [attributes.get(f"llm.token_count.{side}") for side in ("prompt", "completion")]
            pairs: list[list[Any]] = [usage, own, older]
            counted = next((pair for pair in pairs if any(isinstance(n, int) for n in pair)), [None])
            self.tokens += sum(n for n in counted if isinstance(n, int))

    def _take_ends(self, span: Mapping[str, Any], attributes: Mapping[str, Any], kind: str) -> None:
        """Input and output of the outermost span that has them; a call of a model stands in where none has."""
        depth = 0 if not span["parent_id"] else 2 if kind in _OF_MODELS else 1
        if depth == 0:
            self.name, self.error = str(span["name"]), str(span["error"])
        given, made = _first(attributes, _INPUTS), _first(attributes, _OUTPUTS)
        if given is None:
            given = _numbered(attributes, "gen_ai.prompt") or _numbered(attributes, "llm.input_messages")
        if made is None:
            made = _numbered(attributes, "gen_ai.completion") or _numbered(attributes, "llm.output_messages")
        usable = depth == 0 or (kind in _OF_MODELS and self._depth > 1)
        if usable and given is not None and depth < self._depth:
            self.input, self.output, self._depth = given, made, depth


@dataclass
class TraceReading:
    """The traces of some files.

    Attributes:
        traces: by id, in the order in which they first appear.
        spans: how many were read.
        broken: places of what is no span, the first hundred.
        broken_count: how many there were.
    """

    traces: dict[str, Trace] = field(default_factory=dict[str, Trace])
    spans: int = 0
    broken: list[str] = field(default_factory=list[str])
    broken_count: int = 0


def span_files(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and the `spans.jsonl` of folders of runs below folders."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("spans.jsonl")) if path.is_dir() else [path]
    return found


def read_traces(paths: Sequence[Path]) -> TraceReading:
    """The traces in files of spans; keeps one record a trace in memory, not the spans.

    Raises:
        NotFound, UsageError: a file is not there, or cannot be read at all.
    """
    reading = TraceReading()
    for path in span_files(paths):
        for place, span in _spans(path):
            if span is None:
                reading.broken_count += 1
                if len(reading.broken) < 100:
                    reading.broken.append(place)
                continue
            reading.spans += 1
            reading.traces.setdefault(span["trace_id"], Trace(span["trace_id"])).take(span)
    return reading


def _spans(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    if path.suffix.lower() == ".json":
        try:
            document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError, OSError):
            document = None
        if isinstance(document, dict) and "resourceSpans" in document:
            for span in _of_otlp(cast("dict[str, Any]", document)):
                yield str(path), span
            return
    for row in read_rows(path):
        if "resourceSpans" in row.values:
            for span in _of_otlp(row.values):
                yield row.place, span
        else:
            yield row.place, None if row.problem else _of_ours(row.values)


def _of_ours(values: Mapping[str, Any]) -> dict[str, Any] | None:
    trace, attributes = values.get("trace_id"), values.get("attributes")
    if not isinstance(trace, str) or not trace or not isinstance(attributes, dict | None):
        return None
    return {
        "name": text_of(values.get("name")),
        "kind": text_of(values.get("kind")),
        "trace_id": trace,
        "parent_id": text_of(values.get("parent_id")),
        "started": _number(values.get("started")),
        "ended": _number(values.get("ended")),
        "attributes": attributes or {},
        "error": text_of(values.get("error")),
        "input_tokens": values.get("input_tokens"),
        "output_tokens": values.get("output_tokens"),
    }


def _of_otlp(document: Mapping[str, Any]) -> Iterator[dict[str, Any] | None]:
    resources: list[Any] = _list(document.get("resourceSpans"))
    scopes: list[Any] = [s for r in resources if isinstance(r, dict) for s in _list(cast("Any", r).get("scopeSpans"))]
    for span in (span for s in scopes if isinstance(s, dict) for span in _list(cast("Any", s).get("spans"))):
        if not isinstance(span, dict) or not cast("dict[str, Any]", span).get("traceId"):
            yield None
            continue
        about = cast("dict[str, Any]", span)
        status: dict[str, Any] = about.get("status") or {}
        failed = status.get("code") in (2, "STATUS_CODE_ERROR")
        attributes = {
            str(pair.get("key")): _otlp_value(pair.get("value")) for pair in _list(about.get("attributes")) if pair
        }
        yield {
            "name": text_of(about.get("name")),
            "kind": "",
            "trace_id": str(about["traceId"]).lower(),
            "parent_id": text_of(about.get("parentSpanId")),
            "started": _number(about.get("startTimeUnixNano")),
            "ended": _number(about.get("endTimeUnixNano")),
            "attributes": attributes,
            "error": (text_of(status.get("message")) or "failed") if failed else "",
        }


def _otlp_value(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return None
    ((kind, found), *_) = cast("dict[str, Any]", value).items()
    if kind == "intValue":
        return _number(found)
    if kind == "arrayValue":
        return [_otlp_value(item) for item in _list(found.get("values"))]
    if kind == "kvlistValue":
        return {str(item.get("key")): _otlp_value(item.get("value")) for item in _list(found.get("values"))}
    return found


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _parsed(value: Any) -> Any:
    """What a text that is JSON holds."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _first(attributes: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((_parsed(attributes[name]) for name in names if attributes.get(name) not in (None, "", {}, [])), None)


def _numbered(attributes: Mapping[str, Any], head: str) -> list[Any] | None:
    """Messages that are spread over attributes: `gen_ai.prompt.0.role`, `llm.input_messages.0.message.content`."""
    found: list[Any] = []
    for i in range(1000):
        at = next((f"{head}.{i}.{m}" for m in ("", "message.") if f"{head}.{i}.{m}content" in attributes), None)
        if at is None:
            break
        found.append({"role": attributes.get(f"{at}role", "user"), "content": attributes[f"{at}content"]})
    return found or None


def _main(value: Any, names: Sequence[str], *, last: bool) -> tuple[str, dict[str, Any]]:
    """The text that counts of an input or output, and what else there is of a mapping."""
    if isinstance(value, dict):
        about = cast("dict[str, Any]", value)
        if "messages" in about:
            return _main(about["messages"], names, last=last)
        if "content" in about or "parts" in about:
            return _content(about), {}
        texts = [name for name, item in about.items() if isinstance(item, str)]
        name = next((name for name in names if name in texts), texts[0] if texts else None)
        if name is None:
            return text_of(about), {}
        return about[name], {key: item for key, item in about.items() if key != name}
    if isinstance(value, list) and value:
        messages = [cast("dict[str, Any]", one) for one in cast("list[Any]", value) if isinstance(one, dict)]
        asked = [one for one in messages if one.get("role") in ("user", "assistant")] or messages
        users = [one for one in asked if one.get("role") == "user"]
        chosen = (users or asked)[-1:] if last else asked[:1]
        return (_content(chosen[0]), {}) if chosen else (text_of(value), {})
    return text_of(value), {}


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content", message.get("parts"))
    if isinstance(content, list):
        parts = [cast("dict[str, Any]", one) for one in cast("list[Any]", content) if isinstance(one, dict)]
        return "".join(text_of(part.get("text", part.get("content"))) for part in parts)
    return text_of(content)
