"""Reviews of the rows of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.reviews import Body, Draft, Item, Label, Review, Scale, draft_of_file, read_labels

if TYPE_CHECKING:
    from pathlib import Path


def asked(scale: str = "pass-fail", seed: int = 0) -> Draft:
    return Draft("check", "rows.jsonl", Scale.parse(scale), (), seed=seed)


def written(folder: Path, *rows: Any) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return file


def test_rows_of_a_file_are_shown_without_earlier_judgements(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"id": "a", "query": "q", "response": "r", "label": "pass", "score": 4, "labels": {"ann": "pass"}},
        {"query": "q", "answer": "r"},
        {"inputs.query": "q", "outputs.target.response": "r", "outputs.f1.f1_score": 0.5},
    )
    items = draft_of_file(asked(), file, count=9).items
    assert [one.key for one in items][0] == "a"
    assert len({one.key for one in items}) == 3
    assert [one.body for one in items] == [
        Body({"id": "a", "query": "q"}, {"response": "r"}, None, 0, 0, f"{file}:1"),
        Body({"query": "q"}, {"response": "r"}, None, 1, 0, f"{file}:2"),
        Body({"query": "q"}, {"response": "r"}, None, 2, 0, f"{file}:3"),
    ]


def test_rows_that_are_alike_have_keys_of_their_own(tmp_path: Path) -> None:
    rows = [{"id": "x", "response": "1"}, {"id": "x", "response": "2"}, {"id": "x.2", "response": "3"}]
    keys = [one.key for one in draft_of_file(asked(), written(tmp_path, *rows), count=9).items]
    assert keys == ["x", "x.2", "x.2.2"]
    odd = draft_of_file(asked(), written(tmp_path, {"id": "\x1b[1m" + "y" * 300, "response": "1"}), count=9).items
    assert odd[0].key == "[1m" + "y" * 197


def test_pairs_of_a_file_stand_on_either_side_at_random(tmp_path: Path) -> None:
    file = written(tmp_path, *({"id": i, "response_a": "a", "response_b": "b"} for i in range(200)))
    items = draft_of_file(asked("A|B|tie"), file, count=200).items
    assert items[0].body == Body({"id": 0}, {"response": "a"}, {"response": "b"}, 0, 0, f"{file}:1")
    assert 70 < sum(one.swapped for one in items) < 130
    # A row's sides do not depend on which rows are there beside it.
    few = draft_of_file(asked("A|B|tie"), file, count=20).items
    assert {one.key: one.swapped for one in few}.items() <= {one.key: one.swapped for one in items}.items()


@pytest.mark.parametrize(
    ("scale", "row", "said"),
    [
        ("pass-fail", {"query": "q"}, "the row has no `response`"),
        ("pass-fail", {"response": None}, "the row has no `response`"),
        ("A|B|tie", {"response_a": "a"}, "the row has no `response_a` and `response_b`"),
        ("pass-fail", '{"response": \n', "rows.jsonl:2: "),
    ],
)
def test_a_row_that_cannot_be_rated_is_named(tmp_path: Path, scale: str, row: Any, said: str) -> None:
    good = {"response": "r", "response_a": "a", "response_b": "b"}
    with pytest.raises(UsageError, match=said) as caught:
        draft_of_file(asked(scale), written(tmp_path, good, row), count=9)
    assert "rows.jsonl:2" in caught.value.message
    with pytest.raises(NotFound):
        draft_of_file(asked(), tmp_path / "nowhere.jsonl", count=9)
    with pytest.raises(UsageError, match="has no row"):
        draft_of_file(asked(), written(tmp_path), count=9)


def test_labels_of_a_file(tmp_path: Path) -> None:
    review = Review(1, "check", "golden-1", "", Scale.parse("1-5"), "?", "", 1, 0, "ann", "t", "", 3)
    items = [Item(i, i, f"k{i}", "random", False) for i in (1, 2, 3)]
    rows = [
        {"key": "k2", "label": 4, "comment": "so\x1b so"},
        {"key": "k1", "label": None},
        {"key": "k3", "label": "1", "cause": "x"},
    ]
    assert read_labels(written(tmp_path, *rows), review, items, "ann") == [
        Label(2, "ann", "4", "so so"),
        Label(3, "ann", "1", cause="x"),
    ]
    wrong = [
        {"key": "k9", "label": 1},
        {"key": "k2", "label": 6},
        {"key": "k1", "label": 1},
        {"key": "k1", "label": 2},
        "{\n",
    ]
    with pytest.raises(InvalidDocument) as caught:
        read_labels(written(tmp_path, *wrong), review, items, "ann")
    assert [(one.line, one.key) for one in caught.value.mistakes] == [(1, "key"), (2, "label"), (4, "key"), (5, "")]
    assert "not a label of the scale 1-5: 6; give 1, 2, 3, 4, 5" in caught.value.mistakes[1].problem
