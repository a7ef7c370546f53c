"""Answers of earlier runs, by the digest of what was asked, so that a run after a changed evaluator asks no target again.

Only where each record begins is in memory: 16 bytes an answer.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.evals.runner.folder import EvalFolder

__all__ = ["Reuse"]

_KEY = re.compile(
    rb'\{"line_number": \d+, "status": "Completed"(?:, "[a-z_]+": (?:\[[^\]]*\]|[\d.e+-]+))*, "key": "([0-9a-f]{16})"'
)
_LONGEST = 400


class _Answers:
    """Of one run: keys in their order, and where the record of each is."""

    def __init__(self, folder: EvalFolder) -> None:
        self._file = os.open(folder.path / "lines.jsonl", os.O_RDONLY)
        found: list[tuple[int, int]] = []
        offset = 0
        with os.fdopen(os.dup(self._file), "rb") as lines:
            for line in lines:
                if line.endswith(b"\n") and (match := _KEY.match(line, 0, _LONGEST)):
                    found.append((int(match[1], 16), offset))
                offset += len(line)
        found.sort()
        self._keys = array("Q", [key for key, _ in found])
        self._offsets = array("Q", [at for _, at in found])

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key: int) -> dict[str, Any] | None:
        at = bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            return None
        with os.fdopen(os.dup(self._file), "rb") as lines:
            lines.seek(self._offsets[at])
            with suppress(ValueError):
                found = json.loads(lines.readline())
                return cast("dict[str, Any]", found)
        return None

    def close(self) -> None:
        os.close(self._file)


class Reuse:
    """Answers of some runs, the newest first. Close it."""

    def __init__(self, folders: Iterable[EvalFolder]) -> None:
        self._runs: list[_Answers] = []
        for folder in folders:
            with suppress(OSError, FerrataError):
                self._runs.append(_Answers(folder))

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def find(self, key: str) -> dict[str, Any] | None:
        """The record of the answer to what has this key; None where there is none."""
        wanted = int(key, 16)
        return next((found for run in self._runs if (found := run.find(wanted)) is not None), None)

    def close(self) -> None:
        """Let go of the files."""
        while self._runs:
            self._runs.pop().close()
