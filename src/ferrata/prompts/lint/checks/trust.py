"""Text of users where it does not belong, and data that nothing sets apart from instructions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.prompts.lint.rules import words
from ferrata.prompts.lint.types import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts, Print

__all__ = ["check_trust"]

_BEFORE = re.compile(
    r"(?:<[\w-]+[^<>\n]*>|```\w*|\"\"\"|'''|={3,}.*|-{3,}.*|\*{3,}|\bBEGIN\b.*|\[\[|«|\")[ \t]*\n?[ \t]*\Z"
)
_AFTER = re.compile(r"\A[ \t]*\n?[ \t]*(?:</[\w-]+>|```|\"\"\"|'''|={3,}|-{3,}|\*{3,}|.*\bEND\b|\]\]|»|\")")


def check_trust(facts: Facts) -> Iterator[Hit]:
    """User text in the system part; documents without delimiters."""
    seen: set[tuple[str, str]] = set()
    for one in facts.prints:
        if (one.name, one.role) in seen:
            continue
        given = facts.inputs.get(one.name)
        if given is not None and (given.choices or given.kind in ("integer", "number", "boolean", "image", "audio")):
            continue
        thread = given is not None and given.is_history
        if one.role == "system" and (words().untrusted.search(one.name) or thread) and not _placed(facts, one, thread):
            seen.add((one.name, one.role))
            yield Hit("trust.user-text-in-system", one.line, f"{one.name!r} is printed in the system message")
        elif words().documents.search(one.name) and not _set_apart(facts, one):
            seen.add((one.name, one.role))
            yield Hit(
                "trust.undelimited", one.line, f"nothing sets the text of {one.name!r} apart from the instructions"
            )


def _placed(facts: Facts, one: Print, thread: bool) -> bool:
    """Prompty v2 prints a whole conversation on a line of its own: that makes messages, and no text of the system's."""
    alone = not one.before.rpartition("\n")[2].strip() and not one.after.partition("\n")[0].strip()
    return thread and alone and facts.prompt.dialect == "prompty-v2"


def _set_apart(facts: Facts, one: Print) -> bool:
    before, after = one.before, one.after
    if _BEFORE.search(before) and _AFTER.match(after):
        return True
    # A loop's items: what encloses the loop encloses them.
    if re.search(rf"in\s+{re.escape(one.name)}\b", facts.body):
        open_tag = re.findall(r"<([\w-]+)[^<>/\n]*>", before)
        return any(f"</{tag}>" in after for tag in open_tag)
    return False
