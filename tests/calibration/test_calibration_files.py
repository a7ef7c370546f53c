"""Calibrations as files: whole, of this judge, and with figures that their rows give."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.calibration import Calibration, calibration_file, read_calibration, write_calibration
from ferrata.errors import InvalidDocument

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAIRS = [(4, 1.0)] * 20 + [(2, 0.0)] * 10 + [(5, 0.0)]


def test_what_is_written_is_read(tmp_path: Path, measured: Callable[..., Calibration]) -> None:
    found = measured(PAIRS, about=lambda i: {"random": i > 3, "cluster": f"c{i}"})
    path = write_calibration(tmp_path, found)
    assert path == tmp_path / "evals/calibrations/support.judge.json"
    assert read_calibration(tmp_path, "support", "judge") == found
    assert read_calibration(tmp_path, "support", "other") is None
    assert len([line for line in path.read_text().splitlines() if '"key"' in line]) == 31
    assert [one.name for one in path.parent.iterdir()] == ["support.judge.json"]


def test_a_file_of_before_undecided_rows_were_counted_is_read(
    tmp_path: Path, measured: Callable[..., Calibration]
) -> None:
    path = write_calibration(tmp_path, measured(PAIRS))
    content = json.loads(path.read_text())
    assert (content.pop("undecided"), content.pop("individual")) == (0, None)
    path.write_text(json.dumps(content))
    assert read_calibration(tmp_path, "support", "judge") == measured(PAIRS)


def test_undecided_rows_are_kept_as_a_count(tmp_path: Path, measured: Callable[..., Calibration]) -> None:
    said = {"by_person": {"ann": 1.0, "bob": 0.0}}
    found = measured([*PAIRS, (4, None)], about=lambda _: said)
    write_calibration(tmp_path, found)
    kept = read_calibration(tmp_path, "support", "judge")
    assert kept == found
    assert (found.rows, found.undecided) == (31, 1)


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    assert calibration_file(tmp_path, "../a/b", "c").parent == tmp_path / "evals/calibrations"


def change(content: dict[str, Any], name: str, value: Any) -> str:
    return json.dumps({**content, name: value})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda c: "{", "is no JSON"),
        (lambda c: "[]", "support.judge.json"),
        (lambda c: change(c, "kappa", 0.99), "says 0.99, and its rows give"),
        (lambda c: change(c, "interval", [c["interval"][0] - 0.1, 1.0]), "and its rows give"),
        (lambda c: change(c, "threshold", 1), "and its rows give 0.0"),
        (lambda c: change(c, "rows", 500), "it says 500 rows and has 31"),
        (lambda c: change(c, "pairs", [c["pairs"][0]] * 31), "a row is there twice"),
        (lambda c: change(c, "evaluation", "other"), "is of 'other.judge', not of 'support.judge'"),
        (lambda c: change(c, "digest", None), "digest"),
    ],
)
def test_a_damaged_file_is_named_and_is_no_calibration(
    tmp_path: Path, measured: Callable[..., Calibration], damage: Callable[[dict[str, Any]], str], says: str
) -> None:
    path = write_calibration(tmp_path, measured(PAIRS))
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(InvalidDocument, match=says) as raised:
        read_calibration(tmp_path, "support", "judge")
    assert raised.value.mistakes[0].file == str(path)
