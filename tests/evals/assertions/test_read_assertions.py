from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.evals.assertions import Assertion, AssertionSet, read_assertions, read_short


def test_mappings_are_read_with_all_they_say() -> None:
    (one,) = read_assertions(
        [{"type": "not-similar", "value": ["a"], "threshold": 1, "weight": 2, "metric": "m", "config": {"k": 1}}]
    )
    assert one == Assertion("similar", ["a"], True, 1.0, 2.0, "m", "", {"k": 1})
    assert isinstance(one, Assertion)
    assert one.name == "not-similar"


def test_sets_hold_assertions() -> None:
    about = {"type": "assert-set", "threshold": 0.5, "assert": [{"type": "is-json"}, "contains: x"]}
    assert read_assertions([about]) == (AssertionSet((Assertion("is-json"), Assertion("contains", "x")), 0.5),)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("contains", "assert must be a list"),
        ([3], r"assert\[0\] must be an assertion, not 3"),
        ([{"value": 1}], r"assert\[0\] has no `type`"),
        ([{"type": "bleu", "threshold": "high"}], r"assert\[0\].threshold must be a number"),
        ([{"type": "bleu", "weight": -1}], r"assert\[0\].weight must be 0 or more"),
        ([{"type": "assert-set", "assert": [{"type": "assert-set"}]}], "a set inside of a set"),
    ],
)
def test_what_is_no_assertion_is_named(value: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_assertions(value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Paris", Assertion("equals", "Paris")),
        ("contains:Paris", Assertion("contains", "Paris")),
        ("not-contains: Paris", Assertion("contains", "Paris", True)),
        ("similar(0.8):Hello there", Assertion("similar", "Hello there", False, 0.8)),
        ("is-json", Assertion("is-json")),
        ("contains-any: <b>,</span>", Assertion("contains-any", ["<b>", "</span>"])),
        ('contains-all: "1,000", in stock', Assertion("contains-all", ["1,000", "in stock"])),
        ("javascript: output.length < 10", Assertion("javascript", "output.length < 10")),
        ("grade: is polite", Assertion("llm-rubric", "is polite")),
        ("note: this is text", Assertion("equals", "note: this is text")),
        ("latency: 200", Assertion("latency", None, False, 200.0)),
        ("regex: ^a\nb$", Assertion("regex", "^a\nb$")),
    ],
)
def test_the_short_form_is_read(text: str, found: Assertion) -> None:
    assert read_short(text) == found
