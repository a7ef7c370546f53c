"""Advice and parameters that do not suit the family of the model that the prompt is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ferrata.prompts.lint.checks.fewshot import examples_of
from ferrata.prompts.lint.rules import words
from ferrata.prompts.lint.types import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts

__all__ = ["check_family"]

_SAMPLING: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty")


def check_family(facts: Facts) -> Iterator[Hit]:
    """What a reasoning model does better without."""
    name = facts.prompt.model.name
    if not words().reasoning_models.search(name):
        return
    for line, text in facts.instructions:
        match = words().step_by_step.search(text)
        if match:
            yield Hit("family.step-by-step", line, f"{name} reasons by itself, and is told to: {match[0]!r}")
            break
    examples = examples_of(facts)
    if examples is not None and examples.number > 2:
        yield Hit(
            "family.examples",
            examples.line,
            f"{examples.number} examples for {name}, which does better with few or none",
        )
    for key in _SAMPLING:
        if key in facts.prompt.model.parameters:
            line = next(
                (i for i, row in enumerate(facts.prompt.text.splitlines(), 1) if key in row or _camel(key) in row), 1
            )
            yield Hit("family.parameters", line, f"{name} takes no `{key}`")


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.title() for word in rest)
