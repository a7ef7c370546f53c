"""What runs say of a model: quality, cost, latency; and what requests of a use case take. Asks nobody."""

from __future__ import annotations

import math
import statistics
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.evals import EvalFolder, rows_of_eval
from ferrata.gates import counted, read_run, resolve_metric
from ferrata.messages import Usage
from ferrata.scouts.types import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ferrata.evals import EvalSummary
    from ferrata.gates import Scored
    from ferrata.stats import Interval

__all__ = ["Measurement", "Used", "measure_run", "used_by"]

# Runs that are looked into for tokens and cost of answers that were used again.
_MOST_RUNS = 50
_NORMAL = 1.96


class Used(NamedTuple):
    """What requests of a use case took, on average.

    Attributes:
        rows: behind it; 0: nobody measured.
        input_tokens: of the model that is evaluated.
        output_tokens: likewise.
        most: tokens of the longest request, in and out together.
        cost: US dollars a request; None where it is not known.
        judges: US dollars of all judges for one row.
    """

    rows: int = 0
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    most: int = 0
    cost: float | None = None
    judges: float = 0.0

    @property
    def usage(self) -> Usage:
        """Of one request."""
        return Usage(round(self.input_tokens), round(self.output_tokens))


class Measurement(NamedTuple):
    """What a run says of a model.

    Attributes:
        metric: its full name.
        measured: of it.
        scored: all scores, as gates take them.
    """

    metric: str
    measured: Measured
    scored: Scored


def used_by(runs: Path, *, digest: str = "", target: str = "") -> Used:
    """What the answers of a target took, those that later runs used again counted once.

    Args:
        runs: the folder of all runs.
        digest: of the target, which its model is part of.
        target: its name, in the place of the digest.
    """
    tokens: dict[str, tuple[int, int, float | None]] = {}
    judges: dict[tuple[str, str], float] = {}
    for folder in islice(_of_target(runs, digest, target), _MOST_RUNS):
        for line in _lines(runs, folder.name):
            row = f"{line.get('row', 0)} {line.get('repeat', 0)}"
            if "evaluator" in line:
                judges.setdefault((str(line["evaluator"]), row), float(line.get("cost_usd") or 0.0))
            elif "tokens" in line:
                tokens.setdefault(str(line.get("key") or row), (*line["tokens"], line.get("cost_usd")))
        if tokens and not digest:  # the newest run that says something
            break
    if not tokens:
        return Used()
    costs = [cost for *_, cost in tokens.values()]
    known = [cost for cost in costs if cost is not None]
    each = len(tokens)
    return Used(
        each,
        sum(read for read, *_ in tokens.values()) / each,
        sum(made for _, made, _ in tokens.values()) / each,
        max(read + made for read, made, _ in tokens.values()),
        sum(known) / each if len(known) == each else None,
        sum(judges.values()) / each,
    )


def _of_target(runs: Path, digest: str, target: str) -> Iterator[EvalFolder]:
    for folder in EvalFolder.every(runs):
        about: dict[str, Any] = folder.document.get("target") or {}
        if about.get("digest") == digest if digest else about.get("name") == target:
            yield folder


def _lines(runs: Path, name: str) -> Iterator[dict[str, Any]]:
    with EvalFolder.read(runs, name) as folder:
        yield from folder.lines()


def measure_run(runs: Path, summary: EvalSummary, metric: str, *, cluster: str | None = None) -> Measurement:
    """What a run says of its model.

    Args:
        runs: the folder of all runs.
        summary: of the run.
        metric: a name as gates take it; empty: the first evaluator's main score.
        cluster: a column of the data that rows share which are not independent.

    Raises:
        UsageError: there is no such metric; no row has a value.
    """
    from ferrata.stats import estimate

    with EvalFolder.read(runs, summary.name) as folder:
        found = read_run(folder, cluster=cluster)
        full = resolve_metric(metric or next(iter(found.main)), found)
        better = found.scores[full].higher_is_better
        scores = counted(found, full, worst="least" if better else "greatest", clusters=found.clusters).scores
        seconds = sorted(row.seconds for row in rows_of_eval(folder) if row.error is None)
    used = used_by(runs, digest=found.side.digest) if found.side.digest else Used()
    measured = Measured(
        run=summary.name,
        rows=summary.rows,
        failed=summary.failed,
        scores=scores,
        estimate=estimate(scores),
        per_1000=None if used.cost is None else 1000 * used.cost,
        p50=statistics.median(seconds) if seconds else None,
        median=_median_interval(seconds),
        p95=seconds[math.ceil(0.95 * len(seconds)) - 1] if seconds else None,
        spent=summary.cost,
    )
    return Measurement(full, measured, found)


def _median_interval(ascending: list[float]) -> Interval | None:
    """By order statistics, at 95 % (Conover, Practical Nonparametric Statistics, 1999, section 3.2)."""
    from ferrata.stats import Interval

    n = len(ascending)
    reach = _NORMAL * math.sqrt(n) / 2
    low, high = math.floor(n / 2 - reach) - 1, math.ceil(n / 2 + reach)
    return Interval(ascending[low], ascending[high]) if low >= 0 and high < n else None
