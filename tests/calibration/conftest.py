from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.calibration import Answer, Calibration, LabelledRow, Labels, Subject, measure_judge
from ferrata.evals import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ferrata.calibration.labels import Kind

ORDINAL = Measure("groundedness", "ordinal", 1, 5, threshold=3)


@pytest.fixture
def ordinal() -> Measure:
    return ORDINAL


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[dict[str, Any]]) -> Path:
        path = tmp_path / "labels.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def labelled(key: str, label: float | None, **about: Any) -> LabelledRow:
    known: dict[str, Any] = {
        "values": {},
        "by_person": {},
        "cluster": None,
        "random": True,
        "writer": "",
        "run": "",
        "place": key,
    }
    return LabelledRow(key=key, label=label, **(known | about))


@pytest.fixture
def measured() -> Callable[..., Calibration]:
    """A calibration of pairs (the judge's value, people's label), rows `r0` on."""

    def measure(
        pairs: Sequence[tuple[float | None, float | None]],
        kind: Kind = "verdicts",
        *,
        measure: Measure = ORDINAL,
        answers: Sequence[Answer] | None = None,
        about: Callable[[int], dict[str, Any]] = lambda _: {},
        unlabelled: int = 0,
        **subject: Any,
    ) -> Calibration:
        rows = [labelled(f"r{i}", label, **about(i)) for i, (_, label) in enumerate(pairs)]
        said = answers or [Answer(value, "" if value is not None else "no answer") for value, _ in pairs]
        who = {"decides_at": measure.threshold, **subject}
        return measure_judge(
            Subject("support", "judge", "groundedness", "d1", "vendor/model-1", measure, **who),
            Labels(kind, rows, unlabelled),
            said,
            floor=0.6,
            created="2026-11-01T00:00:00Z",
        )

    return measure
