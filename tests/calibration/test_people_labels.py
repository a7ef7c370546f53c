"""Labels of people, as files have them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.calibration import LabelColumns, read_labels
from ferrata.errors import UsageError
from ferrata.evals import Measure, key_of_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

BINARY = Measure("task", "binary", 0, 1, threshold=1)
PAIRS = Measure("preference", "ordinal", 0, 1, threshold=0.5)


def rows(*labels: Any) -> list[dict[str, Any]]:
    return [{"key": f"r{i}", "response": "a", "label": label} for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("labels", "kind", "numbers"),
    [
        (["pass", "Fail", "PASSED "], "verdicts", [1, 0, 1]),
        ([True, False], "verdicts", [1, 0]),
        ([1, 0, 1], "verdicts", [1, 0, 1]),
        (["pass", 0], "verdicts", [1, 0]),
        ([1, 5, "4"], "scale", [1, 5, 4]),
        ([1, 1], "scale", [1, 1]),
    ],
)
def test_labels_are_verdicts_or_numbers_of_the_scale(
    write_rows: Write, ordinal: Measure, labels: list[Any], kind: str, numbers: list[float]
) -> None:
    found = read_labels(write_rows(rows(*labels)), LabelColumns(), ordinal)
    assert (found.kind, [row.label for row in found.rows]) == (kind, numbers)


def test_labels_of_a_pair_speak_of_its_first_response(write_rows: Write) -> None:
    found = read_labels(write_rows(rows("A", "B", "tie")), LabelColumns(), PAIRS)
    assert (found.kind, [row.label for row in found.rows]) == ("scale", [1.0, 0.0, 0.5])


def test_labels_of_the_judge_itself_pass_as_it_lets_them(write_rows: Write) -> None:
    passing = {"answers": True, "Declines": True, "evades": False}
    found = read_labels(write_rows(rows("declines", "evades")), LabelColumns(), BINARY, passing=passing)
    assert [row.label for row in found.rows] == [1.0, 0.0]


def test_rows_of_a_review_keep_what_people_said_apart_from_what_a_judge_sees(
    write_rows: Write, ordinal: Measure
) -> None:
    row = {
        "key": "a1",
        "question": "How?",
        "response": "So.",
        "label": "pass",
        "labels": {"ann": "pass", "bob": "fail", "eve": None},
        "decided_by": "adjudicated",
        "chosen_by": "failed",
        "run": "support-1",
        "talk": 7,
        "model": "vendor/m",
    }
    nobody = {**row, "key": "a2", "label": None, "labels": {}}
    found = read_labels(write_rows([row, nobody]), LabelColumns(cluster="talk"), ordinal)
    (only,) = found.rows
    assert found.unlabelled == 1
    assert (only.key, only.by_person, only.random, only.cluster) == ("a1", {"ann": 1.0, "bob": 0.0}, False, "7")
    assert (only.writer, only.run) == ("vendor/m", "support-1")
    assert only.values == {"question": "How?", "response": "So.", "talk": 7, "model": "vendor/m"}


@pytest.mark.parametrize("as_text", [False, True])
def test_a_row_that_people_labelled_and_nobody_decided_is_undecided(
    write_rows: Write, ordinal: Measure, as_text: bool
) -> None:
    said = [{"ann": 0, "bob": 1}, {"ann": 1}, {}]
    data = [{"key": f"u{i}", "label": None, "labels": json.dumps(of) if as_text else of} for i, of in enumerate(said)]
    found = read_labels(write_rows([*rows(1), *data]), LabelColumns(), ordinal)
    assert (found.kind, [row.label for row in found.rows]) == ("verdicts", [1, None])
    assert found.rows[1].by_person == {"ann": 0.0, "bob": 1.0}
    assert (found.undecided, found.unlabelled) == (1, 2)


def test_labels_that_are_no_json_are_refused(write_rows: Write, ordinal: Measure) -> None:
    with pytest.raises(UsageError, match=r"jsonl:1: `labels` is no JSON"):
        read_labels(write_rows([{**rows(3)[0], "labels": "{ann"}]), LabelColumns(), ordinal)


def test_a_row_without_a_key_is_known_by_what_runs_over_it_know_it_by(write_rows: Write, ordinal: Measure) -> None:
    found = read_labels(write_rows([{"id": 3, "response": "So.", "quality": 4}]), LabelColumns("quality"), ordinal)
    assert found.rows[0].key == key_of_values({"id": 3, "response": "So."})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([{"response": "a"}], "has no column 'label'; its columns are response"),
        (rows(None, ""), "has no label in 'label'"),
        (rows(3, 6), r"jsonl:2: the label 6 is not on the judge's scale, 1 to 5"),
        (rows(3, "pass"), r"jsonl:2: the label 'pass' is no number"),
        (rows("pass", 1, "perhaps"), r"jsonl:1: the label 'pass' is no number"),
        ([*rows(3), *rows(4)], r"jsonl:2: the row 'r0' stands already at .*jsonl:1"),
    ],
)
def test_what_is_no_label_is_refused_with_its_place(
    write_rows: Write, ordinal: Measure, data: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        read_labels(write_rows(data), LabelColumns(), ordinal)


def test_a_row_without_a_cluster_is_refused(write_rows: Write, ordinal: Measure) -> None:
    with pytest.raises(UsageError, match="there is no 'talk' to tell clusters by"):
        read_labels(write_rows(rows(3)), LabelColumns(cluster="talk"), ordinal)


def test_a_verdict_is_one_of_two(write_rows: Write) -> None:
    with pytest.raises(UsageError, match="the label 0.5 is neither pass nor fail"):
        read_labels(write_rows(rows(1, 0.5)), LabelColumns(), BINARY)


def test_of_a_score_of_which_less_is_better_the_number_0_passes(write_rows: Write) -> None:
    harm = Measure("harm", "binary", 0, 1, higher_is_better=False)
    found = read_labels(write_rows(rows(0, 1, "pass", "fail")), LabelColumns(), harm)
    assert [row.label for row in found.rows] == [1.0, 0.0, 1.0, 0.0]
