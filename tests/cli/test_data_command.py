"""`ferrata data` as its users call it: exit status, what is printed, what is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ferrata.app import open_app
from ferrata.datasets import read_rows
from ferrata.providers import FakeModel, FakeServer
from ferrata.telemetry import JsonlSink, emit_to, open_span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    Run = Callable[..., Ran]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


GOLDEN = [
    {"id": "a", "query": "How long may I return shoes?", "ground_truth": "30 days", "split": "train"},
    {"id": "b", "query": "how long may I return shoes", "ground_truth": "14 days", "split": "test"},
    {"id": "c", "query": "mail me at ann@example.com", "ground_truth": ""},
]


def test_check_says_what_is_wrong_and_fails(here: Path, ferrata: Run) -> None:
    write(here / "golden.jsonl", *GOLDEN, "broken")
    ran = ferrata("data", "check", "golden.jsonl")
    assert ran.status == 1
    assert (
        "error    broken-row: 1 row that cannot be read\n         golden.jsonl:4: not valid JSON: Expecting value"
        in ran.out
    )
    assert "golden.jsonl:2 in 'test': as golden.jsonl:1 in 'train'" in ran.out
    assert "warning  contradiction: 1 row expecting something else" in ran.out
    assert "ann@example.com" not in ran.out
    assert ran.out.splitlines()[-1] == "golden.jsonl: 3 rows, 1 broken; 2 errors, 8 warnings, 1 note"
    assert ferrata("data", "check", "golden.jsonl", "--fail-on", "never").status == 0
    assert ferrata("data", "check", "golden.jsonl", "--fail-on", "pii", "--fail-on", "never").status == 1
    assert ferrata("data", "check", "golden.jsonl", "--fail-on", "wrong-kind").status == 0
    assert ferrata("data", "check", "golden.jsonl", "--fail-on", "nothing").status == 2
    assert ferrata("data", "check", "gone.jsonl").status == 2
    told = json.loads(ferrata("data", "check", "golden.jsonl", "--json").out)
    assert (told["rows"], told["broken"], told["passed"]) == (3, 1, False)


def test_check_against_other_data(here: Path, ferrata: Run) -> None:
    write(here / "train.jsonl", {"question": "How long MAY I return shoes?!", "answer": "30 days"})
    write(here / "test.jsonl", {"query": "how long may I return shoes", "ground_truth": "30 days"})
    ran = ferrata("data", "check", "test.jsonl", "--against", "train.jsonl")
    assert ran.status == 1
    assert "leakage: 1 row asking the same as a row of train.jsonl" in ran.out


def test_check_finds_the_same_in_other_words(here: Path, ferrata: Run) -> None:
    rows = [
        {"query": "Do you ship to Norway?"},
        {"query": "Can I freeze rice?"},
        {"query": "Is shipping to Norway possible?"},
    ]
    write(here / "a.jsonl", *({**row, "ground_truth": "Yes"} for row in rows))
    ran = ferrata("data", "check", "a.jsonl", "--meaning", "--cosine", "0.6", "--fail-on", "near-meaning")
    assert ran.status == 1
    assert "note     near-meaning: 1 row near in meaning to an earlier one (cosine at least 0.6 by local/wo" in ran.out
    assert "a.jsonl:3: 0." in ran.out
    assert "meaning" not in ferrata("data", "check", "a.jsonl").out
    told = json.loads(ferrata("data", "check", "a.jsonl", "--meaning", "--embeddings", "fake/any", "--json").out)
    assert all("fake" in one["message"] for one in told["findings"] if one["check"] == "near-meaning")
    ran = ferrata("data", "check", "a.jsonl", "--embeddings", "fake/any")
    assert (ran.status, "add --meaning" in ran.err) == (2, True)
    ran = ferrata("data", "check", "a.jsonl", "--meaning", "--embeddings", "nothing")
    assert (ran.status, "no model 'nothing'" in ran.err) == (2, True)


@pytest.mark.parametrize("rows", [(), ({"query": "q"},)])
def test_no_row_and_one_row_are_survived(here: Path, ferrata: Run, rows: tuple[object, ...]) -> None:
    write(here / "a.jsonl", *rows)
    assert ferrata("data", "check", "a.jsonl").status == (0 if rows else 1)
    assert ferrata("data", "show", "a.jsonl").status == 0
    assert ferrata("data", "convert", "a.jsonl", "a.csv").status == 0
    assert ferrata("data", "register", "a.jsonl", "--name", "a").status == (0 if rows else 2)


def test_a_dataset_is_registered_and_used_by_its_name(here: Path, ferrata: Run) -> None:
    path = write(here / "golden.jsonl", *GOLDEN)
    ran = ferrata("data", "register", path, "--name", "golden", "--tag", "team=support", "-m", "first")
    assert ran.out.startswith("dataset/golden@1 registered, 3 rows, ")
    assert ferrata("data", "register", path, "--name", "golden", "--tag", "team=support").out == (
        "dataset/golden@1 has this content already\n"
    )
    write(path, *GOLDEN[:2], {"id": "d", "query": "new", "ground_truth": "x"})
    shares = ("--split", "train=0.5", "--split", "test=0.5", "--key", "query")
    assert ferrata("data", "register", path, "--name", "golden", *shares).status == 0
    with open_app(here) as app:
        records = [one for one in app.ledger.records() if one.action == "dataset.versioned"]
    assert [(one.subjects, one.payload) for one in records] == [
        (("dataset/golden@1",), {"origin": "file", "rows": 3}),
        (("dataset/golden@2",), {"origin": "file", "rows": 3}),
    ]
    listed = ferrata("data", "list").out.splitlines()
    assert listed[1].split() == ["dataset/golden@2", "3", "file"]
    ran = ferrata("data", "diff", "dataset/golden@1", "dataset/golden")
    assert ran.out.splitlines()[0].startswith("2 rows the same, 1 added, 1 removed, 0 changed")
    assert "added    d\nremoved  c\n" in ran.out
    ran = ferrata("asset", "diff", "dataset/golden@1", "dataset/golden@2")
    assert "row c: " in ran.out
    assert 'row d: null -> {"ground_truth": "x", "id": "d", "query": "new"}' in ran.out
    shown = json.loads(ferrata("data", "show", "dataset/golden@1", "--rows", 1, "--json").out)
    assert (shown["rows"], shown["tags"], shown["splits"]) == (3, {"team": "support"}, {"": 1, "test": 1, "train": 1})
    assert shown["first"][0]["id"] == "a"
    assert ferrata("data", "check", "dataset/golden@1", "--fail-on", "never").status == 0
    ran = ferrata("data", "check", "dataset/other")
    assert (ran.status, "no asset" in ran.err or "dataset/other" in ran.err) == (2, True)


def test_show_prints_columns_and_splits(here: Path, ferrata: Run) -> None:
    write(here / "golden.jsonl", *GOLDEN)
    out = ferrata("data", "show", "golden.jsonl", "--rows", 1, "--split", "test").out
    assert "splits   (none) 1, test 1, train 1\n" in out
    assert "ground_truth  text         3      1         3\n" in out
    assert json.loads(out.splitlines()[-1])["id"] == "b"


def test_convert_unwraps_masks_and_leaves_out(here: Path, ferrata: Run) -> None:
    write(here / "items.jsonl", {"item": {"id": "030/12345678", "q": "ann@example.com, ann@example.com"}}, "broken")
    ran = ferrata("data", "convert", "items.jsonl", "out.csv", "--mask")
    assert ran.out == "out.csv: 1 row, 1 row left out\n"
    assert "left out: items.jsonl:2: not valid JSON" in ran.err
    assert (here / "out.csv").read_text() == 'id,q\n030/12345678,"<EMAIL_1>, <EMAIL_1>"\n'
    assert ferrata("data", "convert", "items.jsonl", "out.csv").status == 2
    assert ferrata("data", "convert", "items.jsonl", "out.csv", "--replace").status == 0


def test_split_writes_a_file_a_split(here: Path, ferrata: Run) -> None:
    write(here / "a.jsonl", *({"q": i} for i in range(100)))
    shares = ("--split", "train=0.8", "--split", "test=0.2")
    assert ferrata("data", "split", "a.jsonl", "parts", *shares).status == 0
    counts = {path.stem: len(list(read_rows(path))) for path in (here / "parts").iterdir()}
    assert counts.keys() == {"train", "test"}
    assert counts["train"] + counts["test"] == 100
    assert 65 <= counts["train"] <= 95
    assert ferrata("data", "split", "a.jsonl", "other").status == 2
    for wrong in (("--split", "a=0.5"), ("--split", "a=x"), ("--key", "q"), ("--split", "a=0.5", "--split", "=0.5")):
        assert ferrata("data", "split", "a.jsonl", "other", *wrong).status == 2
    assert not (here / "other").exists()


def test_build_from_the_projects_runs(here: Path, ferrata: Run) -> None:
    (here / ".ferrata/runs/one").mkdir(parents=True)
    sink = JsonlSink(here / ".ferrata/runs/one/spans.jsonl")
    with emit_to(sink):
        for question in ("red shoes for ann@example.com", "Red shoes for bob@example.com!", "blue hat"):
            with open_span("f", "flow", {"inputs": {"question": question}, "output": {"answer": "x"}}):
                pass
    sink.close()
    ran = ferrata("data", "build", "out.jsonl", "--from", "traces")
    assert ran.out == "out.jsonl: 2 rows\ndropped      1  duplicate\nmasked       2  email\n"
    assert [row.values["query"] for row in read_rows(here / "out.jsonl")] == ["red shoes for <EMAIL_1>", "blue hat"]
    assert "origin   traces" in ferrata("data", "show", "out.jsonl").out
    assert ferrata("data", "build", "out.jsonl", "--from", "traces").status == 2
    ran = ferrata("data", "build", "none.jsonl", "--from", "traces", "--status", "error")
    assert (ran.status, ran.err.splitlines()[0]) == (2, "ferrata: no row is left: 3 not error")
    assert ferrata("data", "build", "none.jsonl", "--from", "files").status == 2
    assert ferrata("data", "build", "none.jsonl", "--from", "traces", "--since", "yesterday").status == 2


def test_write_asks_a_model(here: Path, ferrata: Run) -> None:
    (here / "docs").mkdir()
    (here / "docs/a.md").write_text(
        "# Returns\n\nShoes may be returned within 30 days of delivery, unworn, in their own box.\n"
    )
    answer = {"question": "How long?", "answer": "30 days.", "quote": "returned within 30 days"}
    with FakeServer(FakeModel([json.dumps(answer)])) as server:
        (here / "ferrata.yaml").write_text(
            f"models:\n  writer: {{vendor: openai-compatible, model: m, url: '{server.url}'}}\n"
        )
        ran = ferrata(
            "data", "write", "out.jsonl", "--from", "docs", "--model", "writer", "--rows", 2, "--max-calls", 3
        )
    assert (ran.status, ran.err) == (0, "ended after 3 calls, which is the limit\n")
    assert ran.out == "out.jsonl: 1 row of 3 calls, all synthetic\ndropped      2  nearly the same question\n"
    (row,) = read_rows(here / "out.jsonl")
    assert (row.values["query"], row.values["synthetic"]) == ("How long?", True)
    assert ferrata("data", "write", "out.jsonl", "--from", "docs", "--rows", 1).status == 2
