from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from ferrata.flows import LineResult, NodeResult, Status
from ferrata.flows.batch.records import record_of, survives
from ferrata.messages import Usage
from ferrata.runs import Head, read_heads

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner),
        st.sets(st.integers()),
    ),
)


@given(anything)
def test_what_survives_comes_back_as_it_was(value: object) -> None:
    if survives(value):
        assert repr(json.loads(json.dumps(value))) == repr(value)


@given(anything, st.integers(0, 10**15), st.booleans(), st.one_of(st.none(), st.floats(0, 100)))
def test_a_record_is_one_line_and_its_head_is_read_back(
    value: object, number: int, aggregates: bool, cost: float
) -> None:
    node = NodeResult("n", Status.COMPLETED, usage=Usage(3, 4) if cost else None, cost=cost)
    result = LineResult(Status.COMPLETED, {"x": value}, {"y": 1}, nodes={"n": node}, aggregation={"${n.output}": value})
    record = record_of(number, result, place="d.jsonl:1", aggregates=aggregates)
    assert record.line.count(b"\n") == 1
    ((head, offset, length),) = read_heads(io.BytesIO(record.line))
    assert (head, offset, length) == (record.head, 0, len(record.line))
    assert record.head.completed
    assert record.head.volatile == (aggregates and not survives(value))
    found = json.loads(record.line)
    assert (found["line_number"], found["status"], found["output"]) == (number, "Completed", {"y": 1})
    if survives(value):
        assert repr(found["inputs"]) == repr({"x": value})


def test_a_circle_in_the_output_is_the_rows_failure() -> None:
    circle: list[object] = []
    circle.append(circle)
    record = record_of(2, LineResult(Status.COMPLETED, {"x": circle}, {"a": 1, "y": circle}))
    assert record.head == Head(2, False)
    found = json.loads(record.line)
    assert found["error"]["code"] == "FlowOutputUnserializable"
    assert "the output 'y'" in found["error"]["message"]
    assert "output" not in found


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    record = record_of(0, LineResult(Status.COMPLETED, {}, {"y": "a\udc80b"}))
    assert b'"y": "a\\udc80b"' in record.line
    assert json.loads(record.line)["output"] == {"y": "a\udc80b"}
