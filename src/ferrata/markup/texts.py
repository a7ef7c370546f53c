"""Text that a stranger may have written, made harmless to show on one line; times and counts as people read them.

Knows no format: escaping for HTML, Markdown or SARIF is done by the modules beside this one.
"""

from __future__ import annotations

import unicodedata

from ferrata.clock import format_time, parse_time

__all__ = ["counted", "one_line", "safe_url", "shortened", "visible", "when"]

_JOINERS = "\u200c\u200d"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


def one_line(text: str) -> str:
    r"""The text on one line, each control, bidirectional or unpaired character as a visible `\u001b`.

    So a file's name can neither drive a terminal nor show itself as another name.
    """
    return "".join(_visible(char) for char in " ".join(text.split()))


def visible(text: str) -> str:
    """The text with its lines kept, and each hidden character shown as an escape."""
    return "\n".join("".join(_visible(c) for c in line.expandtabs(4)) for line in text.splitlines())


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def shortened(text: str, most: int) -> str:
    """One line of at most `most` characters; what is cut from the middle is marked with an ellipsis."""
    line = one_line(text)
    if len(line) <= most:
        return line
    tail = (most - 1) // 3
    return f"{line[: most - 1 - tail]}…{line[len(line) - tail :]}"


def safe_url(url: object) -> str | None:
    """The address if it is one that a report may link to (https, no whitespace or hidden characters), else None."""
    text = str(url)
    return text if text.startswith("https://") and text == one_line(text) and " " not in text else None


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def when(at: str) -> str:
    """A time as `2026-03-01 12:00 UTC`; what is no time stays as it is."""
    try:
        return format_time(parse_time(at))[:16].replace("T", " ") + " UTC"
    except ValueError:
        return one_line(at)
