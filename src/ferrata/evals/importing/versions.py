"""Versions of prompts that another registry keeps, as files, and the commands that put them into this one. Knows no registry."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferrata.evals.importing.prompt_files import Turn, make_prompt, message_text
from ferrata.evals.importing.types import unique_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.importing.types import Imported

__all__ = ["PromptVersion", "chat_turns", "take_versions"]


@dataclass(frozen=True)
class PromptVersion:
    """One version.

    Attributes:
        number: there.
        turns: its messages.
        labels: names that point to it.
        model: the model's name, or empty.
        options: of the request.
        description: one line.
    """

    number: int
    turns: Sequence[Turn]
    labels: Sequence[str] = ()
    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    description: str = ""


def take_versions(found: Imported, name: str, versions: Sequence[PromptVersion], taken: set[str]) -> None:
    """Put the versions of a prompt into `found`: the one in use as NAME.prompty, the others as NAME-vN.prompty.

    In use is that with the label `production`, or else the newest.
    """
    if not versions:
        return
    versions = sorted(versions, key=lambda version: version.number)
    base = unique_name(name, taken)
    chosen = next((version for version in versions if "production" in version.labels), versions[-1])
    for place, version in enumerate(versions, 1):
        file = base if version is chosen else unique_name(f"{base}-v{version.number}", taken)
        found.prompts.append(
            make_prompt(
                found,
                file,
                version.turns,
                syntax="variables",
                model=version.model,
                options=version.options,
                description=version.description,
            )
        )
        found.commands.append(
            f"ferrata asset register prompt/{base} prompts/{file}.prompty -m {shlex.quote(f'version {version.number} there')}"
        )
        for label in version.labels:
            if label != "latest":
                found.commands.append(f"ferrata asset alias prompt/{base} {shlex.quote(label)} --to {place}")
    numbers = ", ".join(str(version.number) for version in versions)
    found.taken.append(f"prompt {base!r} (version{'s' if len(versions) > 1 else ''} {numbers})")


def chat_turns(found: Imported, what: str, prompt: Any) -> list[Turn]:
    """The messages of a prompt: a text is one of the user; a placeholder is a conversation."""
    if isinstance(prompt, str):
        found.change(what, "it is a text, which says no role: it is one message of the user")
        return [Turn("user", prompt)]
    turns: list[Turn] = []
    for one in cast("list[Any]", prompt if isinstance(prompt, list) else []):
        about = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
        if about.get("type") == "placeholder":
            turns.append(Turn("user", str(about.get("name")), history=True))
        elif "role" in about:
            turns.append(Turn(str(about["role"]), message_text(found, what, about.get("content", ""))))
        else:
            found.leave(f"{what}, message {json.dumps(one, default=str)[:60]}", "it has no role")
    return turns
