"""Writes a prompt's first version: every part of the system-message framework, and one technique worked out."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ferrata.documents import Document, read_document
from ferrata.errors import UsageError
from ferrata.prompts.dialects import close_to, convert_prompt, parse_prompt

if TYPE_CHECKING:
    from ferrata.prompts.types import Dialect

__all__ = ["Technique", "new_prompt", "techniques"]

_FILE = Path(__file__).parent / "techniques.yaml"
_SECTIONS = {
    "role": "Role and task",
    "audience": "Audience and tone",
    "scope": "Scope",
    "safety": "Safety",
    "data": "Tools and data",
    "steps": "How to work",
    "examples": "Examples",
    "output": "Output format",
    "unsure": "When unsure",
    "check": "Before you answer",
}


class _Turn(Document):
    user: str
    assistant: str


class Technique(Document):
    """A technique, and what of the scaffold it changes.

    Attributes:
        title: its name.
        when: what it is for, and what not.
        sections: text of the system message by section; `role`, `scope` and so on replace those of the framework.
        inputs: the inputs, as Prompty v2 has them.
        outputs: the fields of the answer, where it is JSON.
        turns: examples, as a conversation.
        user: the user's message.
    """

    title: str
    when: str
    sections: dict[str, str] = {}
    inputs: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []
    turns: list[_Turn] = []
    user: str = ""


class _Techniques(Document):
    framework: Technique
    techniques: dict[str, Technique]


@cache
def _read() -> _Techniques:
    return read_document(_FILE, _Techniques)


def techniques() -> dict[str, Technique]:
    """The techniques by name."""
    return _read().techniques


def new_prompt(name: str, *, technique: str | None = None, dialect: Dialect = "prompty-v2", model: str = "") -> str:
    """The text of a new `.prompty` file.

    Args:
        name: the prompt's name.
        technique: one of `techniques`; the framework alone where none is given.
        dialect: to write it in.
        model: the model that it is for.

    Raises:
        UsageError: there is no such technique or dialect.
    """
    base = _read().framework
    chosen = base
    if technique is not None:
        found = techniques().get(technique)
        if found is None:
            meant = close_to(technique, techniques())
            hint = f"did you mean {meant!r}?" if meant else f"known are {', '.join(techniques())}"
            raise UsageError(f"no such technique: {technique!r}", hint=hint)
        chosen = found
    sections = {**base.sections, **chosen.sections}
    header: dict[str, Any] = {"name": name, "description": chosen.when.strip()}
    if model:
        header["model"] = {"id": model}
    header["inputs"] = chosen.inputs or base.inputs
    if chosen.outputs:
        header["outputs"] = chosen.outputs
    header["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    lines = ["system:"]
    for key, title in _SECTIONS.items():
        if sections.get(key):
            lines += [f"# {title}", sections[key].strip(), ""]
    for turn in chosen.turns:
        lines += ["user:", turn.user.strip(), "", "assistant:", turn.assistant.strip(), ""]
    lines += ["user:", (chosen.user or base.user).strip()]
    front = yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=100)
    text = f"---\n{front}---\n" + "\n".join(lines) + "\n"
    return convert_prompt(parse_prompt(text), dialect).text
