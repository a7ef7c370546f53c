from __future__ import annotations

import pytest

from ferrata.flows import FlowError, InputSpec
from ferrata.flows.batch.mapping import plan_mapping

SOURCES = {
    "data": {"answer": "fine", "a.b": 1, "deep": {"a": 2}},
    "run.outputs": {"answer": "made", "line_number": 3},
    "run.inputs": {"answer": "asked"},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${data.answer}", "fine"),
        ("${run.outputs.answer}", "made"),
        ("${run.outputs.line_number}", 3),
        ("${run.inputs.answer}", "asked"),
        ("${data.a.b}", 1),
        ("${data.deep}", {"a": 2}),
        ("gpt-4", "gpt-4"),
        ("pre ${data.answer}", "pre ${data.answer}"),
        (5, 5),
        (None, None),
    ],
)
def test_a_value_is_a_column_or_itself(value: object, expected: object) -> None:
    mapping = plan_mapping({}, {"x": value, "other": "${data.answer}"})
    assert mapping.apply(SOURCES) == {"x": expected, "other": "fine"}


def test_all_columns_that_are_missing_are_named_at_once() -> None:
    given = {
        "a": "${data.deep.a}",
        "b": "${baseline.answer}",
        "c": "${data.answer}",
        "d": "${run.outputs.x}",
        "e": "${data}",
    }
    with pytest.raises(FlowError) as caught:
        plan_mapping({}, given).apply(SOURCES)
    assert caught.value.codes == ("ApplyInputMappingError",)
    assert caught.value.message == (
        "the column mapping names what is not there: ${data.deep.a}, ${baseline.answer}, ${run.outputs.x}, ${data}"
    )
    assert caught.value.hint.startswith("there is ${data.answer}, ${data.a.b}")


def test_inputs_that_are_not_mapped_are_columns_of_their_name_unless_they_have_a_default() -> None:
    inputs = {"answer": InputSpec("string"), "k": InputSpec("int", 3), "deep": InputSpec("object")}
    assert plan_mapping(inputs, {"deep": "${run.inputs.answer}"}).apply(SOURCES) == {"answer": "fine", "deep": "asked"}


def test_a_mapping_of_constants_alone_is_refused() -> None:
    with pytest.raises(FlowError, match="the column mapping has constants only: 'a', 'b'") as caught:
        plan_mapping({"a": InputSpec("string")}, {"a": "x", "b": 1})
    assert caught.value.codes == ("ValidationException",)


def test_the_number_of_the_row_cannot_be_mapped() -> None:
    assert plan_mapping({}, {"line_number": "${data.answer}", "x": "${data.a.b}"}).apply(SOURCES) == {"x": 1}
