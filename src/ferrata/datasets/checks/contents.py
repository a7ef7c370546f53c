"""What rows say: references, contradictions, personal data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ferrata.datasets.checks.base import Finding, Places, plain_text
from ferrata.datasets.types import digest_of, is_empty, text_of
from ferrata.safety import find_pii

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.datasets.checks.base import Roles
    from ferrata.datasets.types import Example

__all__ = ["Contradictions", "Personal", "References"]


class References:
    """Rows without a question, and without the answer that is expected.

    Args:
        roles: which columns ask and which are expected.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._rows = 0
        self._queries, self._references = Places(), Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        if example.problem:
            return
        self._rows += 1
        for names, places in ((self._roles.query, self._queries), (self._roles.reference, self._references)):
            if names and is_empty(example.values.get(names[0])):
                places.add(example.place)

    def findings(self) -> Iterator[Finding]:
        """What is empty, or that no column is expected."""
        if self._queries:
            said = f"{{rows}} with nothing in {self._roles.query[0]!r}"
            yield self._queries.finding("empty-query", "error", said, "fill them or remove the rows")
        if self._references:
            said = f"{{rows}} with nothing in {self._roles.reference[0]!r}"
            hint = "fill them; evaluators that need a reference cannot score these rows"
            yield self._references.finding("empty-reference", "warning", said, hint)
        if self._rows and not self._roles.reference:
            hint = "name a column ground_truth, or give one the role reference in the description"
            yield Finding("no-reference", "note", "no column holds expected answers", hint=hint)


class Contradictions:
    """Rows that ask the same of the same context, and expect something else.

    Args:
        roles: which columns ask, and which are expected.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._expected: dict[str, tuple[str, str]] = {}
        self._places = Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        if example.problem or not self._roles.reference:
            return
        expected = plain_text(text_of(example.values.get(self._roles.reference[0])))
        asked = plain_text(self._roles.asked(example.values))
        if not expected or not asked:
            return
        context = [example.values.get(name) for name in self._roles.context]
        before, place = self._expected.setdefault(digest_of({"q": asked, "c": context}), (expected, example.place))
        if before != expected:
            self._places.add(f"{example.place}: against {place}")

    def findings(self) -> Iterator[Finding]:
        """One, if there are any."""
        if self._places:
            said = "{rows} expecting something else than an earlier row with the same question"
            hint = "decide on one answer, or tell the questions apart"
            yield self._places.finding("contradiction", "warning", said, hint)


class Personal:
    """Personal data and secrets, by kind; never the values themselves."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._places = Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        found = Counter(
            (name, span.kind) for name, value in example.values.items() for span in find_pii(text_of(value))
        )
        if found:
            said = ", ".join(f"{count} {kind} in {name!r}" for (name, kind), count in found.items())
            self._places.add(f"{example.place}: {said}")
            for (_, kind), count in found.items():
                self._kinds[kind] += count

    def findings(self) -> Iterator[Finding]:
        """One, if there is any."""
        if self._places:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self._kinds.most_common())
            hint = "mask it: `ferrata data convert FILE OUT --mask`"
            yield self._places.finding("pii", "warning", f"{{rows}} with personal data or secrets: {kinds}", hint)
