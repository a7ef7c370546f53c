from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.evals.metrics import compare_fields, schema_mistakes

ORDER = {"id": 7, "items": [{"sku": "a", "price": 1.5}, {"sku": "b", "price": 2.0}], "note": None, "tags": []}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_a_value_is_itself(value: Any) -> None:
    for ordered in (True, False):
        found = compare_fields(value, value, ordered=ordered)
        assert found.accuracy == 1.0
        assert found[2:] == ((), (), ())


FULL = st.recursive(
    st.integers(0, 3),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(max_size=1), inner, min_size=1, max_size=3)
    ),
    max_leaves=10,
)


@given(FULL, FULL, st.booleans())
def test_every_leaf_is_counted_once(actual: Any, expected: Any, ordered: bool) -> None:
    found = compare_fields(actual, expected, ordered=ordered)
    assert found.right + len(found.wrong) + len(found.missing) == count(expected)
    assert found.right + len(found.wrong) + len(found.extra) == count(actual)


def count(value: Any) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return sum(count(one) for one in inner) if inner else 1


def test_what_differs_is_named() -> None:
    actual = {"id": "7", "items": [{"sku": "a", "price": 1.5}], "note": None, "tags": [], "more": {"x": 1}}
    found = compare_fields(actual, ORDER)
    assert found.right == 4
    assert found.wrong == ("$.id",)
    assert found.missing == ("$.items[1].sku", "$.items[1].price")
    assert found.extra == ("$.more.x",)
    assert found.accuracy == 0.5


def test_order_of_lists_may_not_matter() -> None:
    actual = {**ORDER, "items": ORDER["items"][::-1]}
    assert len(compare_fields(actual, ORDER).wrong) == 4
    assert compare_fields(actual, ORDER, ordered=False).accuracy == 1.0


@pytest.mark.parametrize(
    ("actual", "expected", "options", "right"),
    [
        (1.05, 1.0, {}, 0),
        (1.05, 1.0, {"absolute": 0.1}, 1),
        (1050, 1000, {"relative": 0.05}, 1),
        (1060, 1000, {"relative": 0.05}, 0),
        (1, 1.0, {}, 1),
        (True, 1, {}, 0),
        (False, 0, {"absolute": 1}, 0),
        ("1", 1, {}, 0),
        (None, None, {}, 1),
        (10**400, 1.0, {"absolute": 1}, 0),
        ({}, [], {}, 0),
    ],
)
def test_leaves(actual: Any, expected: Any, options: dict[str, float], right: int) -> None:
    assert compare_fields(actual, expected, **options).right == right


def test_deep_values_are_refused() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    with pytest.raises(UsageError, match="nested more than 200 deep"):
        compare_fields(deep, deep)
    with pytest.raises(UsageError, match="nested more than 200 deep"):
        compare_fields({}, {"a": deep})


SCHEMA = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "minimum": 1}}}


def test_a_schema_names_what_is_wrong() -> None:
    assert schema_mistakes({"id": 3}, SCHEMA) == []
    assert schema_mistakes({"id": 0}, SCHEMA) == ["$.id: 0 is less than the minimum of 1"]
    assert schema_mistakes({}, SCHEMA) == ["$: 'id' is a required property"]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "nope"}, r"the JSON Schema is wrong at \$\.type"),
        ({"$ref": "https://example.com/other.json"}, "refers to 'https://example.com/other.json'"),
    ],
)
def test_a_wrong_schema(schema: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        schema_mistakes(1, schema)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(UsageError, match="needs the package 'jsonschema'") as error:
        schema_mistakes(1, SCHEMA)
    assert error.value.hint == "pip install jsonschema"
