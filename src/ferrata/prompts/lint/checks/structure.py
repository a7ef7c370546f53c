"""What is wrong with the file as such."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.prompts.lint.types import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts

__all__ = ["check_structure"]

_SECRETS: Final = frozenset(("api_key", "apikey", "key", "azure_api_key", "token", "secret", "password"))
_LONG_WORDS: Final = 1_500


def check_structure(facts: Facts) -> Iterator[Hit]:
    """Keys that nobody reads, secrets, roles, length."""
    prompt = facts.prompt
    for note in prompt.notes:
        yield Hit("structure.unknown-key", note.line, note.text if note.text else note.key)
    yield from _secrets(facts)
    chat = prompt.model.api in ("chat", "responses")
    if chat and not facts.has_role_lines and prompt.body.strip():
        yield Hit("structure.no-roles", prompt.body_line, "no line names a role, so all of it is the system's")
    if chat and facts.has_role_lines and not facts.of("user") and not facts.of("history"):
        yield Hit("structure.no-user", prompt.body_line, "there is no user message")
    if not prompt.body.strip():
        yield Hit("structure.empty", prompt.body_line, "the template is empty")
    length = len(re.findall(r"\w+", facts.system))
    if length > _LONG_WORDS:
        yield Hit("structure.too-long", facts.system_line, f"the system message has {length:,} words")


def _secrets(facts: Facts) -> Iterator[Hit]:
    connection = facts.prompt.model.connection
    if isinstance(connection, str):
        return
    for key, value in cast("dict[str, Any]", connection).items():
        if key.lower().replace("-", "_") in _SECRETS and isinstance(value, str) and value and "${" not in value:
            yield Hit("structure.secret", _line_of(facts, key), f"`{key}` holds a value, not a reference")


def _line_of(facts: Facts, key: str) -> int:
    lines = facts.prompt.text.splitlines()
    return next((i for i, line in enumerate(lines, 1) if line.strip().startswith(f"{key}:")), 1)
