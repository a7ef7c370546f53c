"""One assertion on one answer, so far as that can be computed. Asks nobody and runs no code of a configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

from ferrata.errors import UsageError
from ferrata.evals.assertions import markup, overlap
from ferrata.evals.assertions.kinds import why_not
from ferrata.evals.assertions.patterns import matches_pattern
from ferrata.evals.assertions.tools import calls_problem, tools_f1
from ferrata.evals.assertions.types import Outcome
from ferrata.prompts import is_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.evals.assertions.types import Assertion

__all__ = ["compute_assertion", "text_of"]

_SIMILAR: Final = {"rouge-n": (overlap.rouge_n, 0.75), "bleu": (overlap.bleu, 0.5), "gleu": (overlap.gleu, 0.5)}


def compute_assertion(assertion: Assertion, values: Mapping[str, Any]) -> Outcome:
    """What comes of an assertion.

    Args:
        assertion: one of any kind.
        values: of the row: `response`; where known `latency_ms`, `cost` (US dollars), `finish_reason`, `tools`.

    Returns:
        An outcome without a score where it cannot be computed, with the reason.
    """
    if assertion.transform:
        return Outcome(None, None, "its `transform` is code of the configuration, which is not run")
    reason = why_not(assertion.kind)
    if reason:
        return Outcome(None, None, reason)
    answer = values.get("response")
    try:
        if assertion.kind in _SIMILAR:
            return _similar(assertion, text_of(answer))
        if assertion.kind == "tool-call-f1":
            return _tools_f1(assertion, answer)
        holds, why = _CHECKS[assertion.kind](assertion, text_of(answer), values)
    except UsageError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Outcome(None, None, f"{error.message}{hint}")
    passed = holds != assertion.negated
    return Outcome(
        float(passed), passed, "" if passed else (why if not assertion.negated else "it holds, and must not")
    )


def text_of(answer: Any) -> str:
    """An answer as text; what is no text as JSON."""
    if isinstance(answer, str):
        return answer
    return "" if answer is None else json.dumps(answer, ensure_ascii=False, separators=(",", ":"), default=str)


def _similar(assertion: Assertion, text: str) -> Outcome:
    measure, usual = _SIMILAR[assertion.kind]
    score = measure(text, _texts(assertion))
    threshold = usual if assertion.threshold is None else assertion.threshold
    passed = (score >= threshold) != assertion.negated
    return Outcome(
        1 - score if assertion.negated else score, passed, f"{assertion.kind} {score:.3f}, threshold {threshold:g}"
    )


def _tools_f1(assertion: Assertion, answer: Any) -> Outcome:
    given = assertion.value
    names = str(given).split(",") if isinstance(given, str) else [str(item) for item in _texts(assertion)]
    expected = {name.strip() for name in names if name.strip()}
    if not expected:
        raise UsageError("it names no tool")
    score = tools_f1(answer, expected)
    threshold = 1.0 if assertion.threshold is None else assertion.threshold
    passed = (score >= threshold) != assertion.negated
    return Outcome(score, passed, f"F1 of the tools called {score:.3f}, threshold {threshold:g}")


def _equals(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    wanted: Any = assertion.value
    if isinstance(wanted, dict | list):
        try:
            return markup.parse_json(text) == cast("object", wanted), "it is not the expected JSON"
        except ValueError:
            return False, "it is no JSON"
    return text == _text(assertion), f"it is not {_cut(_text(assertion))!r}"


def _contains(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    wanted = _texts(assertion)
    if not all(wanted):
        raise UsageError("an empty text is in every answer")
    if assertion.kind.startswith("i"):
        text, wanted = text.lower(), [one.lower() for one in wanted]
    missing = [one for one in wanted if one not in text]
    holds = len(missing) < len(wanted) if assertion.kind.endswith("-any") else not missing
    return holds, f"it lacks {', '.join(repr(_cut(one)) for one in missing[:5])}"


def _starts_with(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    return text.startswith(_text(assertion)), f"it does not begin with {_cut(_text(assertion))!r}"


def _ends_with(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    return text.endswith(_text(assertion)), f"it does not end with {_cut(_text(assertion))!r}"


def _regex(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    return matches_pattern(_text(assertion), text), f"it does not match {_cut(_text(assertion))!r}"


def _refusal(_assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    return not text.strip() or is_refusal(text), "it is no refusal"


def _words(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    count = len(text.split())
    value = assertion.value
    bounds = cast("dict[str, Any]", value) if isinstance(value, dict) else {"min": value, "max": value}
    least, most = _number(bounds.get("min", 0)), _number(bounds.get("max", float("inf")))
    return least <= count <= most, f"it has {count} words"


def _is_json(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    try:
        value = markup.parse_json(text)
    except ValueError as error:
        return False, f"it is no JSON: {error}"
    schema = _schema(assertion)
    problem = "" if schema is None else markup.schema_problem(value, schema)
    return not problem, problem


def _contains_json(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    problem, schema = "there is no JSON in it", _schema(assertion)
    for value in markup.json_in(text):
        problem = "" if schema is None else markup.schema_problem(value, schema)
        if not problem:
            break
    return not problem, problem


def _schema(assertion: Assertion) -> Any:
    value = assertion.value
    if not isinstance(value, str):
        return value
    try:
        return yaml.safe_load(value) if value.strip() else None
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"the JSON schema cannot be read: {error}") from None


def _xml(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    root = markup.xml_in(text, whole=assertion.kind == "is-xml")
    if root is None:
        return False, "it is no XML" if assertion.kind == "is-xml" else "there is no XML in it"
    value = assertion.value
    about = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    lacks = markup.xml_lacks(root, [str(path) for path in cast("list[Any]", about.get("requiredElements") or [])])
    return not lacks, f"it has no element {lacks!r}"


def _html(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    holds = markup.is_html(text) if assertion.kind == "is-html" else markup.holds_html(text)
    return holds, "it is no HTML" if assertion.kind == "is-html" else "there is no HTML in it"


def _levenshtein(assertion: Assertion, text: str, _values: Mapping[str, Any]) -> tuple[bool, str]:
    from ferrata.evals.metrics import edit_distance

    most = 5 if assertion.threshold is None else int(assertion.threshold)
    distance = edit_distance(text, _text(assertion), most=max(most, 0))
    return distance <= most, f"it differs in more than {most} characters"


def _limit(key: str, unit: str) -> Callable[[Assertion, str, Mapping[str, Any]], tuple[bool, str]]:
    def check(assertion: Assertion, _text: str, values: Mapping[str, Any]) -> tuple[bool, str]:
        if values.get(key) is None:
            raise UsageError(f"the row has no {key!r}")
        if assertion.threshold is None:
            raise UsageError("it has no threshold")
        seen = _number(values[key])
        return seen <= assertion.threshold, f"{seen:g} {unit} is more than {assertion.threshold:g}"

    return check


def _finish(assertion: Assertion, _text_of: str, values: Mapping[str, Any]) -> tuple[bool, str]:
    if values.get("finish_reason") is None:
        raise UsageError("the row has no 'finish_reason'")
    seen = str(values["finish_reason"])
    return seen.lower() == _text(assertion).lower(), f"it ended with {seen!r}"


def _calls(_assertion: Assertion, _text_of: str, values: Mapping[str, Any]) -> tuple[bool, str]:
    problem = calls_problem(values.get("response"), values.get("tools"))
    return not problem, problem


_CHECKS: Final[Mapping[str, Callable[[Assertion, str, Mapping[str, Any]], tuple[bool, str]]]] = {
    "equals": _equals,
    **dict.fromkeys(
        ("contains", "icontains", "contains-any", "contains-all", "icontains-any", "icontains-all"), _contains
    ),
    "starts-with": _starts_with,
    "ends-with": _ends_with,
    "regex": _regex,
    "is-refusal": _refusal,
    "word-count": _words,
    "is-json": _is_json,
    "contains-json": _contains_json,
    **dict.fromkeys(("is-xml", "contains-xml"), _xml),
    **dict.fromkeys(("is-html", "contains-html"), _html),
    "levenshtein": _levenshtein,
    "latency": _limit("latency_ms", "ms"),
    "cost": _limit("cost", "USD"),
    "finish-reason": _finish,
    **dict.fromkeys(("is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call"), _calls),
}


def _text(assertion: Assertion) -> str:
    value = assertion.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise UsageError("it has no text to compare with")
    return value if isinstance(value, str) else f"{value:.15g}"


def _texts(assertion: Assertion) -> list[str]:
    value = assertion.value
    if not isinstance(value, list):
        if assertion.kind.endswith(("-any", "-all")) and isinstance(value, str):
            return [item.strip() for item in value.split(",")]
        return [_text(assertion)]
    if not value:
        raise UsageError("it has nothing to compare with")
    return [item if isinstance(item, str) else text_of(item) for item in cast("list[Any]", value)]


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{value!r} is no number") from None


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
