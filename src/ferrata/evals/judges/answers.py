"""What a judge answered, read strictly: one JSON object with a reason and an integer of the scale.

Fences and plain text around the object are let through, since models without constrained output write them. Everything else is
invalid, because a wrong number is worse than a question asked twice:

| answer | is read as |
| --- | --- |
| `4`, `4.0`, `"4"` | 4: the first two are the same integer of JSON, and some models write every value in quotes |
| `"4/5"`, `"4.0"`, `4.5`, `"four"`, `true`, `null` | invalid: on which scale, and which integer, would be a guess |
| 6 on a scale to 5 | invalid, never cut to 5 |
| two objects, a key twice, braces outside of the object | invalid: which one counts would be a guess |

Knows no model and no prompt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, cast

__all__ = ["Answer", "Scale", "Unusable", "read_answer", "schema_of", "shortened"]

_FENCE = re.compile(r"^[ \t]*`{3,}[ \t]*\w*[ \t]*$", re.MULTILINE)
_DIGITS = re.compile(r"\s*([0-9]{1,6})\s*")
_MOST = 20_000  # characters of an answer; a reason has some hundred
_REASON = 300


@dataclass(frozen=True, slots=True)
class Scale:
    """The integers that a judge may answer.

    Attributes:
        low: the least.
        high: the greatest.
        none: a further one, which says that there is nothing to score; None where there always is.
    """

    low: int = 1
    high: int = 5
    none: int | None = None

    @property
    def scores(self) -> tuple[int, ...]:
        """Those that are scores, in their order."""
        return tuple(range(self.low, self.high + 1))

    @property
    def choices(self) -> tuple[int, ...]:
        """All that may be answered."""
        return self.scores if self.none is None else (self.none, *self.scores)


class Answer(NamedTuple):
    """A valid answer."""

    score: int
    reason: str


class Unusable(Exception):
    """An answer that is none; the message says what is wrong with it, to people and to the model."""


def schema_of(scale: Scale, *, bounded: bool = True) -> dict[str, object]:
    """The JSON schema of an answer: the reason first, so that the score follows from it.

    Args:
        scale: of the score.
        bounded: the reason's length is bounded; small models do not end on their own, and some vendors refuse the bound.
    """
    reason: dict[str, object] = {"type": "string", "maxLength": _REASON} if bounded else {"type": "string"}
    return {
        "type": "object",
        "properties": {"reason": reason, "score": {"type": "integer", "enum": list(scale.choices)}},
        "required": ["reason", "score"],
        "additionalProperties": False,
    }


def read_answer(text: str, scale: Scale) -> Answer:
    """The answer in a model's text.

    Raises:
        Unusable: there is none, or more than one.
    """
    if not text.strip():
        raise Unusable("it is empty")
    if len(text) > _MOST:
        raise Unusable(f"it has {len(text):,} characters")
    plain = _FENCE.sub("", text)
    start, end = plain.find("{"), plain.rfind("}")
    if start < 0 or end < start:
        raise Unusable("it has no JSON object")
    try:
        found: Any = json.loads(plain[start : end + 1], object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unusable("it is not one valid JSON object") from None
    about = cast("dict[str, Any]", found)
    for key in ("reason", "score"):
        if key not in about:
            raise Unusable(f"its JSON object has no {key!r}")
    if not isinstance(about["reason"], str):
        raise Unusable("its 'reason' is no text")
    return Answer(_score(about["score"], scale), about["reason"].strip())


def shortened(text: str, most: int = 200) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _score(value: Any, scale: Scale) -> int:
    found: int | None = None
    if isinstance(value, str) and (match := _DIGITS.fullmatch(value)):
        found = int(match[1])
    elif isinstance(value, float) and value.is_integer():
        found = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    if found is None or found not in scale.choices:
        allowed = ", ".join(map(str, scale.choices))
        raise Unusable(f"its 'score' is {shortened(json.dumps(value), 40)}, not one of {allowed}")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _refuse(_name: str) -> NoReturn:
    raise ValueError("no JSON")
