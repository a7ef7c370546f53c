"""Rows of files. What Prompt Flow 1.18.5 makes of the same bytes was tried with it; where this differs, the test says so."""

from __future__ import annotations

import json
import math
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from ferrata.datasets.rows import count_rows, data_files, read_rows
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def rows(tmp_path: Path, name: str, content: str | bytes):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = list(read_rows(path))
    assert count_rows(path) == len(found)
    return found


def values(tmp_path: Path, name: str, content: str | bytes):
    found = rows(tmp_path, name, content)
    assert [row.problem for row in found] == [""] * len(found)
    return [row.values for row in found]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", '{"a":1}\n\n  \n{"a":2}', [{"a": 1}, {"a": 2}]),
        ("a.jsonl", '{"a":1}\r\n{"a":2}\r\n', [{"a": 1}, {"a": 2}]),
        ("a.jsonl", '{"a":"l\u2028x"}\n', [{"a": "l\u2028x"}]),
        ("a.jsonl", '{"a":1,"a":2}\n', [{"a": 2}]),
        ("a.jsonl", "", []),
        (
            "a.jsonl",
            '{"a":9223372036854775807,"b":true,"c":"5","d":1.0}',
            [{"a": 2**63 - 1, "b": True, "c": "5", "d": 1.0}],
        ),
        (
            "a.jsonl",
            '{"a":Infinity,"b":[NaN,-Infinity,1],"c":{"d":NaN}}',
            [{"a": math.inf, "b": [None, -math.inf, 1], "c": {"d": None}}],
        ),
        ("a.txt", '{"a":1}\n', [{"a": 1}]),
        ("noname", '{"a":1}\n', [{"a": 1}]),
        ("a.json", '[{"a":1},\n {"a":"x","b":[2]}]\n', [{"a": 1}, {"a": "x", "b": [2]}]),
        ("a.json", "[]", []),
        ("a.json", "", []),
        ("a.json", '{"a":[1,2],"b":[3,4]}', [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
        ("a.json", '{"a":{"0":1,"1":2}}', [{"a": 1}, {"a": 2}]),
        (
            "a.csv",
            'a,b,a\n1,,NaN\n2,"x\ny",z\n',
            [{"a": "1", "b": "", "a.1": "NaN"}, {"a": "2", "b": "x\ny", "a.1": "z"}],
        ),
        ("a.csv", "a,b\n\n1\n2,3\n", [{"a": "1", "b": ""}, {"a": "2", "b": "3"}]),
        ("a.csv", ",b\n0,2\n", [{"Unnamed: 0": "0", "b": "2"}]),
        ("a.csv", b"\xef\xbb\xbfa,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("a.csv", "a,b\n", []),
        ("a.tsv", "a\tb\n1\ttrue\n", [{"a": "1", "b": "true"}]),
        # Prompt Flow refuses these:
        ("a.jsonl", b'\xef\xbb\xbf{"a":1}\n', [{"a": 1}]),
        ("a.jsonl", '{"a":123456789012345678901234567890}', [{"a": 123456789012345678901234567890}]),
        ("a.jsonl", '{"a":"é"}\n'.encode("utf-16"), [{"a": "é"}]),
        # and makes dates of these, by the column's name:
        ("a.jsonl", '{"date":"2020-01-01","created_at":"10:00"}', [{"date": "2020-01-01", "created_at": "10:00"}]),
    ],
)
def test_rows_are_read(tmp_path: Path, name: str, content: str | bytes, expected: list) -> None:
    assert values(tmp_path, name, content) == expected


def test_nan_stays_where_it_is_a_columns_whole_value(tmp_path: Path) -> None:
    assert math.isnan(values(tmp_path, "a.jsonl", '{"a":NaN}')[0]["a"])


@pytest.mark.parametrize(
    ("name", "content", "good", "place", "problem"),
    [
        ("a.jsonl", '{"a":1}\nnot json\n{"a":2}\n', 2, ":2", "not valid JSON: Expecting value at column 1"),
        ("a.jsonl", '{"a":1}\n[1]\n', 1, ":2", "must be a JSON object with a value a column, not a list"),
        ("a.jsonl", '{"a":1}\n5\n', 1, ":2", "must be a JSON object with a value a column, not a number"),
        ("a.jsonl", b'{"a":1}\n{"a":"\xff"}\n', 1, ":2", "byte 7 of the line is not UTF-8"),
        ("a.jsonl", '{"a":1}\n' + "[" * 100_000, 1, ":2", "not valid JSON: maximum recursion depth exceeded"),
        ("a.csv", "a,b\n1,2\n1,2,3\n4,5\n", 2, ":3", "has 3 cells; the header has 2"),
        ("a.csv", b"a,b\n1,2\n\xff,2\n", 1, ":3", "has bytes that are not UTF-8"),
        ("a.json", '[{"a":1}, 5]', 1, ": row 2", "must be a JSON object with a value a column, not a number"),
        ("a.json", '[{"a":1}, {"a":', 1, ": row 2", "not valid JSON: Expecting value"),
        ("a.json", '[{"a":1} {"a":2}]', 1, ": row 2", "not valid JSON: a comma is missing"),
        ("a.json", '[{"a":1}', 1, ": row 2", "not valid JSON: the list has no end"),
        ("a.json", b'[{"a":1},{"a":"\xff"}]', 1, ": row 2", "has bytes that are not UTF-8"),
        ("a.json", '{"a":1}', 0, "", "must be a list of objects, or an object with lists of one length"),
    ],
)
def test_a_row_that_cannot_be_read_says_where_and_why(
    tmp_path: Path, name: str, content: str | bytes, good: int, place: str, problem: str
) -> None:
    found = rows(tmp_path, name, content)
    (bad,) = [row for row in found if row.problem]
    assert len(found) == good + 1
    assert bad.place == f"{tmp_path / name}{place}"
    assert bad.problem.startswith(problem)


def test_a_folder_gives_the_rows_of_its_files_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.jsonl").write_text('{"a":1}\n')
    (tmp_path / "a.csv").write_text("a\n2\n")
    (tmp_path / "sub" / "c").write_text('{"a":3}\n')
    (tmp_path / "readme.txt").write_text("no rows here\n")
    assert [row.values["a"] for row in read_rows(tmp_path)] == ["2", 1, 3]
    assert count_rows(tmp_path) == 3


@pytest.mark.parametrize("name", ["big.jsonl", "big.json", "big.csv"])
def test_a_row_of_many_megabytes_is_read(tmp_path: Path, name: str) -> None:
    text = "x" * 20_000_000
    row = json.dumps({"a": text})
    content = {"jsonl": f"{row}\n", "json": f"[{row}, {row}]", "csv": f"a\n{text}\n"}[name.partition(".")[2]]
    (tmp_path / name).write_text(content)
    assert {len(row.values["a"]) for row in read_rows(tmp_path / name)} == {len(text)}


@pytest.mark.parametrize("name", ["many.jsonl", "many.json", "many.csv"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, name: str) -> None:
    many = [json.dumps({"a": "x" * 1000}) for _ in range(20_000)]
    kind = name.partition(".")[2]
    text = {"jsonl": "\n".join(many), "json": f"[{','.join(many)}]", "csv": "a\n" + ("x" * 1000 + "\n") * 20_000}[kind]
    (tmp_path / name).write_text(text)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_rows(tmp_path / name)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


def test_who_holds_a_row_holds_its_text_once(tmp_path: Path) -> None:
    size = 4_000_000
    (tmp_path / "d.jsonl").write_text(json.dumps({"a": "x" * size}) + "\n" + json.dumps({"a": "y"}) + "\n")
    tracemalloc.start()
    try:
        found = read_rows(tmp_path / "d.jsonl")
        row = next(found)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(row.values["a"]) == size
    assert held < 1.5 * size
    assert [row.values for row in found] == [{"a": "y"}]


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no such data: .*gone\.jsonl"):
        list(read_rows(tmp_path / "gone.jsonl"))


def test_parquet_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="reading Parquet needs the package pyarrow") as caught:
        list(read_rows(tmp_path / "a.parquet"))
    assert caught.value.hint == "pip install 'ferrata[parquet]', or write the data as JSON lines"


def test_parquet_is_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"a": [1, 2], "b": [["x"], None]}), tmp_path / "a.parquet")
    assert values(tmp_path, "a.parquet", (tmp_path / "a.parquet").read_bytes()) == [
        {"a": 1, "b": ["x"]},
        {"a": 2, "b": None},
    ]
    with pytest.raises(UsageError, match="cannot read"):
        rows(tmp_path, "b.parquet", b"no parquet")


def test_what_is_hidden_in_a_folder_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"x": 1}\n')
    run = tmp_path / ".ferrata" / "runs" / "first"
    run.mkdir(parents=True)
    (run / "lines.jsonl").write_text('{"line_number": 0}\n')
    assert data_files(tmp_path) == [tmp_path / "rows.jsonl"]
