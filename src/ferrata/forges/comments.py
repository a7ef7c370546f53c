"""One comment for each report, renewed by the next run: found by its first line among the token's own comments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ferrata.errors import UsageError
from ferrata.forges.requests import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ferrata.forges.base import Remark, Thread

__all__ = ["comment"]

_MARK = "<!-- ferrata "


def comment(thread: Thread, reports: Sequence[Path]) -> Iterator[str]:
    """Write or renew a comment for each report; a line for each about what was done. A report that is not there is skipped.

    Raises:
        UsageError: a file has no first line to find its comment by, or the forge cannot be reached.
    """
    texts: dict[str, str] = {}
    for path in reports:
        if not path.is_file():
            yield f"skipped: there is no {os.fspath(path)!r}"
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        mark = text.partition("\n")[0].strip()
        if not (mark.startswith(_MARK) and mark.endswith("-->")):
            raise UsageError(
                f"{os.fspath(path)!r} is no report of a gate", hint="write it with `ferrata gate --output FILE.md`"
            )
        texts[mark] = text
    if not texts:
        return
    try:
        there = thread.remarks()
        for mark, text in texts.items():
            found = next((one for one in there if _mark_of(one) == mark), None)
            if found is None:
                thread.add(text)
            elif found.text.strip() != text.strip():
                thread.renew(found, text)
            yield f"comment {'added' if found is None else 'renewed'}: {mark.removeprefix(_MARK).removesuffix('-->').strip()}"
    except Refused as error:
        yield f"no comment: {error}; the token may not comment here, as in a pull request from a fork"


def _mark_of(one: Remark) -> str:
    return one.text.lstrip().partition("\n")[0].strip()
