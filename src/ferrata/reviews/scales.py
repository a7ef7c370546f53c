"""What people may say of a row: pass or fail, a number, a label of one's own, or which of two. Knows no review."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ferrata.errors import UsageError

__all__ = ["PAIR", "Scale"]

PAIR = "A|B|tie"
_RANGE = re.compile(r"([0-9])-([0-9])")
_MOST_LABELS = 9
_LONGEST = 60
_HINT = "give pass-fail, a range of digits as 1-5, or labels as correct,partly,wrong"
_QUESTIONS = {
    "pass-fail": "Is the answer good enough?",
    "numbers": "How good is the answer?",
    "labels": "Which label fits the answer?",
    "pair": "Which answer is better?",
}


@dataclass(frozen=True)
class Scale:
    """The labels that can be given.

    Attributes:
        text: as it was asked for: `pass-fail`, `1-5`, `a,b,c`, or `A|B|tie` for pairs.
        kind: `pass-fail`, `numbers`, `labels` or `pair`.
        labels: in their order.
    """

    text: str
    kind: str
    labels: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Scale:
        """Read `pass-fail`, `1-5`, `a,b,c` or `A|B|tie`.

        Raises:
            UsageError: it is none of these, or has one label, more than nine, or one twice.
        """
        text = text.strip()
        if text.replace("|", "-").lower() == "pass-fail":
            return cls("pass-fail", "pass-fail", ("pass", "fail"))
        if text.lower() == PAIR.lower():
            return cls(PAIR, "pair", ("A", "B", "tie"))
        if match := _RANGE.fullmatch(text):
            low, high = int(match[1]), int(match[2])
            if low >= high:
                raise UsageError(f"a scale from {low} to {high} has no two numbers", hint=_HINT)
            return cls(text, "numbers", tuple(map(str, range(low, high + 1))))
        labels = tuple(" ".join(part.split()) for part in text.split(","))
        if not 2 <= len(labels) <= _MOST_LABELS:
            raise UsageError(f"not a scale: {text!r} ({len(labels)} labels; 2 to {_MOST_LABELS} fit)", hint=_HINT)
        if wrong := next((one for one in labels if not one or not one.isprintable() or len(one) > _LONGEST), None):
            raise UsageError(f"not a label: {wrong!r}", hint=_HINT)
        if not all(labels) or len({one.casefold() for one in labels}) < len(labels):
            raise UsageError(f"a label of the scale {text!r} is empty or stands there twice", hint=_HINT)
        return cls(",".join(labels), "labels", labels)

    @property
    def question(self) -> str:
        """What is asked where nobody says it otherwise."""
        return _QUESTIONS[self.kind]

    @property
    def keys(self) -> dict[str, str]:
        """The key that stands for each label: its first letter, its digit, or its place from 1."""
        if self.kind == "labels":
            return {str(i): label for i, label in enumerate(self.labels, 1)}
        return {label[0].lower(): label for label in self.labels}

    def label_of(self, said: Any) -> str:
        """The label that was meant: itself in whatever case, a number of the range, `true` for pass.

        Raises:
            UsageError: it is none of the scale.
        """
        if isinstance(said, bool):
            said = "pass" if said else "fail"
        elif isinstance(said, float) and said.is_integer():
            said = int(said)
        text = " ".join(str(said).split()).casefold()
        for label in self.labels:
            if text == label.casefold():
                return label
        raise UsageError(f"not a label of the scale {self.text}: {said!r}", hint=f"give {', '.join(self.labels)}")

    def is_failure(self, label: str) -> bool:
        """Whether a label says that the row failed: `fail`, or a number below the middle of the range."""
        if self.kind == "numbers":
            return int(label) * 2 < int(self.labels[0]) + int(self.labels[-1])
        return self.kind == "pass-fail" and label == "fail"

    def is_success(self, label: str) -> bool:
        """Whether a label says that the row did not fail: the scale knows failures, and this is none."""
        return self.kind in ("pass-fail", "numbers") and not self.is_failure(label)

    def turned(self, label: str) -> str:
        """The label with the two sides of a pair exchanged; of other scales, the label itself."""
        return {"A": "B", "B": "A"}.get(label, label) if self.kind == "pair" else label

    def value_of(self, label: str) -> str | int:
        """The label as data: a number where the scale is one of numbers."""
        return int(label) if self.kind == "numbers" else label
