from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ferrata.maturity.scan.lined_yaml import (
    Table,
    Text,
    Value,
    items_of,
    load_documents,
    table_of,
    text_of,
    texts_of,
    truth_of,
)


def test_values_know_their_lines_and_stay_text() -> None:
    (root,) = load_documents("on:\n  push:\nkey: [1,\n  true]\n")
    table = table_of(root)
    assert table == {"on": {"push": ""}, "key": ["1", "true"]}
    assert (table.line, table.key_lines) == (1, {"on": 1, "key": 3})
    assert [item.line for item in items_of(table["key"])] == [3, 4]
    assert items_of(table_of(table["on"])["push"]) == []


def test_merge_keys_and_aliases() -> None:
    (root,) = load_documents("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: *a\nd: {<<: [{z: 1}, *a]}\n")
    assert root == {
        "a": {"x": "1", "y": "2"},
        "b": {"x": "1", "y": "3"},
        "c": {"x": "1", "y": "2"},
        "d": {"z": "1", "x": "1", "y": "2"},
    }


def test_an_alias_inside_its_anchor_makes_no_cycle() -> None:
    assert load_documents("&a [*a, 1]") == [["", "1"]]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "{a: " * 50_000,
        "? " * 50_000,
        "a: &a [x,x,x]\n" + "".join(f"b{i}: &a [*a,*a,*a]\n" for i in range(40)),
    ],
)
@pytest.mark.timeout(10)
def test_bombs_give_nothing(text: str) -> None:
    assert load_documents(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("'yes'", True),
        ("${{ true }}", True),
        ("off", False),
        ("${{ x }}", None),
        ("[]", None),
        ("", None),
    ],
)
def test_truth(text: str, expected: bool | None) -> None:
    (root,) = load_documents(f"a: {text}")
    assert truth_of(table_of(root)["a"]) is expected


def plain(value: Value) -> object:
    if isinstance(value, Table):
        return {key: plain(child) for key, child in value.items()}
    return str(value) if isinstance(value, Text) else [plain(child) for child in value]


PLAIN = st.recursive(
    st.text(alphabet="ab \n:'-", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    assert [plain(document) for document in load_documents(yaml.safe_dump(value))] == [value]


@given(st.text())
def test_junk_raises_nothing(text: str) -> None:
    for document in load_documents(text):
        assert isinstance(texts_of(document), list)
        assert isinstance(text_of(document), str)
