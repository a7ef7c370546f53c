"""Whether a check holds for an answer. Refusals are told by the words that they use, which is right most of the time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.errors import UsageError
from ferrata.prompts.triple.matching import search_within
from ferrata.prompts.triple.types import Check, CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.messages import OutputSchema

__all__ = ["check_answer", "is_refusal"]

_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am)? (?:sorry|afraid|not able|unable|cannot|can't|can not|won't|will not|don't (?:have|know)|do not (?:have|know))"
    r"|(?:cannot|can't|can not|unable to|not able to|won't be able to) (?:help|assist|answer|provide|do|discuss|write|support|comply|share|find)"
    r"|(?:only|just) (?:help|assist|answer|able to help)|outside (?:of )?(?:my|the|our) (?:scope|area)|not something i can"
    r"|(?:must|have to) decline|i decline|against (?:my|our) (?:rules|guidelines|policy)|please contact|service desk)",
    re.IGNORECASE,
)
_LEAK_WORDS: Final = 8
# Each run of marks is looked at once: an answer of nothing but dots must not take a time that grows with its square.
_SENTENCE_END: Final = re.compile(r"(?<![.!?])[.!?]++(?:\s|$)")
_JSON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def is_refusal(answer: str) -> bool:
    """Whether an answer declines."""
    return _REFUSAL.search(answer.replace("\u2019", "'")) is not None


def check_answer(check: Check, answer: str, *, system: str, output: OutputSchema | None) -> CheckResult:
    """Hold an answer against a check.

    Args:
        check: what must be true.
        answer: the text of the answer.
        system: the system message as it was sent.
        output: the JSON that the prompt asks for.

    Raises:
        UsageError: the check lacks its value, or its pattern is none.
    """
    ok, seen = _CHECKS[check.check](check, answer, system, output)
    return CheckResult(check, ok, seen)


def _answers(_check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    if not answer.strip():
        return False, "nothing was said"
    return (False, f"a refusal: {_cut(answer)}") if is_refusal(answer) else (True, "answered")


def _refuses(_check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    return (True, "declined") if is_refusal(answer) else (False, f"no refusal: {_cut(answer)}")


def _contains(check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    wanted = check.any or [_text(check)]
    found = [one for one in wanted if one.lower() in answer.lower()]
    return bool(
        found
    ), f"says {found[0]!r}" if found else f"does not say {' or '.join(map(repr, wanted))}: {_cut(answer)}"


def _not_contains(check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    found = [one for one in (check.any or [_text(check)]) if one.lower() in answer.lower()]
    return (False, f"says {found[0]!r}: {_cut(answer)}") if found else (True, "does not say it")


def _matches(check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    pattern = _text(check)
    try:
        start = search_within(pattern, answer)
    except ValueError as error:
        raise UsageError(f"no regular expression: {pattern!r}: {error}") from None
    except TimeoutError as error:
        return False, f"the pattern {_cut(pattern)!r} takes too long: {error}"
    except ChildProcessError as error:
        return False, f"the pattern {_cut(pattern)!r} cannot be searched for: {error}"
    return (False, f"does not match: {_cut(answer)}") if start is None else (True, f"matches at {start}")


def _json(_check: Check, answer: str, _system: str, output: OutputSchema | None) -> tuple[bool, str]:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return False, f"no JSON: {_cut(answer)}"
    problem = _schema_problem(value, output.schema if output and output.schema else {"type": "object"}, "the answer")
    return (False, problem) if problem else (True, "JSON of the right form")


def _schema_problem(value: Any, schema: Mapping[str, Any], where: str) -> str:
    """What is wrong with a value, so far as types, fields and choices say it."""
    kinds = _JSON_TYPES.get(str(schema.get("type")), ())
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        return f"{where} is {_cut(repr(value))}, not of the type {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is {_cut(repr(cast('object', value)))}, which is none of {schema['enum']}"
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        properties = cast("dict[str, Any]", schema.get("properties") or {})
        for name in cast("list[str]", schema.get("required") or []):
            if name not in fields:
                return f"{where} lacks {name!r}"
        for name, item in fields.items():
            if name in properties and (problem := _schema_problem(item, properties[name], f"{where}.{name}")):
                return problem
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for i, item in enumerate(cast("list[Any]", value)):
            if problem := _schema_problem(item, schema["items"], f"{where}[{i}]"):
                return problem
    return ""


def _no_leak(_check: Check, answer: str, system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    told, said = _words(system), _words(answer)
    known = {tuple(told[i : i + _LEAK_WORDS]) for i in range(len(told) - _LEAK_WORDS + 1)}
    for i in range(len(said) - _LEAK_WORDS + 1):
        if tuple(said[i : i + _LEAK_WORDS]) in known:
            return False, f"repeats the system message: {' '.join(said[i : i + _LEAK_WORDS])!r}"
    return True, "repeats nothing of the system message"


def _at_most_words(check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    count = len(_words(answer))
    return count <= _number(check), f"{count} words"


def _at_most_sentences(check: Check, answer: str, _system: str, _output: OutputSchema | None) -> tuple[bool, str]:
    count = len([part for part in _SENTENCE_END.split(answer) if part.strip()])
    return count <= _number(check), f"{count} sentences"


_CHECKS: Final = {
    "answers": _answers,
    "refuses": _refuses,
    "contains": _contains,
    "not-contains": _not_contains,
    "matches": _matches,
    "json": _json,
    "no-leak": _no_leak,
    "at-most-words": _at_most_words,
    "at-most-sentences": _at_most_sentences,
}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _text(check: Check) -> str:
    if not isinstance(check.value, str) or not check.value:
        raise UsageError(f"the check {check.check!r} needs a text as value")
    return check.value


def _number(check: Check) -> int:
    if not isinstance(check.value, int):
        raise UsageError(f"the check {check.check!r} needs a number as value")
    return check.value


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "..."
