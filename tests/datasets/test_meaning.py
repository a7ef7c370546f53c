"""Questions near in meaning: the pairs that are compared, what is reported of them, and what the offline embeddings tell apart."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.datasets import Finding, Meaning, check_dataset, meaning, open_file
from ferrata.datasets.meaning import near_rows, unit_vectors
from ferrata.errors import UsageError
from ferrata.providers import LocalEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Two directions of meaning and one of neither; "..." stands for what is near, but alike by words.
PLACES = {
    "change my password": (1.0, 0.0, 0.0),
    "forgotten credentials help": (0.9, 0.4, 0.0),
    "delivery time": (0.0, 1.0, 0.0),
    "when will it come": (0.0, 0.8, 0.6),
    "please change my password": (1.0, 0.05, 0.0),
    "please change my password now": (1.0, 0.06, 0.0),
}


def embed(texts: Sequence[str]) -> list[tuple[float, ...]]:
    return [PLACES[text] for text in texts]


def data(path: Path, *rows: tuple[str, str]) -> Path:
    path.write_text(
        "".join(
            json.dumps({"query": query, "ground_truth": f"{i}", **({"split": split} if split else {})}) + "\n"
            for i, (query, split) in enumerate(rows)
        )
    )
    return path


def found(path: Path, **more: Any) -> dict[str, Finding]:
    means = Meaning(embed, "test/three", more.pop("least", 0.75))
    result = check_dataset(open_file(path), meaning=means, **more)
    return {one.check: one for one in result.findings if "meaning" in one.check}


def test_a_paraphrase_is_named_with_its_cosine(tmp_path: Path) -> None:
    path = data(tmp_path / "a.jsonl", ("Change my password!", ""), ("Delivery time?", ""), ("When will it come?", ""))
    (finding,) = found(path).values()
    assert (finding.check, finding.severity, finding.count) == ("near-meaning", "note", 1)
    assert finding.places == (f"{path}:3: 0.80 as {path}:2",)
    assert finding.message == "1 row near in meaning to an earlier one (cosine at least 0.75 by test/three)"
    assert found(path, least=0.81) == {}
    assert "near-meaning" not in {one.check for one in check_dataset(open_file(path)).findings}


def test_a_paraphrase_in_another_split_is_leakage(tmp_path: Path) -> None:
    path = data(
        tmp_path / "a.jsonl",
        ("Forgotten credentials, help", "train"),
        ("delivery time", "train"),
        ("when will it come", "train"),
        ("change my password", "test"),
    )
    kinds = found(path)
    assert kinds["near-meaning"].count == 2
    leak = kinds["leakage-of-meaning"]
    assert (leak.severity, leak.places) == ("warning", (f"{path}:4 in 'test': 0.91 as {path}:1 in 'train'",))


def test_what_is_alike_by_words_is_left_to_the_other_check(tmp_path: Path) -> None:
    rows = [("please change my password", "train"), ("please change my password now", "test")]
    path = data(tmp_path / "a.jsonl", *rows)
    assert found(path, similarity=0.7) == {}
    assert [one.check for one in check_dataset(open_file(path), similarity=0.7).findings][0] == "leakage"
    # The nearest is alike by words; the next one is named.
    path = data(tmp_path / "b.jsonl", ("forgotten credentials help", ""), *[(query, "") for query, _ in rows])
    places = [place.replace(f"{path}:", "") for place in found(path, similarity=0.7)["near-meaning"].places]
    assert places == ["2: 0.93 as 1", "3: 0.94 as 1"]


def test_other_data_may_not_mean_the_same(tmp_path: Path) -> None:
    path = data(tmp_path / "a.jsonl", ("when will it come", ""), ("change my password", ""))
    other = open_file(data(tmp_path / "b.jsonl", ("Delivery time", ""), ("change my password", "")), name="b.jsonl")
    (finding,) = found(path, against=other).values()
    assert finding.places == (f"{path}:1: 0.80 as {tmp_path}/b.jsonl:1",)
    assert finding.message.startswith("1 row near in meaning to a row of b.jsonl")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(0, 30), st.integers(1, 200), st.integers(0, 99))
def test_pairs_are_those_of_a_plain_comparison(rows: int, others: int, cells: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    one, other = (chance.choice([-1.0, 0.0, 1.0], size=(n, 3)).astype(np.float32) for n in (rows, others))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meaning, "_MOST_CELLS", cells)  # blocks of every size, down to a row
        own = {(row.row, int(i)) for row in near_rows(one, None, 0.5) for i in row.others}
        across = {(row.row, int(i)) for row in near_rows(one, other, 0.5) for i in row.others}
    assert own == {(i, j) for i in range(rows) for j in range(i) if one[i] @ one[j] >= 0.5}
    assert across == {(i, j) for i in range(rows) for j in range(others) if one[i] @ other[j] >= 0.5}


def test_the_nearest_come_first() -> None:
    vectors = unit_vectors(Meaning(lambda texts: [[1.0, float(text)] for text in texts]), ["0", "3", "1", "2", "1"])
    last = list(near_rows(vectors, None, 0.1))[-1]
    assert (last.row, [number for number, _ in last.nearest(3)]) == (4, [2, 3, 1])
    assert last.nearest(1)[0][1] == pytest.approx(1.0)
    assert [number for number, _ in last.only(np.array([True, True, False, False, False])).nearest(9)] == [1, 0]


def test_vectors_are_of_length_1_and_made_in_batches() -> None:
    asked: list[int] = []

    def many(texts: Sequence[str]) -> list[list[float]]:
        asked.append(len(texts))
        return [[3.0 * len(text), 4.0 * len(text)] for text in texts]

    vectors = unit_vectors(Meaning(many), ["a"] * 300 + [""])
    assert asked == [256, 45]
    assert vectors[0].tolist() == pytest.approx([0.6, 0.8])
    assert vectors[-1].tolist() == [0.0, 0.0]
    assert list(near_rows(unit_vectors(Meaning(many), []), None, 0.5)) == []


@pytest.mark.parametrize(
    ("vectors", "said"),
    [([[1.0], [1.0, 2.0]], "several lengths"), ([[1.0]], "not one for each"), ([[1.0], [float("nan")]], "no vector")],
)
def test_vectors_that_are_none_are_refused(vectors: list[list[float]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        unit_vectors(Meaning(lambda _texts: vectors, "m"), ["a", "b"])


@pytest.mark.parametrize("least", [0.0, 1.5, float("nan")])
def test_a_cosine_out_of_range_is_refused(least: float) -> None:
    with pytest.raises(UsageError, match="a cosine of"):
        Meaning(embed, least=least)


def test_offline_embeddings_tell_topics_apart() -> None:
    texts = ["how do i cancel my subscription", "i want to end my subscription what do i have to do"]
    others = ["does the tent come with pegs", "how tall is mount everest", "can i freeze cooked rice"]

    def offline(batch: Sequence[str]) -> Sequence[Sequence[float]]:
        return asyncio.run(LocalEmbeddings().embed(batch)).vectors

    one, *rest = unit_vectors(Meaning(offline), [*texts, *others])
    assert one @ rest[0] > 0.5 > max(one @ other for other in rest[1:])
