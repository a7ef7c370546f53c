"""What an evaluation run is asked to do, and what came of it: plain data. Knows no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.evals.types import Evaluator, Target

__all__ = ["Asked", "DataRow", "EvalPlan", "Options", "Progress", "StoppedEarly"]


class DataRow(NamedTuple):
    """A row of the dataset.

    Attributes:
        number: from 0.
        values: by column.
        place: file and line, or whatever says where it is.
        problem: why it cannot be used; empty if it can.
    """

    number: int
    values: Mapping[str, Any]
    place: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Asked:
    """An evaluator as a run uses it.

    Attributes:
        alias: its name in the run.
        evaluator: itself.
        mapping: input -> `${data.COLUMN}`, `${target.NAME}` or a value; what is not in it is found by name.
    """

    alias: str
    evaluator: Evaluator
    mapping: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class EvalPlan:
    """A run.

    Attributes:
        target: what is evaluated; None where the data has the outputs already.
        rows: the dataset; read only as far as rows can be run, and read again where a run goes on.
        evaluators: at least one.
        total: how many rows there are; None where it is not known.
        repeats: how often each row is run, at least 1.
        inputs: input of the target -> `${data.COLUMN}` or a value; empty: every column goes under its own name.
        about: what else goes into the run's record: name of the dataset, its digest, tags.
    """

    target: Target | None
    rows: Iterable[DataRow]
    evaluators: Sequence[Asked]
    total: int | None = None
    repeats: int = 1
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise UsageError(f"not a number of repeats: {self.repeats}", hint="give 1 or more")
        if not self.evaluators:
            raise UsageError("a run without an evaluator", hint="name one: ferrata eval list")
        aliases = [asked.alias for asked in self.evaluators]
        twice = sorted({alias for alias in aliases if aliases.count(alias) > 1})
        if twice:
            raise UsageError(f"two evaluators are called {twice[0]!r}", hint="give one of them another name")


@dataclass(frozen=True)
class Options:
    """How a run is run; nothing of it changes a score.

    Attributes:
        concurrency: calls at a time, of the target and of judges together: at most so many.
        fixed: so many from the beginning; else few at first, then more as long as nobody refuses and answers stay as quick.
        timeout: seconds that one call of the target or of a judge may take; None: for ever.
        budget: US dollars that the run may spend, what it spent before a resume included; None: no limit.
        patience: seconds without an answer, all refused for being too many, after which the run stops.
    """

    concurrency: int = 16
    fixed: bool = False
    timeout: float | None = 600.0
    budget: float | None = None
    patience: float = 120.0

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise UsageError(f"not a number of calls at a time: {self.concurrency}", hint="give 1 or more")
        for name, value in (("timeout", self.timeout), ("budget", self.budget), ("patience", self.patience)):
            if value is not None and not value > 0:
                raise UsageError(f"not a {name}: {value:g}", hint="give more than 0")


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        ended: rows (repeats counted) whose target and evaluators are all done.
        failed: of them, those whose target failed.
        total: rows in all, repeats counted; None where it is not known.
        cost: US dollars so far; None where none is known.
        limit: calls at a time, at the moment.
    """

    ended: int
    failed: int
    total: int | None
    cost: float | None
    limit: int


class StoppedEarly(NamedTuple):
    """Why a run ended before its rows did. It can be resumed.

    Attributes:
        code: `Canceled`, `BudgetSpent`, `RateLimited`, `ModelDenied`, ...
        message: for people.
        hint: what to do.
    """

    code: str
    message: str
    hint: str = ""
