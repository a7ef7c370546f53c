"""What a prompt says its answer is: text, or the JSON object that its outputs declare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import ModelBadResponse

if TYPE_CHECKING:
    from ferrata.prompts.types import Prompt

__all__ = ["answer_of"]


def answer_of(prompt: Prompt, text: str) -> str | dict[str, Any]:
    """The answer in the form that the prompt declares: text, or the values of its outputs.

    Raises:
        ModelBadResponse: the text is no JSON object, or lacks an output.
    """
    if prompt.output is None:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ModelBadResponse(
            f"{prompt.place} asks for a JSON object, but the answer is {text[:80]!r}",
            hint="name a model that has JSON schema output, or say the form in the system message",
        )
    found = cast("dict[str, Any]", value)
    missing = [one.name for one in prompt.outputs if one.required and one.name not in found]
    if missing:
        raise ModelBadResponse(
            f"the answer lacks {', '.join(map(repr, missing))}; it has {', '.join(map(repr, found))}"
        )
    return {one.name: found[one.name] for one in prompt.outputs if one.name in found} if prompt.outputs else found
