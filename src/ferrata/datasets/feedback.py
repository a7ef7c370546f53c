"""What people said of answers: a score, a thumb, a better answer; from JSON lines or from spans. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ferrata.datasets.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Feedback", "feedback_of", "read_feedback"]

_UP = {"up", "yes", "good", "like", "+1", "1", "true", "👍", "positive"}
_DOWN = {"down", "no", "bad", "dislike", "-1", "0", "false", "👎", "negative"}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of one answer.

    Attributes:
        score: a number; of a thumb 1 or 0; None: none was given.
        correction: what should have been answered; empty: nothing was said.
        comment: in words.
    """

    score: float | None = None
    correction: str = ""
    comment: str = ""

    def as_columns(self) -> dict[str, Any]:
        """The columns of a row: `ground_truth` is the correction."""
        found: dict[str, Any] = {"ground_truth": self.correction} if self.correction else {}
        found |= {} if self.score is None else {"score": self.score}
        return found | ({"comment": self.comment} if self.comment else {})


def feedback_of(value: Any) -> Feedback | None:
    """The feedback in a mapping; a bare thumb or number is one as well. None where nothing is said."""
    if not isinstance(value, dict):
        score = _score(value)
        return None if score is None else Feedback(score)
    about = cast("dict[str, Any]", value)
    given = next((about[key] for key in ("score", "rating", "thumb", "thumbs") if about.get(key) is not None), None)
    correction = next((about[key] for key in ("correction", "ground_truth", "expected") if about.get(key)), "")
    found = Feedback(_score(given), str(correction).strip(), str(about.get("comment") or "").strip())
    return found if found != Feedback() else None


def _score(value: Any) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value) if value == value else None
    text = str(value).strip().lower()
    if text in _UP | _DOWN:
        return 1.0 if text in _UP else 0.0
    try:
        return float(text)
    except ValueError:
        return None


def read_feedback(path: Path) -> tuple[dict[str, Feedback], int]:
    """Feedback by the id of its trace, the last one of each; and how many rows say nothing that can be used.

    Raises:
        NotFound, UsageError: the file is not there, or cannot be read at all.
    """
    found: dict[str, Feedback] = {}
    unusable = 0
    for row in read_rows(path):
        trace = _trace_of(row.values)
        feedback = feedback_of(row.values)
        if not trace or feedback is None:
            unusable += 1
        else:
            found[trace] = feedback
    return found, unusable


def _trace_of(values: Mapping[str, Any]) -> str:
    value = values.get("trace_id") or values.get("traceId")
    return value.strip().lower() if isinstance(value, str) else ""
