"""Notes on a file: what is most likely a mistake and on which Prompt Flow is silent."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ferrata.flows.failures import FlowError
from ferrata.flows.formats.references import EMBEDDED
from ferrata.flows.types import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from ferrata.flows.types import Reference

__all__ = ["Notes"]

_FORMATS = ("basic", "openai-vision")
_GONE = {"skip": "`skip` of the old format does nothing; use `activate`"}


class Notes:
    """Collects notices on one file.

    Args:
        file: which.
        text: what is in it, for the lines.

    Attributes:
        found: the notices so far.
    """

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._text = text
        self.found: list[Notice] = []

    def add(self, where: Sequence[str | int], problem: str) -> None:
        """Note a problem at a key."""
        from ferrata.flows.formats.yaml12 import line_in

        self.found.append(Notice(str(self._file), line_in(self._text, where), ".".join(map(str, where)), problem))

    def language(self, found: Any, *, strict: bool) -> None:
        """Note a language that there is not; Prompt Flow runs such a graph as Python, and refuses such a flex flow.

        Raises:
            FlowError: `ValidationError`, if `strict`.
        """
        if found in (None, "", "python", "csharp"):
            return
        problem = f"the language {found!r} is neither python nor csharp"
        if strict:
            raise FlowError("ValidationError", problem, file=self._file, where=("language",))
        self.add(("language",), f"{problem}; it is taken as python")

    def message_format(self, found: Any) -> None:
        """Refuse a way to write images that nobody knows.

        Raises:
            FlowError: `InvalidMessageFormatType`.
        """
        if found in (None, "", *_FORMATS):
            return
        raise FlowError(
            "InvalidMessageFormatType",
            f"Invalid message format {found!r}",
            hint=f"the formats are {' and '.join(_FORMATS)}",
            file=self._file,
            where=("message_format",),
        )

    def unknown_keys(self, found: Mapping[str, Any], known: Iterable[str], where: Sequence[str | int]) -> None:
        """Note the keys that nobody reads."""
        for key in found:
            if key in known:
                continue
            close = get_close_matches(str(key), list(known), n=1)
            advice = _GONE.get(str(key)) or (f"did you mean {close[0]!r}?" if close else "nothing reads it")
            self.add((*where, key), f"unknown key {str(key)!r}: {advice}")

    def embedded(self, reference: Reference, where: Sequence[str | int]) -> None:
        """Note a `${...}` in the middle of a text, which stays text."""
        if reference.kind == "value" and isinstance(reference.value, str) and EMBEDDED.search(reference.value):
            self.add(where, f"{reference.value!r} stays as it is: a reference must be the whole value")
