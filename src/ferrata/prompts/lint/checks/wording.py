"""What the instructions say: contradictions, and words that do not fit the form of the answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ferrata.prompts.lint.rules import words
from ferrata.prompts.lint.types import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts

__all__ = ["check_wording"]

_BOUND = re.compile(
    r"\b(?P<most>at most|no more than|a maximum of|maximum|up to|under|fewer than)?(?P<least>at least|a minimum of|minimum|more than)?"
    r"\s+(?P<number>\d+|one|two|three|four|five|ten)\s+(?P<unit>words?|sentences?|paragraphs?|bullet points?|bullets?|lines?|characters?)\b",
    re.IGNORECASE,
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_ASKS_JSON = re.compile(
    r"\b(?:answer|respond|reply|return|output|write|produce|give)\b[^.\n]{0,60}\bjson\b|\bonly accepts json\b",
    re.IGNORECASE,
)
_IF = re.compile(r"^\s*(?:[-*\d.]+\s*)?(?:if|when|unless|for)\b", re.IGNORECASE)


class _Said(NamedTuple):
    line: int
    text: str


def check_wording(facts: Facts) -> Iterator[Hit]:
    """Contradictions, and JSON that is asked for by words or by parameters only."""
    yield from _opposites(facts)
    yield from _bounds(facts)
    text = "\n".join(line for _, line in facts.instructions)
    output = facts.prompt.output
    if output is not None and output.schema is None and not _JSON.search(text):
        yield Hit("wording.json-not-said", facts.system_line, "the answer must be JSON, but no instruction says so")
    if output is None and not facts.prompt.outputs:
        asked = next((line for line, said in facts.instructions if _ASKS_JSON.search(said)), None)
        if asked is not None:
            yield Hit("wording.json-not-declared", asked, "JSON is asked for by words only")


def _opposites(facts: Facts) -> Iterator[Hit]:
    for one, other, says in words().opposites:
        first = _find(facts, one)
        second = _find(facts, other, but=one)
        if first and second:
            line = max(first.line, second.line)
            yield Hit(
                "wording.contradiction",
                line,
                f"the answer is to be {says}: {first.text!r} (line {first.line}) and {second.text!r} (line {second.line})",
            )


def _find(facts: Facts, pattern: re.Pattern[str], *, but: re.Pattern[str] | None = None) -> _Said | None:
    """Where a pattern is said without a condition, and not as part of the opposite."""
    for line, text in facts.instructions:
        if _IF.match(text):
            continue
        rest = but.sub("", text) if but else text
        match = pattern.search(rest)
        if match:
            return _Said(line, match[0].strip())
    return None


def _bounds(facts: Facts) -> Iterator[Hit]:
    most: dict[str, tuple[int, _Said]] = {}
    least: dict[str, tuple[int, _Said]] = {}
    for line, text in facts.instructions:
        for match in _BOUND.finditer(text):
            unit = match["unit"].lower().removesuffix("s").replace("bullet point", "bullet")
            number = _NUMBERS.get(match["number"].lower()) or int(match["number"])
            if match["most"]:
                most[unit] = (number, _Said(line, match[0].strip()))
            elif match["least"]:
                least[unit] = (number, _Said(line, match[0].strip()))
    for unit, (number, said) in least.items():
        if unit in most and most[unit][0] < number:
            other = most[unit][1]
            text = f"{other.text!r} (line {other.line}) and {said.text!r} (line {said.line}) cannot both be kept"
            yield Hit("wording.contradiction", max(said.line, other.line), text)
