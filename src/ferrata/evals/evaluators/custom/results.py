"""What an evaluator's result means, whatever it was written for: a number, a word, keys of azure-ai-evaluation, scores.

Nothing is guessed of words but `pass` and `fail`, and nothing becomes a silent NaN: what is no score is a failed one that says what came.
Knows no evaluator.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from ferrata.evals.evaluators.base import failed
from ferrata.evals.types import Score, passes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.evals.types import Measure

__all__ = ["scores_of"]

_shortener = reprlib.Repr()
_shortener.maxstring = _shortener.maxother = _shortener.maxlong = 80
# Of a score K: `K_score`, `K_result`, ...; without `K_` they belong to the main score.
_PARTS = ("score", "result", "passed", "threshold", "reason", "label", "status", "properties")
# One of these without `K_` says that a result speaks of the main score alone.
_OF_MAIN = frozenset({"score", "result", "passed", "pass", "label"})
# Facts about a judge's call that azure-ai-evaluation puts beside its score.
_FACTS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "finish_reason",
    "model",
    "sample_input",
    "sample_output",
)
_VERDICTS = {"pass": True, "fail": False}


def scores_of(found: Any, measures: Sequence[Measure]) -> list[Score]:
    """The scores that a result of an evaluator stands for.

    Args:
        found: a number, a bool, a text (a label), None (missing), a `Score`, several of them, or a dict with
            `K`, `K_score`, `K_result`, `K_passed`, `K_threshold`, `K_reason`, `K_label`, `K_status`, `K_properties`.
        measures: what the evaluator is known to give, the main one first; further keys may come. The only score of a result that
            has another key than these is the main one.

    Returns:
        At least one; a measure's threshold, where it has one, decides over what the result says of itself.
    """
    main = measures[0].key
    scores = _read(found, main)
    if isinstance(scores, str):
        return failed(measures, scores)
    known = {measure.key: measure for measure in measures}
    if len(scores) == 1 and scores[0].key not in known:
        scores = [replace(scores[0], key=main)]
    return [_decided(score, known.get(score.key)) for score in scores]


def _read(found: Any, main: str) -> list[Score] | str:
    """The scores before any threshold is applied, or why there are none."""
    if isinstance(found, Score):
        return [_checked(found, main)]
    if isinstance(found, Mapping):
        return _of_keys(cast("Mapping[Any, Any]", found), main)
    if isinstance(found, list | tuple):
        several = cast("Sequence[Any]", found)
        if several and all(isinstance(score, Score) for score in several):
            return [_checked(score, main) for score in several]
        return f"it gave {_short(found)}, which is no score"
    if isinstance(found, str):
        return [_made(main, {"label": found})]
    if found is None or _is_number(found):
        return [_made(main, {"score": found})]
    return f"it gave {_short(found)}, which is no score"


def _of_keys(found: Mapping[Any, Any], main: str) -> list[Score] | str:
    about: dict[str, dict[str, Any]] = {}
    names = {str(name) for name in found}
    for name, value in found.items():
        key, part = _split(str(name), names, main)
        if str(name) == key:
            about.setdefault(key, {})["score"] = value
        else:
            about.setdefault(key, {}).setdefault(part, value)
    scored = {key: parts for key, parts in about.items() if _is_score(key, parts, main, alone=len(about) == 1)}
    if not scored:
        return f"it gave {_short(found)}, in which there is no score"
    scores = [_made(key, parts) for key, parts in scored.items()]
    if beside := {key: parts["score"] for key, parts in about.items() if key not in scored}:
        at = next((place for place, score in enumerate(scores) if score.key == main), 0)
        scores[at] = replace(scores[at], properties={**scores[at].properties, **beside})
    return scores


def _split(name: str, names: set[str], main: str) -> tuple[str, str]:
    """The key of a score and the part of it that a name stands for."""
    if names & _OF_MAIN and (name in _PARTS or name == "pass"):
        return main, name
    if any(f"{name}_{part}" in names for part in _PARTS):  # a key that happens to end like a part, as f1_score
        return name, "score"
    for part in (*_PARTS, *_FACTS):
        key = name.removesuffix(f"_{part}")
        if key != name and key and (key in names or key == main or any(f"{key}_{p}" in names - {name} for p in _PARTS)):
            return key, part
    return name, "score"


def _is_score(key: str, parts: Mapping[str, Any], main: str, *, alone: bool) -> bool:
    """Whether parts speak of a score; else they are one more fact about the main one."""
    if key == main or parts.keys() - {"score"}:
        return True
    value = parts.get("score")
    return value is None or _is_number(value) or (alone and isinstance(value, str))


def _made(key: str, parts: Mapping[str, Any]) -> Score:
    """A score of its parts: `score`, `passed`, `label` and so on."""
    value, label = parts.get("score"), parts.get("label")
    if isinstance(value, str):
        value, label = None, value if label is None else label
    label = "" if label is None else str(label)
    passed = _verdict(parts)
    if value is None and passed is not None and parts.get("score") is None and "score" not in parts:
        value = passed
    number, problem = _number(value)
    properties = parts.get("properties")
    further = dict(cast("Mapping[str, Any]", properties)) if isinstance(properties, Mapping) else {}
    further |= {part: parts[part] for part in _FACTS if parts.get(part) not in (None, "")}
    score = Score(
        key,
        number,
        passed,
        _number(parts.get("threshold"))[0],
        label,
        str(parts.get("reason") or ""),
        "completed",
        further,
    )
    if number is not None:
        return replace(score, status="completed")
    status = str(parts.get("status") or "").lower()
    if status == "skipped":
        return replace(score, status="skipped", passed=None)
    if label and status not in ("failed", "error"):
        return score
    why = "; ".join(text for text in (problem, score.reason) if text)
    return replace(score, status="failed", passed=None, reason=why)


def _verdict(parts: Mapping[str, Any]) -> bool | None:
    """What a result says of itself: passed or not."""
    for part in ("passed", "pass", "result", "score", "label"):
        value = parts.get(part)
        if isinstance(value, str):
            value = _VERDICTS.get(value.strip().lower())
        elif value is not None and type(value).__name__ in ("bool_", "bool"):  # numpy's as well
            value = bool(value)
        if isinstance(value, bool):
            return value
    return None


def _number(value: Any) -> tuple[float | None, str]:
    """A value as a float, or why it is none."""
    if value is None:
        return None, "it gave no value"
    if not _is_number(value):
        return None, f"it gave {_short(value)}, which is no number"
    try:
        number = float(value)
    except (OverflowError, ValueError):  # a whole number of more than 308 digits, a signalling NaN
        return None, f"it gave {_short(value)}"
    return (number, "") if math.isfinite(number) else (None, f"it gave {number}")


def _is_number(value: Any) -> bool:
    # A scalar of numpy or torch says so by its empty shape; it need not be installed here.
    return isinstance(value, Real | Decimal) or (getattr(value, "shape", None) == () and hasattr(value, "__float__"))


def _checked(score: Score, main: str) -> Score:
    """A score that somebody has made by hand: with a key, and its value a float or None."""
    key = score.key or main
    if score.value is None:
        return replace(score, key=key)
    number, problem = _number(score.value)
    if number is None:
        why = f"{problem}; {score.reason}" if score.reason else problem
        return replace(score, key=key, value=None, passed=None, status="failed", reason=why)
    return replace(score, key=key, value=number)


def _decided(score: Score, measure: Measure | None) -> Score:
    """A score against its measure's threshold, or against its own."""
    if score.value is None:
        threshold = score.threshold if measure is None or measure.threshold is None else measure.threshold
        return replace(score, threshold=threshold)
    if measure is not None and measure.threshold is not None:
        return replace(score, threshold=measure.threshold, passed=passes(score.value, measure))
    if score.passed is None and score.threshold is not None:
        better = measure is None or measure.higher_is_better
        return replace(score, passed=score.value >= score.threshold if better else score.value <= score.threshold)
    return score


def _short(value: Any) -> str:
    try:
        return _shortener.repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return f"a number of type {type(value).__name__}"
