"""The rules that are declared in `rules.yaml`, and the words in `words.yaml` that they look for."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ferrata.documents import Document, read_document
from ferrata.prompts.lint.types import Rule

__all__ = ["Opposites", "lint_rules", "words"]

_HERE = Path(__file__).parent


class _Rules(Document):
    rules: list[Rule]


class Opposites(Document):
    """Two instructions that cannot both be followed: patterns, and what they say."""

    one: str
    other: str
    says: str


class _Words(Document):
    parts: dict[str, list[str]]
    opposites: list[Opposites]
    untrusted: str
    documents: str
    step_by_step: str
    reasoning_models: str


class Words:
    """The patterns, compiled."""

    def __init__(self, found: _Words) -> None:
        self.parts = {name: _any(patterns) for name, patterns in found.parts.items()}
        self.opposites = [(re.compile(o.one, _FLAGS), re.compile(o.other, _FLAGS), o.says) for o in found.opposites]
        self.untrusted = re.compile(found.untrusted, re.IGNORECASE)
        self.documents = re.compile(found.documents, re.IGNORECASE)
        self.step_by_step = re.compile(found.step_by_step, re.IGNORECASE)
        self.reasoning_models = re.compile(found.reasoning_models, re.IGNORECASE)


_FLAGS = re.IGNORECASE | re.MULTILINE


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), _FLAGS)


@cache
def lint_rules() -> dict[str, Rule]:
    """The rules by id."""
    return {rule.id: rule for rule in read_document(_HERE / "rules.yaml", _Rules).rules}


@cache
def words() -> Words:
    """What the checks look for in English text."""
    return Words(read_document(_HERE / "words.yaml", _Words))
