"""What changed between two prompts: as text, as meaning, and in the messages that they make of the same rows."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import FerrataError
from ferrata.messages import Image
from ferrata.prompts.lint import template_parts
from ferrata.prompts.rendering import render_prompt
from ferrata.prompts.types import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ferrata.messages import Message
    from ferrata.prompts.types import Prompt

__all__ = ["Change", "Comparison", "RowChange", "compare_prompts", "prompt_meaning"]

_FAILED = "cannot be rendered: "


class Change(NamedTuple):
    """A field that differs; None where one side has no such field."""

    field: str
    before: object
    after: object


class RowChange(NamedTuple):
    """A row whose messages differ, and how; or why there are none."""

    row: int
    diff: str


class Comparison(NamedTuple):
    """All that differs.

    Attributes:
        text: a unified diff of the files.
        changes: fields that differ, in meaning and not in spelling.
        rows: how many rows were rendered.
        differing: those whose messages differ.
    """

    text: str
    changes: tuple[Change, ...]
    rows: int
    differing: tuple[RowChange, ...]


def compare_prompts(before: Prompt, after: Prompt, rows: Sequence[Mapping[str, object]] | None = None) -> Comparison:
    """Compare two prompts.

    Args:
        before: the older one.
        after: the newer one.
        rows: inputs to render both with; the samples of both where none are given. An input that one of them does not
            have is left out for that one.
    """
    lines = difflib.unified_diff(
        before.text.splitlines(keepends=True), after.text.splitlines(keepends=True), before.place, after.place
    )
    text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    samples = [sample for sample in (before.sample, after.sample) if sample]
    given: list[Mapping[str, object]] = (
        list(rows) if rows is not None else samples[: 1 if samples[1:] == samples[:1] else 2]
    )
    if not given and rows is None:
        given = [{}]
    differing: list[RowChange] = []
    for i, row in enumerate(given):
        old, new = _shown(before, row), _shown(after, row)
        if old == new and old[:1] and old[0].startswith(_FAILED):
            differing.append(RowChange(i, f"both: {old[0]}"))
        elif old != new:
            diff = difflib.unified_diff(old, new, "before", "after", lineterm="")
            differing.append(RowChange(i, "\n".join(diff)))
    return Comparison(
        text, tuple(_changes(prompt_meaning(before), prompt_meaning(after))), len(given), tuple(differing)
    )


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for field in sorted(before.keys() | after.keys()):
        if before.get(field) != after.get(field):
            yield Change(field, before.get(field), after.get(field))


def prompt_meaning(prompt: Prompt) -> dict[str, object]:
    """What a prompt says, field by field, whichever dialect says it. White space and order of keys mean nothing."""
    model = prompt.model
    found: dict[str, object] = {
        "name": prompt.name,
        "description": prompt.description,
        "dialect": prompt.dialect,
        "engine": prompt.engine,
        "model.name": model.name,
        "model.api": model.api,
        "tool_choice": prompt.tool_choice,
        "output": None if prompt.output is None else prompt.output.schema or "any JSON object",
        "sample": dict(prompt.sample) or None,
    }
    found |= {f"parameters.{key}": value for key, value in model.parameters.items()}
    for one in prompt.inputs:
        found[f"inputs.{one.name}.kind"] = one.kind
        if one.default is not REQUIRED:
            found[f"inputs.{one.name}.default"] = one.default
        if one.choices:
            found[f"inputs.{one.name}.choices"] = list(one.choices)
        if one.description:
            found[f"inputs.{one.name}.description"] = one.description
    for tool in prompt.tools:
        found[f"tools.{tool.name}"] = {"description": tool.description, "parameters": dict(tool.parameters)}
    for i, (role, text) in enumerate(template_parts(prompt), 1):
        found[f"template.{i}.{role}"] = re.sub(r"[ \t]+", " ", text).strip()
    return {key: value for key, value in found.items() if value not in (None, "")}


def _shown(prompt: Prompt, row: Mapping[str, object]) -> list[str]:
    known = {one.name for one in prompt.inputs}
    try:
        messages = render_prompt(prompt, {key: value for key, value in row.items() if key in known} if known else row)
    except FerrataError as error:
        return [f"{_FAILED}{error.message.replace(prompt.place, 'prompt.prompty')}"]
    return [line for message in messages for line in _lines(message)]


def _lines(message: Message) -> Iterator[str]:
    yield f"{message.role}:"
    parts = (message.content,) if isinstance(message.content, str) else message.content
    for part in parts:
        text = part if isinstance(part, str) else f"[image {part.url[:80]}]" if isinstance(part, Image) else part.text
        yield from text.splitlines()
    for call in message.tool_calls:
        yield f"[call {call.name} {call.arguments}]"
