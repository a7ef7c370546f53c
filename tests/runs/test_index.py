from __future__ import annotations

import io

from hypothesis import example, given
from hypothesis import strategies as st

from ferrata.runs.index import Head, LineIndex, read_heads


@example([*((number, True) for number in range(17)), (1297, True), (1298, False)])
@given(st.lists(st.tuples(st.one_of(st.integers(0, 50), st.integers(0, 10**12)), st.booleans())))
def test_the_index_is_a_dictionary_in_little_memory(records: list[tuple[int, bool]]) -> None:
    index, expected = LineIndex(), dict[int, tuple[int, bool]]()
    for offset, (number, completed) in enumerate(records):
        index.add(Head(number, completed), offset)
        expected[number] = (offset, completed)
    assert len(index) == len(expected)
    assert index.completed == sum(completed for _, completed in expected.values())
    assert index.failed == sum(not completed for _, completed in expected.values())
    for number, (offset, completed) in expected.items():
        assert number in index
        assert (index.offset(number), index.is_completed(number)) == (offset, completed)
    assert list(index.numbers()) == sorted(expected)
    assert list(index.numbers(completed=True)) == sorted(n for n, (_, completed) in expected.items() if completed)
    assert list(index.numbers(completed=False)) == sorted(n for n, (_, completed) in expected.items() if not completed)
    assert 10**13 not in index
    assert index.offset(10**13) is None


def test_heads_are_read_without_the_rest_and_a_torn_line_is_left_out() -> None:
    text = (
        b'{"line_number": 3, "status": "Completed", "tokens": [10, 5], "cost_usd": 1e-05, "volatile": true, "inputs": {}}\n'
        b'{"line_number": 4, "status": "Failed", "inputs": "}{"}\n'
        b"nonsense\n"
        b'{"line_number": 5, "status": "Comp'
    )
    found = list(read_heads(io.BytesIO(text)))
    assert [head for head, _, _ in found] == [Head(3, True, 10, 5, 1e-05, True), Head(4, False), None]
    assert [text[offset : offset + length].endswith(b"\n") for _, offset, length in found] == [True] * 3
