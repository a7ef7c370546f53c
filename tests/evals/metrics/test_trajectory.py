from __future__ import annotations

from typing import Any

import pytest

from ferrata.evals.metrics import ToolCall, compare_calls


@pytest.mark.parametrize("key", ["names", "with_arguments"])
def test_scores_are_those_of_azure(reference: dict[str, Any], key: str) -> None:
    exact = 0
    for row in reference["trajectories"]:
        actual = [ToolCall(**call) for call in row["calls"]]
        given = row["arguments"] if key == "with_arguments" else {}
        found = compare_calls(actual, [ToolCall(name, given.get(name)) for name in row["expected"]])
        values = row[key]
        exact += found.exact
        assert (found.exact, found.in_order, found.any_order) == (
            values["exact_match"],
            values["in_order_match"],
            values["any_order_match"],
        ), row
        assert found[3:] == pytest.approx((values["precision_score"], values["recall_score"], values["f1_score"]))
    assert exact > 0


def test_an_expected_call_without_arguments_is_met_by_any() -> None:
    actual = [ToolCall("search", {"q": "b"}), ToolCall("search", {"q": "a"}), ToolCall("answer")]
    found = compare_calls(actual, [ToolCall("search"), ToolCall("search", {"q": "a"}), ToolCall("answer")])
    assert found == (True, True, True, 1.0, 1.0, 1.0)
    # The call with the very arguments is not taken by the one that takes any.
    assert compare_calls(actual[1:2], [ToolCall("search"), ToolCall("search", {"q": "a"})]).recall == 0.5


def test_values_compare_as_text_and_objects_by_their_json() -> None:
    wanted = [ToolCall("book", {"seats": 2, "who": {"a": 1, "b": [2]}})]
    assert compare_calls([ToolCall(" book ", {"who": {"b": [2], "a": 1}, "seats": "2"})], wanted).exact
    assert not compare_calls([ToolCall("book", {"seats": 2})], wanted).any_order
    assert not compare_calls([ToolCall("book")], wanted).any_order


def test_nothing_expected() -> None:
    assert compare_calls([], []) == (True, True, True, 0.0, 0.0, 0.0)
    assert compare_calls([ToolCall("a")], []) == (False, True, True, 0.0, 0.0, 0.0)
