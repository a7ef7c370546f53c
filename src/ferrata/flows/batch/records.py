"""What is kept of a row: one line of JSON, its head first, so that an index is made without parsing the rest.

Knows no file and no flow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.data import as_data, shown
from ferrata.flows.failures import FlowError
from ferrata.flows.types import Status
from ferrata.runs import Head, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.flows.types import LineResult, NodeResult

__all__ = ["record_of", "survives"]

_encode = json.JSONEncoder(ensure_ascii=False).encode
_encode_anyhow = json.JSONEncoder(ensure_ascii=False, default=shown, skipkeys=True).encode


def record_of(
    number: int,
    result: LineResult,
    *,
    place: str = "",
    aggregates: bool = False,
    persist: Callable[[Any], Any] = as_data,
    values: bool = False,
) -> Record:
    """The record of a row. One whose output has no JSON has failed, as in Prompt Flow.

    Args:
        number: of the row, from 0.
        result: what came of it.
        place: where in the data it comes from.
        aggregates: the flow aggregates, so that it matters whether values come back as they were.
        persist: makes of a value that JSON does not know one that it knows, as of an image a reference to a file beside;
            raises TypeError where it cannot.
        values: keep the nodes' inputs and outputs too, which a run of ours has in its spans.
    """
    completed = result.status == Status.COMPLETED
    body: dict[str, Any] = {"inputs": dict(result.inputs)}
    if completed:
        body["output"] = result.output
    else:
        body["error"] = result.error
    body["nodes"] = {name: _node(node, values=values) for name, node in result.nodes.items()}
    if aggregates and completed:
        body["aggregation"] = result.aggregation
    body["started"] = result.started
    body["seconds"] = round(result.ended - result.started, 6)
    if place:
        body["place"] = place
    try:
        text = _encode(body)
    except (TypeError, ValueError, RecursionError):
        encode = json.JSONEncoder(ensure_ascii=False, default=persist).encode
        error = _unserializable(body.get("output"), encode)
        if error is not None:
            completed = False
            body.pop("output", None)
            body.pop("aggregation", None)
            body["error"] = error.as_json()
        text = _encode_simply(body, encode)
    volatile = aggregates and completed and not (survives(body["aggregation"]) and survives(body["inputs"]))
    usage, cost = result.usage, result.cost
    head = Head(
        number,
        completed,
        usage.input_tokens if usage else 0,
        usage.output_tokens if usage else 0,
        cost,
        volatile,
    )
    data = text.encode("utf-8", "backslashreplace")
    del text  # of a large row, no more copies than need be
    line = b"".join((_head_text(head, counted=usage is not None).encode(), memoryview(data)[1:], b"\n"))
    return Record(head, line)


def _head_text(head: Head, *, counted: bool) -> str:
    status = Status.COMPLETED if head.completed else Status.FAILED
    tokens = f', "tokens": [{head.input_tokens}, {head.output_tokens}]' if counted else ""
    cost = f', "cost_usd": {float(head.cost)!r}' if head.cost is not None else ""
    volatile = ', "volatile": true' if head.volatile else ""
    return f'{{"line_number": {head.number}, "status": "{status}"{tokens}{cost}{volatile}, '


def _node(node: NodeResult, *, values: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"status": node.status, "seconds": round(node.ended - node.started, 6)}
    if node.error is not None:
        found["error"] = node.error.get("code", "")
    if values:
        found |= {"inputs": dict(node.inputs), "output": node.output}
    return found


def _encode_simply(body: Mapping[str, Any], encode: Callable[[Any], str]) -> str:
    """JSON, with what has none as its representation."""
    try:
        return encode(body)
    except (TypeError, ValueError, RecursionError):  # an input or a node's value: they need not have a form in JSON
        pass
    try:
        return _encode_anyhow(body)
    except (TypeError, ValueError, RecursionError):  # a circle, or nested too deep
        return _encode_anyhow({key: _or_its_text(value) for key, value in body.items()})


def _or_its_text(value: Any) -> Any:
    try:
        _encode_anyhow(value)
    except (TypeError, ValueError, RecursionError):
        return object.__repr__(value)
    return value


def _unserializable(output: Any, encode: Callable[[Any], str]) -> FlowError | None:
    for name, value in cast("dict[str, Any]", output or {}).items():
        try:
            encode(value)
        except (TypeError, ValueError, RecursionError) as error:
            return FlowError(
                "FlowOutputUnserializable",
                f"the output {name!r} of the flow has no JSON: ({type(error).__name__}) {error}",
                hint="return texts, numbers, lists and dictionaries with texts as keys",
            )
    return None


def survives(value: Any) -> bool:
    """Whether the value is the same once it has been written as JSON and read."""
    kind = cast("type[Any]", type(value))
    if kind in (str, int, float, bool, type(None)):
        return True
    try:
        if kind is list:
            return all(survives(item) for item in value)
        if kind is dict:
            return all(type(key) is str and survives(item) for key, item in value.items())
    except RecursionError:
        return False
    return False
