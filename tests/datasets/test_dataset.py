"""Datasets: ids, splits that do not move, digests that do not depend on the format, descriptions, and what is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.datasets import (
    Description,
    SplitRule,
    description_beside,
    open_file,
    read_description,
    read_rows,
    write_description,
    write_rows,
)
from ferrata.datasets.types import digest_of, split_of
from ferrata.errors import InvalidDocument, NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def made(tmp_path: Path, *rows: object, name: str = "a.jsonl"):
    path = tmp_path / name
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return open_file(path)


def test_ids_are_of_the_column_or_the_content(tmp_path: Path) -> None:
    rows = [
        {"id": "x", "q": 1},
        {"id": 7},
        {"id": "x", "q": 2},
        {"q": "same"},
        {"q": "same"},
        {"id": "", "q": 3},
        "broken",
    ]
    found = [one.id for one in made(tmp_path, *rows).read()]
    own = digest_of({"q": "same"})[:16]
    assert found == ["x", "7", "x#2", own, f"{own}#2", digest_of({"id": "", "q": 3})[:16], "broken-1"]


def test_broken_rows_are_named_and_counted_and_survived(tmp_path: Path) -> None:
    dataset = made(tmp_path, {"q": 1}, "no", {"q": 2})
    assert [(one.place.rpartition(":")[2], one.problem) for one in dataset.read() if one.problem] == [
        ("2", "not valid JSON: Expecting value at column 1")
    ]
    assert len(list(dataset.rows())) == 2
    assert (dataset.summary.count, dataset.summary.broken) == (2, 1)


def test_no_rows_at_all(tmp_path: Path) -> None:
    summary = made(tmp_path).summary
    assert (summary.count, summary.broken, summary.columns, dict(summary.splits)) == (0, 0, (), {})


def test_columns_are_counted(tmp_path: Path) -> None:
    summary = made(tmp_path, {"a": 1, "b": ""}, {"a": None, "c": [1]}, {"a": 1.5, "c": []}).summary
    assert [column.as_json() for column in summary.columns] == [
        {"name": "a", "kinds": {"integer": 1, "null": 1, "number": 1}, "present": 3, "empty": 1, "distinct": 3},
        {"name": "b", "kinds": {"text": 1}, "present": 1, "empty": 1, "distinct": 1},
        {"name": "c", "kinds": {"list": 2}, "present": 2, "empty": 1, "distinct": 2},
    ]


def test_the_digest_depends_neither_on_format_nor_on_order(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = [{"q": "a, b", "n": "1"}, {"q": 'say "x"\nnow', "n": ""}]
    digests = set()
    for suffix in ("jsonl", "json", "csv", "tsv", "parquet"):
        path = tmp_path / f"rows.{suffix}"
        assert write_rows(path, rows if suffix != "json" else rows[::-1]) == 2
        assert sorted(str(row.values) for row in read_rows(path)) == sorted(map(str, rows))
        digests.add(open_file(path).summary.digest)
    assert len(digests) == 1
    assert made(tmp_path, *rows, rows[0]).summary.digest not in digests


def test_a_huge_row_is_one_row(tmp_path: Path) -> None:
    dataset = made(tmp_path, {"q": "x" * 5_000_000}, {"q": "y"})
    assert [len(one.values["q"]) for one in dataset.rows()] == [5_000_000, 1]


def test_a_column_named_split_says_the_split(tmp_path: Path) -> None:
    dataset = made(tmp_path, {"q": 1, "split": "train"}, {"q": 2, "split": "test"}, {"q": 3})
    assert dict(dataset.summary.splits) == {"": 1, "test": 1, "train": 1}
    assert [one.values["q"] for one in dataset.rows("test")] == [2]


def test_shares_are_held_and_rows_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.dataset.yaml").write_text("split: {ratios: {train: 0.8, test: 0.2}, key: customer}\n")
    rows = [{"customer": i % 500, "q": i} for i in range(2000)]
    before = {one.values["q"]: one.split for one in made(tmp_path, *rows[:1000]).rows()}
    after = {one.values["q"]: one.split for one in made(tmp_path, *reversed(rows)).rows()}
    assert before.items() <= after.items()
    assert all(after[i] == after[i % 500] for i in range(2000))
    train = sum(split == "train" for split in after.values()) / 2000
    assert 0.74 < train < 0.86  # 500 customers: standard error 0.018


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3))
def test_every_row_has_a_split_and_equal_rows_the_same(values: dict[str, object]) -> None:
    rule = SplitRule(shares={"a": 0.1, "b": 0.3, "c": 0.6})
    split = split_of(values, rule, own_id=digest_of(values))
    assert split in rule.shares
    assert split_of(dict(reversed(values.items())), rule, own_id=digest_of(dict(reversed(values.items())))) == split


def test_all_mistakes_of_a_description_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.dataset.yaml"
    path.write_text("colums: {}\nsplit: {ratios: {a: 0.5}}\nprovenance: {origin: moon}\ndata: ../x\n")
    with pytest.raises(InvalidDocument) as caught:
        read_description(path)
    assert [(m.line, m.key, m.problem) for m in caught.value.mistakes] == [
        (1, "colums", "unknown key 'colums'; did you mean 'columns'?"),
        (2, "split", "the ratios sum to 0.5, not to 1"),
        (3, "provenance.origin", "must be 'file', 'traces', 'feedback', 'evals', 'synthetic' or 'import', not 'moon'"),
        (4, "data", "the data must lie beside the description or below it"),
    ]


def test_a_description_finds_its_data_and_back(tmp_path: Path) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text('{"q": 1}\n')
    beside = description_beside(data)
    write_description(beside, Description(about="x", tags={"team": "support"}, licence="CC0-1.0"))
    assert beside.read_text() == "about: x\ntags:\n  team: support\nlicence: CC0-1.0\n"
    assert open_file(data).tags == open_file(beside).tags == {"team": "support"}
    assert open_file(beside).path == data
    (tmp_path / "a.csv").write_text("q\n1\n")
    with pytest.raises(NotFound, match="has 2 files of data beside it"):
        open_file(beside)
    (tmp_path / "b.dataset.yaml").write_text("data: gone.jsonl\n")
    with pytest.raises(NotFound, match="no such data"):
        open_file(tmp_path / "b.dataset.yaml")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_rows(path, [{"a": 1}])
    with pytest.raises(UsageError, match="is there already"):
        write_rows(path, [{"a": 2}])
    assert write_rows(path, [{"a": 2}, {"a": 3}], replace=True) == 2
    with pytest.raises(UsageError, match="no format has this name"):
        write_rows(tmp_path / "a.txt", [])

    def fails():
        yield {"a": 1}
        raise UsageError("stop")

    with pytest.raises(UsageError, match="stop"):
        write_rows(path, fails(), replace=True)
    assert path.read_text() == '{"a": 2}\n{"a": 3}\n'
    assert [one.name for one in tmp_path.iterdir()] == ["a.jsonl"]
