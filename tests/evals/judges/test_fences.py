from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.judges.fences import fence_for


@given(st.lists(st.text()))
def test_the_word_is_in_no_text_and_always_the_same(texts: list[str]) -> None:
    word = fence_for(texts)
    assert re.fullmatch("[0-9a-f]{8}", word)
    assert not any(word in text.lower() for text in texts)
    assert fence_for(texts) == word


def test_a_text_that_holds_many_words_holds_not_this_one() -> None:
    guesses = " ".join(fence_for([str(i)]).upper() for i in range(2000))
    assert fence_for([guesses]).upper() not in guesses
    assert fence_for(["a", "b"]) != fence_for(["ab"])
