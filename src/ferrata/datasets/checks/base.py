"""What checks of datasets have in common: findings, places, and which columns are for what. Knows no single check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ferrata.datasets.types import is_empty, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.datasets.description import Description
    from ferrata.datasets.types import Example

__all__ = ["SEVERITIES", "Check", "Finding", "Places", "Roles", "Severity", "plain_text"]

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

_MOST_PLACES = 10
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found.

    Attributes:
        check: its name, as `near-duplicate`.
        severity: `error`: results would be wrong; `warning`: look at it; `note`: for information.
        message: what it is, with numbers.
        count: of rows concerned.
        places: of the first ten, each file and line with what is there.
        hint: what to do.
    """

    check: str
    severity: Severity
    message: str
    count: int = 0
    places: tuple[str, ...] = ()
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as data."""
        about = {"check": self.check, "severity": self.severity, "message": self.message, "count": self.count}
        return {**about, "places": list(self.places), "hint": self.hint}


class Check(Protocol):
    """Is fed every row, and says then what it found."""

    def add(self, example: Example) -> None:
        """Take a row; also one that cannot be read."""
        ...

    def findings(self) -> Iterable[Finding]:
        """What was found."""
        ...


class Places:
    """Counts, and keeps the first ten places."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, place: str) -> None:
        """One more."""
        self.count += 1
        if len(self._first) < _MOST_PLACES:
            self._first.append(place)

    def __bool__(self) -> bool:
        return self.count > 0

    def finding(self, check: str, severity: Severity, message: str, hint: str = "") -> Finding:
        """The finding that these make; `{rows}` in its message is their number."""
        said = message.replace("{rows}", f"{self.count:,} row{'' if self.count == 1 else 's'}")
        return Finding(check, severity, said, self.count, tuple(self._first), hint)


class Roles:
    """Which columns are asked, which are expected: as described, or by the usual names.

    Args:
        description: of the dataset.
        columns: its columns.
    """

    def __init__(self, description: Description, columns: Sequence[str]) -> None:
        there = set(columns)

        def having(role: Any, *names: str) -> list[str]:
            return [name for name in description.column_of(role, *names) if name in there]

        self.query = having("query", "query", "question", "input", "prompt", "user_input", "instruction")[:1]
        usual = (
            "ground_truth",
            "reference",
            "expected",
            "expected_output",
            "expected_answer",
            "answer",
            "ideal",
            "target",
        )
        self.reference = having("reference", *usual)[:1]
        self.context = having("context", "context", "contexts", "retrieved_contexts", "documents")[:1]
        self.label = having("label", "label", "category", "class", "intent", "topic")[:1]
        self.id = having("id", "id")[:1]
        rule = description.split_rule
        own = {*self.id, rule.column if rule and rule.column else "split"}
        self.content = [name for name in columns if name not in own]

    def asked(self, values: Mapping[str, Any]) -> str:
        """What a row asks: its query, or else all of it that is neither an answer nor the row's own name."""
        if self.query:
            return text_of(values.get(self.query[0]))
        names = [name for name in self.content if name not in self.reference and name != "response"]
        return " ".join(text_of(values[name]) for name in names if name in values and not is_empty(values[name]))


def plain_text(text: str) -> str:
    """A text without case and punctuation, for comparison; itself where it has nothing else."""
    return _NO_WORD.sub(" ", text.casefold()).strip() or text.strip()
