"""`NAME.dataset.yaml`, the description beside a data file: columns, splits, tags, origin, licence. Reads no data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, field_validator, model_validator

from ferrata.datasets.types import Provenance, Source, SplitRule
from ferrata.documents import Document, read_document

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ColumnAbout", "Description", "description_beside", "read_description", "write_description"]

SUFFIX = ".dataset.yaml"
Role = Literal["id", "query", "reference", "context", "response", "label", "messages"]


class ColumnAbout(Document):
    """What a column should be.

    Attributes:
        kind: of its values; None: any.
        required: every row has it, and not empty.
        role: what it is for, where its name does not say it.
        about: a sentence.
    """

    kind: Literal["text", "integer", "number", "boolean", "list", "object"] | None = None
    required: bool = False
    role: Role | None = None
    about: str = ""


class SplitAbout(Document):
    """How rows are split: by a `column`, or by `ratios` and a hash of `key`."""

    column: str = ""
    ratios: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    key: str = ""
    salt: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> SplitAbout:
        if bool(self.column) == bool(self.ratios):
            raise ValueError("give either column or ratios")
        if self.ratios and abs(sum(self.ratios.values()) - 1) > 1e-6:
            raise ValueError(f"the ratios sum to {sum(self.ratios.values()):g}, not to 1")
        return self


class SourceAbout(Document):
    """As `types.Source`."""

    path: str
    sha256: str = ""
    count: int | None = None


class ProvenanceAbout(Document):
    """As `types.Provenance`."""

    origin: Literal["file", "traces", "feedback", "evals", "synthetic", "import"] = "file"
    sources: list[SourceAbout] = []
    made_by: str = ""
    steps: list[dict[str, Any]] = []


class Description(Document):
    """A dataset's description.

    Attributes:
        about: what it is for.
        data: the file, relative to this one; without it, the one with the same stem.
        format: of the file, where its content does not show it.
        columns: by name.
        split: how rows are split.
        tags: texts by name.
        provenance: where it came from.
        licence: under which it may be used, as `CC-BY-4.0`.
    """

    about: str = ""
    data: str | None = None
    format: Literal["rows", "promptfoo", "openai-evals", "chat"] | None = None
    columns: dict[str, ColumnAbout] = {}
    split: SplitAbout | None = None
    tags: dict[str, str] = {}
    provenance: ProvenanceAbout = ProvenanceAbout()
    licence: str = ""

    @field_validator("data")
    @classmethod
    def _beside(cls, value: str | None) -> str | None:
        if value is not None and (value.startswith("/") or ".." in value.split("/")):
            raise ValueError("the data must lie beside the description or below it")
        return value

    @property
    def split_rule(self) -> SplitRule | None:
        """The rule, if one is declared."""
        if self.split is None:
            return None
        return SplitRule(self.split.column, self.split.ratios, self.split.key, self.split.salt)

    @property
    def origin(self) -> Provenance:
        """The provenance as a value."""
        own = self.provenance
        sources = tuple(Source(s.path, s.sha256, s.count) for s in own.sources)
        return Provenance(own.origin, sources, own.made_by, tuple(own.steps))

    def column_of(self, role: Role, *names: str) -> list[str]:
        """The columns that have a role, or else the usual names for it."""
        given = [name for name, about in self.columns.items() if about.role == role]
        return given or list(names)


def description_beside(path: Path) -> Path:
    """Where the description of a data file is looked for: `support.jsonl` -> `support.dataset.yaml`."""
    return path.with_name(path.stem + SUFFIX)


def read_description(path: Path) -> Description:
    """The description in a file.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is wrong; all mistakes with line and key.
    """
    return read_document(path, Description)


def write_description(path: Path, description: Description) -> None:
    """Write a description; what has its usual value is left out."""
    about = description.model_dump(mode="json", exclude_defaults=True)
    path.write_text(yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
