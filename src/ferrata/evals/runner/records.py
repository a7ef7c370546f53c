"""What is kept of a run: a line of JSON for each answer that came, of the target or of a judge.

A row has parts: the target's, with what was computed of it, and one for each judge. The part of row `n` (repeats counted) with number
`p` of `P` has the line number `n * P + p`. Knows no file.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

import orjson

from ferrata.errors import FerrataError
from ferrata.evals.types import Score
from ferrata.redaction import hide_secrets
from ferrata.runs import Head, Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.messages import Usage

__all__ = ["as_text", "compact", "error_of", "key_of", "part_record", "read_score", "sorted_text"]


def as_text(value: Any) -> str:
    """What stands for a value that JSON does not know."""
    return str(value)


_OPTIONS = orjson.OPT_NON_STR_KEYS
_encode_any = json.JSONEncoder(ensure_ascii=False, default=as_text).encode
_encode_sorted = json.JSONEncoder(ensure_ascii=False, default=as_text, sort_keys=True).encode


def _encode(value: Any) -> bytes:
    """As JSON, NaN as null; by orjson, which takes a tenth of the time, where that knows all that is in it."""
    try:
        return orjson.dumps(value, default=as_text, option=_OPTIONS)
    except TypeError:  # a number beyond 64 bits, half a surrogate pair
        return _encode_any(value).encode("utf-8", "backslashreplace")


def sorted_text(value: Any) -> str:
    """A value as JSON, the same for the same value."""
    try:
        return orjson.dumps(value, default=as_text, option=_OPTIONS | orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        pass
    try:
        return _encode_sorted(value)
    except TypeError:  # keys of several kinds
        return repr(value)


def key_of(*parts: str) -> str:
    """The digest of what was asked: 16 hexadecimal digits."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def error_of(error: BaseException) -> dict[str, Any]:
    """An exception as data, without secrets."""
    codes = getattr(error, "codes", None)
    code = codes[0] if codes else type(error).__name__
    hint = error.hint if isinstance(error, FerrataError) else ""
    return {"code": str(code), "message": hide_secrets(str(error)), "hint": hint}


def part_record(
    number: int, body: Mapping[str, Any], *, completed: bool, usage: Usage | None, cost: float | None, key: str
) -> Record:
    """The line of a part.

    Args:
        number: its line number.
        body: what it holds.
        completed: somebody answered.
        usage: tokens that it took.
        cost: US dollars that it took.
        key: the digest of what was asked; empty: not to be used again.
    """
    head = Head(
        number,
        completed,
        usage.input_tokens if usage else 0,
        usage.output_tokens if usage else 0,
        cost,
    )
    text = f'{{"line_number": {number}, "status": "{"Completed" if completed else "Failed"}"'
    if usage is not None:
        text += f', "tokens": [{usage.input_tokens}, {usage.output_tokens}]'
    if cost is not None:
        text += f', "cost_usd": {cost!r}'
    if key:
        text += f', "key": "{key}"'
    try:
        rest = _encode(body)
    except (TypeError, ValueError, RecursionError):
        rest = _encode({name: _or_its_text(value) for name, value in body.items()})
    begun = text.encode()
    return Record(head, b"".join((begun, b", ", rest[1:], b"\n") if len(rest) > 2 else (begun, b"}\n")))


def _or_its_text(value: Any) -> Any:
    try:
        return json.loads(_encode(value))
    except (TypeError, ValueError, RecursionError):
        return object.__repr__(value)


def compact(scores: Sequence[Score]) -> dict[str, dict[str, Any]]:
    """Scores by key, without what says nothing."""
    return {score.key: _compact(score) for score in scores}


def _compact(score: Score) -> dict[str, Any]:
    found: dict[str, Any] = {"score": score.value}
    if score.passed is not None:
        found["passed"] = score.passed
    if score.threshold is not None:
        found["threshold"] = score.threshold
    if score.label:
        found["label"] = score.label
    if score.reason:
        found["reason"] = score.reason
    if score.status != "completed":
        found["status"] = score.status
    if score.properties:
        found["properties"] = score.properties
    return found


def read_score(key: str, about: Mapping[str, Any]) -> Score:
    """The score that `compact` wrote."""
    return Score(
        key,
        about.get("score"),
        about.get("passed"),
        about.get("threshold"),
        about.get("label", ""),
        about.get("reason", ""),
        about.get("status", "completed"),
        cast("Mapping[str, Any]", about.get("properties") or {}),
    )
