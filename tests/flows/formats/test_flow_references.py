"""References: whole values only, and what they stand for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ferrata.flows import FlowError, Reference
from ferrata.flows.formats import parse_reference, property_of, value_of


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("${inputs.x}", Reference("input", "x")),
        ("${flow.x}", Reference("input", "x")),
        ("${inputs.x.y}", Reference("input", "x.y")),
        ("${ask}", Reference("node", "ask")),
        ("${ask.output}", Reference("node", "ask")),
        ("${ask.output.a.b[2]['k']}", Reference("node", "ask", "output", "a.b[2]['k']")),
        ("${ask.error}", Reference("node", "ask", "error")),
        ("before ${inputs.x}", Reference("value", "before ${inputs.x}")),
        ("${inputs.x} after", Reference("value", "${inputs.x} after")),
        ("${ inputs.x }", Reference("node", " inputs", "x ")),
        ("$", Reference("value", "$")),
        ("", Reference("value", "")),
        (3, Reference("value", 3)),
        (None, Reference("value", None)),
    ],
)
def test_a_reference_is_a_whole_value(text: Any, reference: Reference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["${inputs.x}", "${ask.output}", "${ask.output.a[0]}"])
def test_a_reference_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_reference(text)) == text


def test_parts_of_mappings_lists_and_objects() -> None:
    value = {"a": [{"k k": SimpleNamespace(name="deep")}]}
    assert property_of("n", value, "") is value
    assert property_of("n", value, "a[0]['k k'].name") == "deep"


@pytest.mark.parametrize("path", ["b", "a[3]", "a[0]['z']", "a.nothing"])
def test_a_part_that_is_not_there_is_named(path: str) -> None:
    with pytest.raises(FlowError, match="has no") as caught:
        property_of("n", {"a": [{}]}, path)
    assert caught.value.codes == ("InvalidReferenceProperty",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${inputs.z}", "InputNotFound"),
        ("${ask.logs}", "UnsupportedReference"),
        ("${later.output}", "InputNotFoundFromAncestorNodeOutput"),
    ],
)
def test_what_is_not_there_has_prompt_flow_s_name(text: str, code: str) -> None:
    with pytest.raises(FlowError) as caught:
        value_of(parse_reference(text), {"x": 1}, {"ask": 2})
    assert caught.value.codes == (code,)


def test_values() -> None:
    assert value_of(parse_reference("${inputs.x}"), {"x": 1}, {}) == 1
    assert value_of(parse_reference("${ask.output.a}"), {}, {"ask": {"a": 2}}) == 2
    assert value_of(parse_reference("text"), {}, {}) == "text"
