"""What the words of two questions say about whether they ask the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.gateway import may_ask_the_same, wording_of
from ferrata.providers.local import LocalEmbeddings

PAIRS = [
    tuple(line.split(" | "))
    for line in (Path(__file__).parent / "data" / "questions.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def allowed(one: str, other: str) -> bool:
    return may_ask_the_same(wording_of(one), wording_of(other))


def test_of_112_traps_three_pass_that_embeddings_tell_apart() -> None:
    traps = [(one, other) for kind, one, other in PAIRS if kind != "same"]
    passed = [pair for pair in traps if allowed(*pair)]
    assert len(traps) == 112
    assert passed == [
        ("How do I know what the policy is about?", "How do I want the policy?"),
        ("Is this possible?", "Is that it?"),
        ("What is new?", "What is the news?"),
    ]

    async def nearest(pairs: list[tuple[str, str]]) -> list[float]:
        vectors = (await LocalEmbeddings().embed([text for pair in pairs for text in pair])).vectors
        pairs_of = zip(vectors[::2], vectors[1::2], strict=True)
        return [sum(a * b for a, b in zip(one, other, strict=True)) for one, other in pairs_of]

    assert max(asyncio.run(nearest(passed))) < 0.8
    # By embeddings alone, most would have been given another's answer.
    assert sum(cosine >= 0.85 for cosine in asyncio.run(nearest(traps))) > 55


def test_the_same_question_in_other_words_passes_unless_the_words_are_synonyms() -> None:
    passed = [one for kind, one, other in PAIRS if kind == "same" and allowed(one, other)]
    assert (len(passed), sum(kind == "same" for kind, *_ in PAIRS)) == (12, 18)


@given(st.text(max_size=60), st.text(max_size=60))
def test_it_is_symmetric_and_a_text_asks_what_it_asks(one: str, other: str) -> None:
    first, second = wording_of(one), wording_of(other)
    assert may_ask_the_same(first, first)
    assert may_ask_the_same(first, second) == may_ask_the_same(second, first)


NUMBERS = st.integers(0, 10**6).map(str) | st.decimals(0, 100, places=2).map(str)


@given(NUMBERS, NUMBERS, st.sampled_from(["pay {} now", "{}", "from 7 to {} days", "v{}", "is -{} cold?"]))
def test_another_number_is_another_question(one: str, other: str, text: str) -> None:
    assert allowed(text.format(one), text.format(other)) == (one == other)


@pytest.mark.parametrize("word", ["not", "never", "no", "without", "don't", "don’t", "cannot", "nicht", "pas", "не"])
def test_a_negation_is_seen_wherever_it_stands(word: str) -> None:
    words = "may we leave the house".split()
    for place in range(len(words) + 1):
        assert not allowed(" ".join(words), " ".join([*words[:place], word, *words[place:]]))
