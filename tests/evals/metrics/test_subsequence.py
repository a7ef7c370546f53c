from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.metrics.subsequence import common_length, common_places

LETTERS = st.text(alphabet="abcd", max_size=15)


def by_table(one: str, other: str) -> int:
    row = [0] * (len(other) + 1)
    for letter in one:
        before = row
        row = [0]
        for j, second in enumerate(other):
            row.append(before[j] + 1 if letter == second else max(row[-1], before[j + 1]))
    return row[-1]


@given(LETTERS, LETTERS)
def test_length_is_that_of_the_table(one: str, other: str) -> None:
    assert common_length(one, other) == by_table(one, other)


@given(LETTERS, LETTERS)
def test_places_are_a_common_subsequence_of_that_length(one: str, other: str) -> None:
    places = common_places(one, other)
    assert len(places) == by_table(one, other)
    assert places == sorted(set(places))
    rest = iter(other)
    assert all(one[place] in rest for place in places)
