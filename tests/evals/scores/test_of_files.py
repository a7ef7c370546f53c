"""Scores of any tool's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import UsageError
from ferrata.evals import Columns, read_scores

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_repeats_of_a_row_are_averaged_and_clusters_kept(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "s": 1, "r": 1, "c": "x"},
        {"id": "a", "s": 0, "r": 2, "c": "x"},
        {"id": "b", "s": 1, "r": 1, "c": "y"},
    ]
    found = read_scores(write(tmp_path / "a.jsonl", rows), Columns("id", ["s"], "c", "r"))["s"]
    assert list(found.keys) == ["a", "b"]
    assert found.values.tolist() == [0.5, 1.0]
    assert found.clusters == ["x", "y"]
    assert (found.scale, found.low, found.high) == ("binary", 0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "scale", "bounds"),
    [
        ([0, 1, True], "binary", (0.0, 1.0)),
        ([1, 5, 3], "ordinal", (1.0, 5.0)),
        ([0, 7, 3], "ordinal", (None, None)),
        ([0.25, 0.5], "continuous", (0.0, 1.0)),
        ([12.5, 300.1], "continuous", (None, None)),
        ([i / 100 for i in range(50)], "continuous", (0.0, 1.0)),
        (["pass", "fail", "pass"], "binary", (0.0, 1.0)),
    ],
)
def test_values_show_their_scale(tmp_path: Path, values: list[Any], scale: str, bounds: tuple[Any, Any]) -> None:
    rows = [{"id": i, "s": value} for i, value in enumerate(values)]
    found = read_scores(write(tmp_path / "a.jsonl", rows), Columns("id", ["s"]))["s"]
    assert (found.scale, (found.low, found.high)) == (scale, bounds)


def test_what_is_no_value_is_missing_and_named(tmp_path: Path) -> None:
    rows = [{"id": "a", "s": 1.5}, {"id": "b", "s": None}, {"id": "c", "s": float("nan")}, {"id": "d"}]
    found = read_scores(write(tmp_path / "a.jsonl", rows), Columns("id", ["s"]))["s"]
    assert (list(found.keys), list(found.missing)) == (["a"], ["b", "c", "d"])


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([{"id": "a", "s": 1}, {"id": "a", "s": 0}], Columns("id", ["s"]), "a.jsonl:2: id 'a' stands already at "),
        ([{"id": "a", "s": "good"}], Columns("id", ["s"]), "a.jsonl:1: s is 'good', which is no number"),
        ([{"id": "a", "s": float("inf")}], Columns("id", ["s"]), "a.jsonl:1: s is infinite"),
        ([{"s": 1}], Columns("id", ["s"]), "a.jsonl:1: there is no 'id'; the columns are s"),
        ([{"id": "a", "s": 1}], Columns("id", ["t"]), "has no score in 't'; its columns are id, s"),
        ([{"id": "a", "s": 1}], Columns("id", ["s"], "c"), "a.jsonl:1: there is no 'c'"),
        (
            [{"id": "a", "s": 1, "c": 1, "r": 1}, {"id": "a", "s": 1, "c": 2, "r": 2}],
            Columns("id", ["s"], "c", "r"),
            "a.jsonl:2: the row 'a' is in two clusters: '1' and '2'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, rows: list[dict[str, Any]], columns: Columns, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_scores(write(tmp_path / "a.jsonl", rows), columns)
    assert message in caught.value.message


def test_a_broken_line_and_an_empty_file_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": 1, "s": 1}\n{"id": 2,', encoding="utf-8")
    with pytest.raises(UsageError, match="a.jsonl:2: not valid JSON"):
        read_scores(file, Columns("id", ["s"]))
    file.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="has no rows"):
        read_scores(file, Columns("id", ["s"]))


def test_cells_of_csv_are_numbers_or_words(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,s\na,0.5\nb,\nc,NaN\nd,1\n", encoding="utf-8")
    found = read_scores(file, Columns("id", ["s"]))["s"]
    assert (found.values.tolist(), list(found.missing)) == ([0.5, 1.0], ["b", "c"])


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (1.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_bounds_are_two_numbers_the_lesser_first(tmp_path: Path, bounds: tuple[float, float]) -> None:
    (tmp_path / "s.csv").write_text("id,score\n1,0.5\n2,1\n")
    with pytest.raises(UsageError, match="bounds from"):
        read_scores(tmp_path / "s.csv", Columns("id", ("score",)), bounds=bounds)
