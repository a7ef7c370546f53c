"""The parts that a system message should have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ferrata.prompts.lint.rules import words
from ferrata.prompts.lint.types import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts

__all__ = ["check_framework"]

# Rule -> the part that must be there, in the order of the framework.
_PARTS: Final = {
    "framework.role": "role",
    "framework.audience": "audience",
    "framework.scope": "scope",
    "framework.refusal": "refusal",
    "framework.safety": "safety",
    "framework.tools": "tools",
    "framework.output": "output",
    "framework.unsure": "unsure",
}


def check_framework(facts: Facts) -> Iterator[Hit]:
    """Each part that the system message lacks."""
    if facts.prompt.model.api not in ("chat", "responses"):
        return
    if not facts.system.strip():
        yield Hit("framework.system", facts.prompt.body_line, "there is no system message")
        return
    for rule, part in _PARTS.items():
        if part == "tools":
            yield from _tools(facts)
        elif part == "output" and facts.prompt.output is not None and facts.prompt.output.schema:
            continue  # a schema says more than words
        elif not words().parts[part].search(facts.system):
            yield Hit(rule, facts.system_line, f"the system message has no {_NAMES[part]}")


_NAMES: Final = {
    "role": "role and task",
    "audience": "audience and tone",
    "scope": "scope and boundaries",
    "refusal": "word on what to do when it cannot comply",
    "safety": "safety guidelines",
    "output": "output format",
    "unsure": "word on what to do when unsure",
}


def _tools(facts: Facts) -> Iterator[Hit]:
    """Where there are tools or documents, the system message says what they are for."""
    documents = sorted({one.name for one in facts.prints if words().documents.search(one.name)})
    tools = [tool.name for tool in facts.prompt.tools]
    if not tools and not documents:
        return
    if any(name in facts.system for name in tools) or words().parts["tools"].search(facts.system):
        return
    named = ", ".join([*tools, *documents])
    yield Hit("framework.tools", facts.system_line, f"the system message does not say what {named} is for")
