"""Near-duplicates: what is called alike is, and what is alike is found."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.datasets.likeness import Likeness, likeness_of


@pytest.mark.parametrize(
    ("a", "b", "likeness"),
    [
        ("May I return shoes?", "may i return SHOES", 1.0),
        ("may i return shoes", "may i return boots", 5 / 9),
        ("a b", "c d", 0.0),
        ("", "...", 1.0),
        ("退货多久", "退货多久?", 1.0),
        ("退货多久", "退货多少", 5 / 9),
        ("a_b", "a b", 1.0),
    ],
)
def test_likeness_is_the_share_of_words_and_pairs_in_common(a: str, b: str, likeness: float) -> None:
    assert likeness_of(a, b) == pytest.approx(likeness)


def changed(words: list[str], vocabulary: list[str], draw: random.Random) -> list[str]:
    found = words.copy()
    for _ in range(max(1, len(words) // 12)):
        found[draw.randrange(len(found))] = draw.choice(vocabulary)
    return found


@pytest.mark.parametrize("length", [8, 20, 80])
def test_pairs_that_are_alike_are_found_among_many(length: int) -> None:
    draw = random.Random(length)
    vocabulary = [f"w{i}" for i in range(3000)]
    texts = [[draw.choice(vocabulary) for _ in range(length)] for _ in range(1500)]
    like = Likeness(0.7)
    for text in texts:
        assert like.add(" ".join(text)) is None
    pairs = [(i, " ".join(changed(text, vocabulary, draw))) for i, text in enumerate(texts)]
    true = [(i, text) for i, text in pairs if likeness_of(" ".join(texts[i]), text) >= 0.7]
    assert len(true) > 300
    found = [like.find(text) for _, text in true]
    hits = sum(near is not None and near.number == i for (i, _), near in zip(true, found, strict=True))
    assert hits / len(true) > 0.98
    assert all(near is None or near.likeness >= 0.7 for near in found)


@given(st.lists(st.text(alphabet="ab c", max_size=12), max_size=12))
def test_what_is_called_alike_is(texts: list[str]) -> None:
    like = Likeness(0.6)
    for i, text in enumerate(texts):
        near = like.add(text)
        if near is not None:
            assert near.number < i
            assert near.likeness == pytest.approx(likeness_of(text, texts[near.number]))
            assert near.likeness >= 0.6
            assert like.group(i) == like.group(near.number)


def test_texts_of_one_template_are_one_group() -> None:
    like = Likeness(0.8)
    text = "please tell me what the article with the number {} costs in the shop at the corner of our street today"
    for i in range(2000):
        like.add(text.format(i))
    assert {like.group(i) for i in range(2000)} == {0}
