"""A regular expression of a file of cases, searched for in a process that can be ended.

Some patterns take longer than the universe is old on a text that does not match, and nothing in this process can stop one
that has begun. Knows nothing of checks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

__all__ = ["SECONDS", "search_within"]

SECONDS: Final = 3.0
"""What one search may take, the start of the process included."""

# Alone in its process: no module of the project, no site packages.
_PROGRAM: Final = """\
import json, re, sys
pattern, text = json.load(sys.stdin)
try:
    found = re.search(pattern, text)
except (re.error, RecursionError, OverflowError, MemoryError) as error:
    print(json.dumps({"wrong": str(error) or type(error).__name__}))
else:
    print(json.dumps({"start": None if found is None else found.start()}))
"""


def search_within(pattern: str, text: str, *, seconds: float = SECONDS) -> int | None:
    """Where a pattern first matches in a text, as an index; None where it does not.

    Args:
        pattern: a regular expression of Python's `re`.
        text: what is searched.
        seconds: after which the search is ended.

    Raises:
        TimeoutError: it took longer.
        ChildProcessError: the process did not come to an end of its own.
        ValueError: the pattern is no regular expression; the message says why.
    """
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
    try:
        ran = subprocess.run(  # noqa: S603 - this interpreter, with the program above
            command, input=json.dumps([pattern, text]).encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"not found out within {seconds:g} s") from None
    if ran.returncode != 0:
        raise ChildProcessError(f"the search ended with status {ran.returncode}")
    answer: dict[str, Any] = json.loads(ran.stdout)
    if "wrong" in answer:
        raise ValueError(str(answer["wrong"]))
    start: int | None = answer["start"]
    return start
