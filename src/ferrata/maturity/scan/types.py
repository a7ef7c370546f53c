"""What the scanner passes around: sources, hits, facts of a file, findings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ferrata.catalog import ModelUse

# Hits that every file gives, whatever the rules; rules on models, prompts and secrets look at these.
MODEL, PROMPT, SECRET = "@model", "@prompt", "@secret"

__all__ = [
    "MODEL",
    "NOTHING",
    "PROMPT",
    "SECRET",
    "Dependency",
    "FileFacts",
    "Finding",
    "Hit",
    "Role",
    "ScanResult",
    "Skipped",
    "Source",
    "Step",
]

Role = Literal["product", "evaluation", "test", "example", "docs", "ci", "tooling", "vendored", "generated"]


@dataclass(frozen=True)
class Source:
    """A file's text, ready to be matched.

    Attributes:
        path: relative to the scanned root, with `/`.
        role: what the file is for.
        language: the language or format, as in `languages.py`.
        text: what is matched; of a notebook, its code cells.
        lines: line in `text` (from 0) -> line in the file (from 1); empty where they are the same.
    """

    path: str
    role: Role
    language: str
    text: str
    lines: tuple[int, ...] = ()

    def line(self, index: int) -> int:
        """The file's line (from 1) of the text's line `index` (from 0)."""
        if not self.lines:
            return index + 1
        return self.lines[min(index, len(self.lines) - 1)]


class Hit(NamedTuple):
    """A rule matched: where, and what it captured (never a secret)."""

    rule: str
    line: int
    names: dict[str, str]


class Dependency(NamedTuple):
    """A package that a manifest names."""

    ecosystem: str
    name: str
    line: int
    dev: bool


class Step(NamedTuple):
    """A step of a CI workflow."""

    run: str
    uses: str
    line: int
    can_fail: bool
    on: tuple[str, ...]


@dataclass(frozen=True)
class FileFacts:
    """All that is kept of a file: plain data, so that it can be cached."""

    hits: tuple[Hit, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    steps: tuple[Step, ...] = ()
    scripts: dict[str, str] = field(default_factory=dict[str, str])
    skipped: str = ""

    def to_json(self) -> list[Any]:
        """A compact JSON value."""
        return [self.hits, self.dependencies, self.steps, self.scripts, self.skipped]

    @classmethod
    def from_json(cls, value: list[Any]) -> FileFacts:
        """The facts that `to_json` gave."""
        hits, dependencies, steps, scripts, skipped = value
        return cls(
            hits=tuple(Hit(*hit) for hit in hits),
            dependencies=tuple(Dependency(*d) for d in dependencies),
            steps=tuple(Step(run, uses, line, can_fail, tuple(on)) for run, uses, line, can_fail, on in steps),
            scripts=scripts,
            skipped=skipped,
        )


# What most files give.
NOTHING = FileFacts()


@dataclass(frozen=True)
class Finding:
    """A fact that a scan saw.

    Attributes:
        rule: the rule that saw it.
        practice: what it is evidence for or against.
        polarity: `for` or `against`.
        file: relative to the root; `.` where the fact is about the whole repository.
        line: from 1.
        confidence: 0 to 1, how sure the match is.
        strength: 0 to 1, how much of the practice it shows.
        message: one line for people; never a secret's value.
        role: the role of the file.
    """

    rule: str
    practice: str
    polarity: Literal["for", "against"]
    file: str
    line: int
    confidence: float
    strength: float
    message: str
    role: str

    @property
    def dimension(self) -> str:
        """The practice's dimension."""
        return self.practice.partition(".")[0]

    @property
    def weight(self) -> float:
        """Strength times confidence."""
        return self.strength * self.confidence


class Skipped(NamedTuple):
    """A file that was not read, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class ScanResult:
    """What a scan saw.

    Attributes:
        llm_use: whether the repository's product uses a language model.
        llm_sites: where that was seen, `file:line`, at most a handful.
        findings: in the order of dimension, practice, file, line; none where there is no LLM use.
        files: how many files the tree has; `read`: how many were read; `cached`: how many of those from the cache.
        languages: language -> files.
        skipped: what was not read, and why.
        seconds: wall time.
        models: the models that files other than documentation and tests name, whether or not the product uses one.
    """

    llm_use: bool
    llm_sites: tuple[str, ...]
    findings: tuple[Finding, ...]
    files: int
    read: int
    cached: int
    languages: dict[str, int]
    skipped: tuple[Skipped, ...]
    seconds: float
    models: tuple[ModelUse, ...] = ()

    def as_text(self) -> ScanResult:
        """The same, where names of files that are no text (they are bytes) are shown as escapes, so that they can be stored."""
        return replace(
            self,
            llm_sites=tuple(_text(site) for site in self.llm_sites),
            findings=tuple(replace(f, file=_text(f.file), message=_text(f.message)) for f in self.findings),
            skipped=tuple(Skipped(_text(file), _text(reason)) for file, reason in self.skipped),
            models=tuple(use._replace(file=_text(use.file)) for use in self.models),
        )


def _text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
