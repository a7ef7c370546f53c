"""Each check finds what it names, says where, and is silent on what is sound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.datasets import check_dataset, open_file
from ferrata.datasets.check import CHECKS
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def checked(tmp_path: Path, *rows: object, about: str = "", against: list[Any] | None = None, **options: Any):
    path = tmp_path / "a.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    if about:
        (tmp_path / "a.dataset.yaml").write_text(about)
    other = None
    if against is not None:
        (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in against))
        other = open_file(tmp_path / "b.jsonl", name="b.jsonl")
    found = check_dataset(open_file(path), against=other, **options).findings
    assert {finding.check for finding in found} <= set(CHECKS)
    places = f"{tmp_path}/a.jsonl:"
    return {
        f.check: (f.severity, f.message, [p.replace(places, "").replace(f"{tmp_path}/", "") for p in f.places])
        for f in found
    }


WORDS = "red shoe size return order pay card bill mail ship late lost gift code cart stock".split()


def sound(n: int, **more: Any) -> list[dict[str, Any]]:
    rows = [[WORDS[(i * 5 + k * (i % 7 + 1)) % 16] + str(i * 31 + k) for k in range(6)] for i in range(n)]
    return [{"query": " ".join(words), "ground_truth": f"answer {i}", **more} for i, words in enumerate(rows)]


def test_a_sound_dataset_has_no_findings(tmp_path: Path) -> None:
    assert checked(tmp_path, *sound(400)) == {}


def test_a_broken_row_is_named_and_counted(tmp_path: Path) -> None:
    found = checked(tmp_path, *sound(2), "{no", "7")
    assert found["broken-row"] == (
        "error",
        "2 rows that cannot be read",
        [
            "3: not valid JSON: Expecting property name enclosed in double quotes at column 2",
            "4: must be a JSON object with a value a column, not a number",
        ],
    )


def test_no_row_and_one_row(tmp_path: Path) -> None:
    assert checked(tmp_path) == {"no-rows": ("error", "there is no row that can be read", [])}
    found = checked(tmp_path, *sound(1))
    assert found == {"few-rows": ("note", "with 1 row, a rate near 50 % is known to ±98 percentage points (95 %)", [])}
    found = checked(tmp_path, *sound(100))
    assert found["few-rows"][1] == "with 100 rows, a rate near 50 % is known to ±10 percentage points (95 %)"


def test_columns_against_each_other(tmp_path: Path) -> None:
    rows = [{**row, "note": "", "n": 1 if i else "one"} for i, row in enumerate(sound(3))]
    del rows[2]["ground_truth"]
    found = checked(tmp_path, *rows)
    assert found["missing-column"][:2] == ("warning", "the column 'ground_truth' is missing in 1 of 3 rows")
    assert found["empty-column"][1] == "the column 'note' has no value in any row"
    assert found["mixed-kinds"][1] == "the column 'n' is of several kinds: 2 integer, 1 text"


def test_columns_against_the_description(tmp_path: Path) -> None:
    about = "columns: {n: {kind: number, required: true}, query: {kind: text}}\n"
    rows = [{**row, "n": value} for row, value in zip(sound(4), (1, 1.5, "x", None), strict=True)]
    found = checked(tmp_path, *rows, about=about)
    assert found["wrong-kind"] == ("error", "the column 'n' should be number and is not in 1 row", ["3: text"])
    assert found["missing-column"] == (
        "error",
        "the column 'n' is required, and missing or empty in 1 row",
        ["4"],
    )


def test_ids_that_stand_twice(tmp_path: Path) -> None:
    found = checked(tmp_path, *({**row, "id": i % 2} for i, row in enumerate(sound(3))))
    assert found["duplicate-id"] == ("error", "1 row with an id that an earlier row has", ["3: '0'"])


def test_copies_and_near_copies(tmp_path: Path) -> None:
    a = {"query": "May I return my red running shoes after thirty days of wearing them?", "ground_truth": "no"}
    near = {"query": "may I return my red running shoes after thirty days of wearing them please", "ground_truth": "no"}
    found = checked(tmp_path, a, {**a, "id": "other"}, near, {**a, "query": a["query"].upper()}, *sound(3))
    assert found["duplicate"][1:] == ("1 row copied from earlier ones", ["2: as 1"])
    assert found["near-duplicate"][2] == ["3: 93% as 1", "4: 100% as 1"]
    assert "near-duplicate" not in checked(tmp_path, a, near, similarity=0.95)


def test_rows_that_leak_from_split_to_split(tmp_path: Path) -> None:
    rows = sound(60)
    rows = [{**row, "split": "test" if i % 2 else "train"} for i, row in enumerate(rows)]
    assert "leakage" not in checked(tmp_path, *rows)
    leaked = {**rows[0], "query": rows[0]["query"].upper() + "!", "split": "test"}
    found = checked(tmp_path, *rows, leaked)
    assert found["leakage"] == (
        "error",
        "1 row asking the same as a row of another split, or nearly so",
        ["61 in 'test': as 1 in 'train'"],
    )


def test_rows_that_other_data_has(tmp_path: Path) -> None:
    rows = sound(5)
    other = [
        {"question": rows[3]["query"].upper(), "answer": "x"},
        {"question": rows[1]["query"] + " please", "answer": ""},
    ]
    found = checked(tmp_path, *rows, against=other)
    assert found["leakage"][1:] == (
        "2 rows asking the same as a row of b.jsonl, or nearly so",
        ["2: 85% as b.jsonl:2", "4: 100% as b.jsonl:1"],
    )


def test_contradictions_are_of_the_same_context(tmp_path: Path) -> None:
    a = {"query": "How long?", "ground_truth": "30 days", "context": "c"}
    found = checked(
        tmp_path, a, {**a, "query": "how long", "ground_truth": "14 days"}, {**a, "ground_truth": "7", "context": "d"}
    )
    assert found["contradiction"] == (
        "warning",
        "1 row expecting something else than an earlier row with the same question",
        ["2: against 1"],
    )


def test_empty_questions_and_references(tmp_path: Path) -> None:
    rows = sound(4)
    rows[1]["query"], rows[2]["ground_truth"] = " ", None
    found = checked(tmp_path, *rows)
    assert found["empty-query"] == ("error", "1 row with nothing in 'query'", ["2"])
    assert found["empty-reference"] == ("warning", "1 row with nothing in 'ground_truth'", ["3"])
    assert checked(tmp_path, {"query": "x"})["no-reference"][0] == "note"


def test_personal_data_is_counted_and_not_shown(tmp_path: Path) -> None:
    rows = [*sound(2), {"query": "I am ann@example.com or bob@example.com", "ground_truth": ["+1 212 555 0147"]}]
    found = checked(tmp_path, *rows)
    assert found["pii"] == (
        "warning",
        "1 row with personal data or secrets: 2 email, 1 phone",
        ["3: 2 email in 'query', 1 phone in 'ground_truth'"],
    )
    assert "example.com" not in str(found)


def test_labels_and_splits_that_are_small(tmp_path: Path) -> None:
    rows = [
        {**row, "label": "rare" if i == 7 else "often", "split": "dev" if i < 3 else "test"}
        for i, row in enumerate(sound(60))
    ]
    rows.append({**sound(61)[60], "split": None})
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = [f for f in check_dataset(open_file(path)).findings if f.check in ("imbalance", "no-split")]
    assert [f.message for f in found] == [
        "the column 'label' is unbalanced: 'rare' 1, against 59 'often'",
        "1 row of no split",
        "the split 'dev' has 3 rows",
    ]


def test_texts_of_another_length(tmp_path: Path) -> None:
    rows = sound(40)
    rows[5]["query"] = "word " * 400
    assert checked(tmp_path, *rows)["length-outlier"][2] == ["6: 2,000 characters"]
    rows = [{**row, "split": "a" if i < 30 else "b"} for i, row in enumerate(sound(60))]
    rows = [{**row, "query": row["query"] * 3} if row["split"] == "b" else row for row in rows]
    assert "splits differ in length" in checked(tmp_path, *rows)["unlike-splits"][1]


def test_what_fails_is_chosen_by_severity_or_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"query": "a@b.example"}\n')
    result = check_dataset(open_file(path))
    assert [f.check for f in result.failing("note")] == ["pii", "few-rows", "no-reference"]
    assert [f.check for f in result.failing("warning")] == [f.check for f in result.failing("pii")] == ["pii"]
    assert result.failing("error") == result.failing("never") == []
    with pytest.raises(UsageError, match="neither a severity nor a check: 'pi'"):
        result.failing("pi")
    with pytest.raises(UsageError, match="a similarity of 1.5"):
        check_dataset(open_file(path), similarity=1.5)
