from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.assets import GENESIS, Head, Ledger, Record, canonical_json
from ferrata.clock import FrozenClock
from ferrata.errors import UsageError
from ferrata.store import Store

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4), max_leaves=20
)


def _same(left: Any, right: Any) -> bool:
    """Equal and of the same types: 1, 1.0 and True are three values."""
    return repr(left) == repr(right)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@given(_VALUES)
def test_canonical_json_says_the_value_and_is_its_own_canon(value: Any) -> None:
    text = canonical_json(value)
    assert _same(json.loads(text), _sorted(value))
    assert canonical_json(json.loads(text)) == text
    text.encode()


@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], shuffler: Any) -> None:
    items = list(value.items())
    shuffler.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)


def test_canonical_json_by_example() -> None:
    value = {"z": [1, 1.0, -0.0, 1e22, True, None], "ä": '€\u2028\x00"\\/', "a": {"b": (), "A": {}}}
    assert (
        canonical_json(value) == '{"a":{"A":{},"b":[]},"z":[1,1.0,-0.0,1e+22,true,null],"ä":"€\u2028\\u0000\\"\\\\/"}'
    )


@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("-inf")], {1: 2}, {None: 1}, {"a": {1}}, object(), "\udfff", {"\ud800": 1}, [10**5000]],
)
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        canonical_json(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        canonical_json(value)


def test_any_payload_comes_back_from_the_database_as_it_went_in(database_url: str) -> None:
    with Store.open(database_url) as store:
        ledger = Ledger(store, FrozenClock(datetime(2026, 3, 1, tzinfo=UTC)), "ann", project="bot")

        @given(
            st.lists(_VALUES, max_size=5), st.lists(_TEXTS.filter(lambda t: bool(t) and t.isprintable()), max_size=3)
        )
        def round_trip(models: list[Any], subjects: list[str]) -> None:
            written = ledger.append("scout.run", subjects=subjects, payload={"models": models})
            read = ledger.get(written.seq)
            assert read == written
            assert _same(read.payload, _sorted({"models": models}))
            assert read.subjects == tuple(subjects)

        round_trip()
        assert ledger.verify().broken is None


def test_a_head_is_read_as_it_is_written() -> None:
    head = Head(12, "ab" * 32)
    assert Head.parse(str(head)) == head
    assert Head.parse(f" 12:{'AB' * 32}\n") == head


def test_a_record_as_json_has_every_field() -> None:
    record = Record(
        1, "f" * 32, datetime(2026, 3, 1, tzinfo=UTC), "ann", "limits.set", ("a/b@1",), {}, GENESIS, "e" * 64
    )
    assert record.as_json() == {
        "seq": 1,
        "id": "f" * 32,
        "at": "2026-03-01T00:00:00.000000Z",
        "actor": "ann",
        "action": "limits.set",
        "subjects": ["a/b@1"],
        "payload": {},
        "previous": GENESIS,
        "hash": "e" * 64,
    }
