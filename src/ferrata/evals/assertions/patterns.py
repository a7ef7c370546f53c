"""Regular expressions as JavaScript writes them, searched for without letting one run away. Knows no assertion."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ferrata.errors import UsageError
from ferrata.prompts import search_within

__all__ = ["matches_pattern"]

_GROUP: Final = re.compile(r"\(\?<(?=[A-Za-z_])")
_BACK: Final = re.compile(r"\\k<(\w+)>")
_SKIPPED: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]")
_REPEATS: Final = re.compile(r"[*+]|\{\d*,\d*\}")
_GROUP_REPEATS: Final = re.compile(r"\)[*+?{]")
_MOST_OPTIONAL: Final = 10
_QUICK_TEXT: Final = 20_000


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text.

    A pattern that repeats a group, or repeats more than once, is searched for in a process that can be ended (some 20 ms a search).

    Raises:
        UsageError: it is no pattern of Python's `re`, or it takes longer than 3 s.
    """
    written = _BACK.sub(r"(?P=\1)", _GROUP.sub("(?P<", pattern))
    if _is_quick(written) and len(text) <= _QUICK_TEXT:
        try:
            return _compiled(written).search(text) is not None
        except (re.error, RecursionError, OverflowError) as error:
            raise UsageError(f"no regular expression: {pattern!r}: {error}") from None
    try:
        return search_within(written, text) is not None
    except ValueError as error:
        raise UsageError(f"no regular expression: {pattern!r}: {error}") from None
    except (TimeoutError, ChildProcessError) as error:
        raise UsageError(f"the pattern {pattern!r} could not be searched for: {error}") from None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=256)
def _is_quick(pattern: str) -> bool:
    plain = _SKIPPED.sub("x", pattern)
    repeats = len(_REPEATS.findall(plain))
    return repeats <= 1 and not _GROUP_REPEATS.search(plain) and plain.count("?") <= _MOST_OPTIONAL
