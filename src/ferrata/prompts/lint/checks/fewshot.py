"""Examples that take more room than they are worth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ferrata.prompts.lint.types import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts, Segment

__all__ = ["check_examples", "examples_of"]

MOST_EXAMPLES: Final = 8
MOST_TOKENS: Final = 1_500
_LONG_TOKENS: Final = 400
_SHARE: Final = 0.6
_HEADING = re.compile(
    r"^[ \t]*(?:#+[ \t]*)?(?:few[- ]shot )?examples?\b[^\n]{0,40}:?[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_NEXT = re.compile(r"^[ \t]*#+[ \t]*(?!.*example)\S", re.IGNORECASE | re.MULTILINE)
_BEGIN = re.compile(
    r"^[ \t]*(?:[-*] )?(?:<example>|(?:q|question|input|user|customer|text)[ \t]*\d*:)", re.IGNORECASE | re.MULTILINE
)


class Examples(NamedTuple):
    """The examples in a prompt: how many (`number`), of how many tokens (four characters each), from which line."""

    number: int
    tokens: int
    line: int


def examples_of(facts: Facts) -> Examples | None:
    """The examples that the template shows; None where it shows none."""
    count, characters, line = 0, 0, 0
    turns = [s for s in facts.segments if s.role in ("user", "assistant") and "{{" not in s.text]
    for i, segment in enumerate(turns):
        if segment.role == "assistant" and segment.text.strip():
            count += 1
            characters += len(segment.text) + (len(turns[i - 1].text) if i and turns[i - 1].role == "user" else 0)
            line = line or turns[max(i - 1, 0)].line
    for segment in facts.segments:
        found = _section(segment)
        if found is not None:
            text, at = found
            count += max(1, len(_BEGIN.findall(text)))
            characters += len(text)
            line = line or at
    return Examples(count, characters // 4, line) if count else None


def _section(segment: Segment) -> tuple[str, int] | None:
    match = _HEADING.search(segment.text)
    if match is None:
        return None
    end = _NEXT.search(segment.text, match.end())
    text = segment.text[match.end() : end.start() if end else len(segment.text)]
    return text, segment.line + segment.text.count("\n", 0, match.start())


def check_examples(facts: Facts) -> Iterator[Hit]:
    """Few-shot sections that are too long."""
    found = examples_of(facts)
    if found is None:
        return
    whole = max(1, sum(len(segment.text) for segment in facts.segments) // 4)
    share = found.tokens / whole
    if found.number > MOST_EXAMPLES:
        yield Hit("examples.too-long", found.line, f"{found.number} examples; more than {MOST_EXAMPLES} seldom help")
    elif found.tokens > MOST_TOKENS or (found.tokens > _LONG_TOKENS and share > _SHARE):
        yield Hit(
            "examples.too-long",
            found.line,
            f"the examples take some {found.tokens:,} tokens, {share:.0%} of the prompt",
        )
