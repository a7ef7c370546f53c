"""Judges a stage of a rollout: rows of the candidate and of what answered beside it in, a verdict out. Reads and changes nothing.

The comparison is by betting (`stats.TwoStreams`), so that it holds however often one looks. Each stage has tests of its own; a test says
"worse" at `risk / (metrics * stages)`, so that one that is not worse by more than a margin is taken back with probability `risk` at most
(Bonferroni); and each metric must show "not worse" at `confidence`, which needs no correction, since all of them must.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ferrata.errors import UsageError
from ferrata.stats import TwoStreams

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.catalog import LimitsSettings, RolloutSettings

__all__ = ["Compared", "Judge", "Row", "Verdict"]

Decision = Literal["advance", "hold", "rollback"]
_PERCENTILE_OF = 100
_SECOND = 1_000_000_000


class Row(NamedTuple):
    """A call, or what came of one later.

    Attributes:
        at: nanoseconds since the epoch at which it was over.
        candidate: whether it was dealt to the candidate.
        unit: whose it was; empty: its own.
        values: by metric; more is worse.
        call: it is a call, not what somebody said of one later.
        seconds: that it took.
        cost: US dollars; None: unknown.
        failed: whether it failed.
    """

    at: int
    candidate: bool
    unit: str
    values: Mapping[str, float]
    call: bool = True
    seconds: float = 0.0
    cost: float | None = None
    failed: bool = False


@dataclass(frozen=True)
class Compared:
    """What is known of a metric.

    Attributes:
        name: of the metric.
        candidate: mean of its rows, more is worse; None: it has none.
        baseline: likewise.
        rows: of the candidate.
        baseline_rows: of the others.
        margin: by which the candidate may be worse.
        p_worse: small: it is worse by more than the margin.
        p_fine: small: it is not.
        more: rows of both that are still needed to show that it is not, if they are as those so far; None: nobody can tell.
    """

    name: str
    candidate: float | None
    baseline: float | None
    rows: int
    baseline_rows: int
    margin: float
    p_worse: float
    p_fine: float
    more: int | None


@dataclass(frozen=True)
class Verdict:
    """What is to be done.

    Attributes:
        decision: go on, wait, or go back.
        reasons: why; of `hold` what is missing.
        compared: by metric.
        requests: that the candidate had in the stage.
        at_once: a limit says so, not a comparison.
    """

    decision: Decision
    reasons: tuple[str, ...]
    compared: tuple[Compared, ...] = ()
    requests: int = 0
    at_once: bool = False


class Judge:
    """Judges one stage, row by row in the order in which they were over.

    Args:
        plan: of the rollout.
        stage: which one, from 0.
        begun: nanoseconds since the epoch at which the stage began.

    Raises:
        UsageError: the plan has no such stage.
    """

    def __init__(self, plan: RolloutSettings, stage: int, begun: int) -> None:
        if not 0 <= stage < len(plan.stages):
            raise UsageError(f"the rollout has no stage {stage + 1}")
        self._plan = plan
        self._stage = plan.stages[stage]
        self._begun = begun
        self._tests: dict[str, TwoStreams] = {}
        for name, metric in plan.metrics.items():
            low, high = metric.bounds
            self._tests[name] = TwoStreams(metric.margin, low=low, high=high)
        self._worse_at = plan.risk / (len(plan.metrics) * len(plan.stages))
        self._fine_at = 1.0 - plan.confidence
        self._limits = _Limits(plan.limits)
        self._callers: dict[tuple[str, bool], _Caller] = {}
        self._open: deque[_Caller] = deque()
        self.requests = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Takes rows, in the order in which they were over and after all that were taken before."""
        ready: list[Row] = []
        for row in rows:
            if row.call and row.candidate:
                self.requests += 1
                self._limits.add(row)
            if self._plan.unit == "call" or not row.unit:
                ready.append(row)
            else:
                self._heard(row)
                ready += self._over(row.at)
        self._bet(ready)

    def _heard(self, row: Row) -> None:
        # What is said later has a window of its own.
        key = (row.unit, row.call)
        caller = self._callers.get(key)
        if caller is None:
            caller = self._callers[key] = _Caller(row.at + int(self._plan.window * _SECOND), row.candidate)
            self._open.append(caller)
        caller.add(row)

    def _over(self, now: int) -> list[Row]:
        """A row for each caller whose window is over."""
        found: list[Row] = []
        while self._open and self._open[0].until < now:
            found.append(self._open.popleft().close())
        return found

    def _bet(self, rows: list[Row]) -> None:
        for name, test in self._tests.items():
            having = [(row.candidate, row.values[name]) for row in rows if name in row.values]
            if having:
                test.add_many(
                    [candidate for candidate, _ in having],
                    [min(max(value, test.low), test.high) for _, value in having],
                )

    def verdict(self, now: int) -> Verdict:
        """What the rows so far say, at a moment in nanoseconds since the epoch."""
        self._bet(self._over(now))
        compared = tuple(self._compared(name, test) for name, test in self._tests.items())

        def say(decision: Decision, reasons: list[str], *, at_once: bool = False) -> Verdict:
            return Verdict(decision, tuple(reasons), compared, self.requests, at_once)

        broken = self._limits.broken()
        if broken:
            return say("rollback", broken, at_once=True)
        worse = [one for one in compared if one.p_worse <= self._worse_at]
        if worse:
            return say("rollback", [_words(one, "is worse by more than", one.p_worse) for one in worse])
        missing = self._missing(compared, now)
        if missing:
            return say("hold", missing)
        return say("advance", [_words(one, "is not worse by", one.p_fine) for one in compared])

    def _compared(self, name: str, test: TwoStreams) -> Compared:
        pairs = test.pairs.more_rows("less", self._fine_at)
        return Compared(
            name,
            test.mean("candidate"),
            test.mean("baseline"),
            test.rows("candidate"),
            test.rows("baseline"),
            test.boundary,
            test.p_greater,
            test.p_less,
            pairs if not pairs else round(pairs * test.n / test.pairs.n),
        )

    def _missing(self, compared: tuple[Compared, ...], now: int) -> list[str]:
        found: list[str] = []
        left = self._begun + self._stage.minutes * 60 * _SECOND - now
        if left > 0:
            found.append(f"{left / 60 / _SECOND:.1f} more minutes")
        if self.requests < self._stage.requests:
            found.append(f"{self._stage.requests - self.requests} more requests to the candidate")
        for one in compared:
            if one.p_fine > self._fine_at:
                about = "nobody can tell how many rows" if one.more is None else f"about {one.more:,} more rows"
                found.append(f"{one.name}: {about} until it is shown to be not worse by {one.margin:g}")
        return found


class _Caller:
    """The rows of one caller in its window."""

    __slots__ = ("_counts", "_sums", "candidate", "closed", "until")

    def __init__(self, until: int, candidate: bool) -> None:
        self.until = until
        self.candidate = candidate
        self.closed = False
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, row: Row) -> None:
        if self.closed or row.at > self.until or row.candidate != self.candidate:
            return
        for name, value in row.values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def close(self) -> Row:
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self.closed = True
        self._sums, self._counts = {}, {}
        return Row(self.until, self.candidate, "", means)


class _Limits:
    """What takes a candidate back without any comparison."""

    def __init__(self, settings: LimitsSettings) -> None:
        self.settings = settings
        self._failed: deque[bool] = deque(maxlen=settings.of)
        self._took: deque[float] = deque(maxlen=_PERCENTILE_OF)
        self._sorted: list[float] = []
        self._broken: dict[str, str] = {}

    def add(self, row: Row) -> None:
        """Looks at the next call of the candidate; what was broken once stays so."""
        given = self.settings
        self._failed.append(row.failed)
        if given.errors is not None and len(self._failed) == given.of:
            share = sum(self._failed) / given.of
            if share >= given.errors:
                self._say("errors", f"{share:.0%} of {given.of} calls in a row failed, the limit is {given.errors:.0%}")
        if given.seconds is not None:
            self._slow(row.seconds, given.seconds)
        if given.cost is not None and row.cost is not None and row.cost > given.cost:
            self._say("cost", f"a call cost {row.cost:g} US dollars, the limit is {given.cost:g}")

    def _slow(self, seconds: float, limit: float) -> None:
        if len(self._took) == _PERCENTILE_OF:
            self._sorted.remove(self._took[0])
        self._took.append(seconds)
        insort(self._sorted, seconds)
        if len(self._took) == _PERCENTILE_OF and self._sorted[-2] > limit:
            self._say("seconds", f"2 of {_PERCENTILE_OF} calls in a row took longer than {limit:g} s")

    def _say(self, what: str, text: str) -> None:
        self._broken.setdefault(what, text)

    def broken(self) -> list[str]:
        return list(self._broken.values())


def _words(one: Compared, what: str, p: float) -> str:
    candidate, baseline = one.candidate or 0.0, one.baseline or 0.0
    return f"{one.name} {what} {one.margin:g}: {abs(candidate):.4g} against {abs(baseline):.4g} (p {p:.2g})"
