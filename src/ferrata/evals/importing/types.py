"""What an import found: files to write, and what became of each part of the source. Knows no source and no file system."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DataFile", "Imported", "Note", "PromptFile", "as_name", "unique_name"]


class Note(NamedTuple):
    """Something of the source that is not here as it was there."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True)
class DataFile:
    """Rows to write.

    Attributes:
        name: of the file, without its end.
        rows: in order.
        sources: where they came from: mappings with `kind` and `url`, `file` or `id`.
        tags: for people.
    """

    name: str
    rows: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the order of their first row."""
        return list(dict.fromkeys(name for row in self.rows for name in row))


@dataclass(frozen=True)
class PromptFile:
    """A `.prompty` file to write."""

    name: str
    text: str


@dataclass
class Imported:
    """Everything that one import makes.

    Attributes:
        source: the kind of source, as `promptfoo`.
        data: rows, each a file of `data/`.
        prompts: each a file of `prompts/`.
        evals: name -> entry of `evals:` in a project's settings.
        scores: rows `{id, inputs, outputs, scores}` of what was scored before, each a file `data/NAME.scores.jsonl`.
        code: file name -> code of the source that is not run, for its owner to read.
        taken: what came over, in words.
        changed: what came over in another form.
        left: what did not come over, and why.
        commands: of Ferrata, which the owner may want to run.
    """

    source: str
    data: list[DataFile] = field(default_factory=list[DataFile])
    prompts: list[PromptFile] = field(default_factory=list[PromptFile])
    evals: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])
    scores: list[DataFile] = field(default_factory=list[DataFile])
    code: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[str] = field(default_factory=list[str])
    changed: list[Note] = field(default_factory=list[Note])
    left: list[Note] = field(default_factory=list[Note])
    commands: list[str] = field(default_factory=list[str])

    def change(self, what: str, why: str) -> None:
        """Note what came over in another form, once."""
        if Note(what, why) not in self.changed:
            self.changed.append(Note(what, why))

    def leave(self, what: str, why: str) -> None:
        """Note what did not come over, once."""
        if Note(what, why) not in self.left:
            self.left.append(Note(what, why))


def as_name(text: str, default: str = "imported") -> str:
    """A text as the name of a file: small letters, digits, `-` and `_`, at most 80 characters."""
    name = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:80].rstrip("-_")
    return name or default


def unique_name(text: str, taken: set[str], default: str = "imported") -> str:
    """A name that is not yet taken, which it then is: a number is put behind one that is."""
    base = as_name(text, default)
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name
