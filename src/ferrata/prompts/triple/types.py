"""A case: inputs, and what must be true of the answer."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ferrata.documents import Document

__all__ = ["Case", "CaseKind", "Check", "CheckName", "CheckResult"]

CaseKind = Literal["benign", "boundary", "adversarial"]
CheckName = Literal[
    "answers", "refuses", "contains", "not-contains", "matches", "json", "no-leak", "at-most-words", "at-most-sentences"
]


class Check(Document):
    """What must be true of an answer.

    Attributes:
        check: `answers` (something is said, and it is no refusal), `refuses`, `contains` and `not-contains` a text (case
            does not matter), `matches` a regular expression, `json` of the prompt's outputs, `no-leak` of eight words in a
            row of the system message, `at-most-words`, `at-most-sentences`.
        value: the text, pattern or number.
        any: several texts, of which `contains` needs one.
    """

    check: CheckName
    value: str | int | None = None
    any: list[str] = []


class Case(Document):
    """One case.

    Attributes:
        name: unique in its file.
        kind: benign, boundary or adversarial.
        inputs: the values of the prompt's inputs.
        checks: all of them must hold.
        why: what the case is about.
    """

    name: str
    kind: CaseKind
    inputs: dict[str, Any]
    checks: list[Check] = []
    why: str = ""


class CheckResult(NamedTuple):
    """Whether a check holds, and what was seen."""

    check: Check
    ok: bool
    seen: str
