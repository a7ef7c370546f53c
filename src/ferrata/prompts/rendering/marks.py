"""Marks in rendered text: what came from an input, so that no input can open a role, place an image or call a tool.

Every printed value stands between two marks, and each of its lines begins with one. A line of the template's own text has
none, and only such a line can open a role. The marks are noncharacters of Unicode, which are meant for a program's own use;
a text that holds one is escaped before the template sees it, and comes out as it went in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ferrata.prompts.rendering.limits import Meter

__all__ = ["CLOSE", "OPEN", "PLACE", "ROLE", "Rendered", "RoleWord", "escape", "mark", "place", "unmark"]

OPEN: Final = "\ufdd0"
CLOSE: Final = "\ufdd1"
ROLE: Final = "\ufdd2"
PLACE: Final = "\ufdd3"
_ESCAPE: Final = "\ufdd4"
_ANY = re.compile("[\ufdd0-\ufdd4]")
_ESCAPED = re.compile("\ufdd4([0-4])")


class Rendered(str):
    """Text that the template made of its own text and of values already marked: a macro's result."""

    __slots__ = ()


class RoleWord(str):
    """The role of a message of a conversation so far. Printed alone on a role line, it opens that role."""

    __slots__ = ()


def escape(text: str) -> str:
    """The text with what could be taken for a mark escaped; for what comes from outside."""
    if text.isascii() or not _ANY.search(text):
        return text
    return _ANY.sub(lambda found: f"{_ESCAPE}{ord(found[0]) - 0xFDD0}", text)


def mark(text: str) -> str:
    """A printed value between marks. Marks that are in it already came with a part of the template, and go."""
    if not text.isascii():
        text = _without(text)
    if "\n" in text:
        text = text.replace("\n", "\n\ufdd0")
    return f"\ufdd0{text}\ufdd1"


def place(meter: Meter, value: object) -> str:
    """The mark for an object that is printed as a whole."""
    meter.marked.append(value)
    return f"{PLACE}{len(meter.marked) - 1}{PLACE}"


def unmark(text: str) -> str:
    """The text without marks, and with what was escaped as it was."""
    if text.isascii():
        return text
    text = _without(text)
    if _ESCAPE in text:
        text = _ESCAPED.sub(lambda found: chr(0xFDD0 + int(found[1])), text)
    return text


def _without(text: str) -> str:
    # Three replacements take a fiftieth of the time of one `translate`.
    return text.replace(OPEN, "").replace(CLOSE, "").replace(ROLE, "")
