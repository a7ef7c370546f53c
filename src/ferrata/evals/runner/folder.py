"""The folder of an evaluation run, in `.ferrata/evals/`: beside what every run has, spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ferrata import runs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EvalFolder"]

_MAPPINGS = ("target", "data", "tags", "error", "metrics", "inputs")
_LISTS = ("evaluators",)
_TEXTS = ("created", "ended", "definition")
_NUMBERS = ("seconds", "total", "repeats", "parts")


class EvalFolder(runs.RunFolder):
    """The folder of one evaluation run; as `runs.RunFolder`."""

    kinds: ClassVar[Mapping[str, type | tuple[type, ...]]] = {
        **dict.fromkeys(_MAPPINGS, dict),
        **dict.fromkeys(_LISTS, list),
        **dict.fromkeys(_TEXTS, str),
        **dict.fromkeys(_NUMBERS, (int, float)),
    }
    go_on: ClassVar[str] = "ferrata eval run --resume"
    show_all: ClassVar[str] = "ferrata eval show"
