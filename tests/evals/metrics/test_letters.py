from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.evals.metrics import letters
from ferrata.evals.metrics.letters import count_shared_letters


def plainly(one: str, other: str, orders: int) -> list[int]:
    def grams(text: str, order: int) -> Counter[str]:
        return Counter(text[i : i + order] for i in range(len(text) - order + 1))

    return [(grams(one, order) & grams(other, order)).total() for order in range(1, orders + 1)]


TEXTS = st.text("ab", max_size=40) | st.text("abc é漢🙂\ud800\0", max_size=90) | st.text(max_size=90)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 7), st.sampled_from([0, 100]))
def test_counts_are_those_of_counting(one: str, other: str, orders: int, short: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(letters, "_SHORT", short)
        assert count_shared_letters(one, other, orders) == plainly(one, other, orders)


@pytest.mark.parametrize("kinds", [1, 60, 1020, 1021, 1022, 5000])
def test_texts_of_very_many_characters(kinds: int) -> None:
    one = "".join(chr(0x4E00 + i * 7 % kinds) for i in range(max(kinds, 300)))
    other = one[kinds // 3 :] + one[: kinds // 2] + "."
    assert count_shared_letters(one, other, 6) == plainly(one, other, 6)
