"""Beginning a run, going on with one, and what came of it.

Looks at everything before the first row is run.
"""

from __future__ import annotations

import re
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferrata.clock import SystemClock, format_time
from ferrata.errors import NotFound, UsageError
from ferrata.evals.runner.engine import Engine
from ferrata.evals.runner.folder import EvalFolder
from ferrata.evals.runner.records import error_of
from ferrata.evals.runner.reuse import Reuse
from ferrata.evals.runner.totals import Totals, add_line
from ferrata.evals.runner.types import StoppedEarly
from ferrata.evals.types import Scoring
from ferrata.runs import Status
from ferrata.telemetry import JsonlSink, emit_to

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ferrata.clock import Clock
    from ferrata.evals.runner.ray import RayEngine
    from ferrata.evals.runner.types import EvalPlan, Options, Progress

__all__ = ["EvalSummary", "new_eval", "reusable", "resume_eval", "run_eval", "run_name", "summary_of"]

# Runs that are looked into for answers, the newest ones.
_MOST_REUSED = 20


@dataclass(frozen=True)
class EvalSummary:
    """What came of a run.

    Attributes:
        name: the run's.
        status: `Completed`; `CompletedWithErrors` where rows failed or scores are missing; `Failed` where no row was completed;
            `Canceled` where it was stopped and can be resumed.
        rows: that ended, repeats counted.
        failed: of them, those whose target failed.
        reused: answers that were taken from earlier runs.
        metrics: `ALIAS.KEY` -> mean, n, missing, pass_rate, ... as `KeyTotals.as_json`.
        latency: of the target: mean, p50, p95, p99 in seconds.
        errors: code of a target's error -> count and a message.
        input_tokens: of target and judges.
        output_tokens: likewise.
        cost: US dollars likewise; None where none is known.
        seconds: that it took, parts before a resume included.
        stopped: why it was stopped early; None if it was not.
        again: answers of the target and of judges that did not come, and that a resume asks for again.
    """

    name: str
    status: Status
    rows: int
    failed: int
    reused: int = 0
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    latency: dict[str, Any] = field(default_factory=dict[str, Any])
    errors: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    stopped: StoppedEarly | None = None
    again: int = 0

    @property
    def missing(self) -> int:
        """Scores that could not be had."""
        return sum(about["missing"] for about in self.metrics.values())

    @property
    def total(self) -> int:
        """Rows that ended."""
        return self.rows

    @property
    def completed(self) -> int:
        """Of them, those whose target answered."""
        return self.rows - self.failed

    @property
    def broken(self) -> bool:
        """Whether it is not only rows that went wrong: stopped, nothing completed, or a score that no row has."""
        none = any(not about["n"] and about["missing"] for about in self.metrics.values())
        return none or self.status in (Status.FAILED, Status.CANCELED)

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        return {
            "run": self.name,
            "status": self.status.value,
            "rows": self.rows,
            "failed": self.failed,
            "missing": self.missing,
            "again": self.again,
            "reused": self.reused,
            "metrics": self.metrics,
            "latency": self.latency,
            "errors": self.errors,
            "tokens": {"input": self.input_tokens, "output": self.output_tokens},
            "cost_usd": self.cost,
            "seconds": round(self.seconds, 3),
            "error": self.stopped._asdict() if self.stopped else None,
        }


def new_eval(runs: Path, plan: EvalPlan, name: str, *, clock: Clock) -> EvalFolder:
    """Make the folder of a new run, once it is sure that it can begin; close it.

    Raises:
        UsageError: no rows, or not a name.
        Conflict: the name is taken.
        StoreUnavailable: the folder cannot be written.
    """
    if plan.total == 0:
        raise UsageError("the dataset has no rows")
    return EvalFolder.create(
        runs, name, {"status": Status.PREPARING, "created": format_time(clock.now()), **_document(plan)}
    )


def resume_eval(runs: Path, name: str, plan: EvalPlan, *, force: bool = False) -> EvalFolder:
    """Open a run to go on with it: what was answered is kept, what failed is asked again.

    Raises:
        UsageError: target, data or evaluators are not those that it was begun with.
        NotFound, Conflict, StoreUnavailable: as `RunFolder.open`.
    """
    folder = EvalFolder.open(runs, name)
    try:
        now, before = _document(plan), folder.document
        for key in ("repeats", "parts"):
            if before.get(key) != now[key]:
                raise _changed(name, "the evaluators" if key == "parts" else "the number of repeats")
        for key, what in (("target", "the target"), ("data", "the data"), ("evaluators", "an evaluator")):
            if not force and _digests(before.get(key)) != _digests(now[key]):
                raise _changed(name, what)
        folder.keep_completed()
    except BaseException:
        folder.close()
        raise
    return folder


def _changed(name: str, what: str) -> UsageError:
    return UsageError(
        f"{what} changed since run {name!r} began",
        hint=f"take the answers that still fit into a new run: ferrata eval rerun {name}",
    )


def _digests(about: Any) -> list[Any]:
    many = cast("list[dict[str, Any]]", about if isinstance(about, list) else [about or {}])
    return [one.get("digest") for one in many]


def _document(plan: EvalPlan) -> dict[str, Any]:
    return {
        "target": None if plan.target is None else {"name": plan.target.name, "digest": plan.target.digest},
        "evaluators": [
            {
                "alias": asked.alias,
                "name": asked.evaluator.name,
                "digest": asked.evaluator.digest,
                "mapping": dict(asked.mapping),
                "computed": isinstance(asked.evaluator, Scoring),
                "measures": [
                    {
                        "key": m.key,
                        "scale": m.scale,
                        "low": m.low,
                        "high": m.high,
                        "higher_is_better": m.higher_is_better,
                        "threshold": m.threshold,
                    }
                    for m in asked.evaluator.measures
                ],
            }
            for asked in plan.evaluators
        ],
        "repeats": plan.repeats,
        "parts": 1 + sum(not isinstance(asked.evaluator, Scoring) for asked in plan.evaluators),
        "total": plan.total,
        "inputs": dict(plan.inputs),
        **{"data": None, **plan.about},
    }


def reusable(runs: Path, plan: EvalPlan, *, but: str = "") -> Reuse:
    """The answers of earlier runs with the same target or with one of the same judges; close it.

    Args:
        runs: the folder of all runs.
        plan: of the run that is to use them.
        but: the name of that run.
    """
    wanted = {asked.evaluator.digest for asked in plan.evaluators if not isinstance(asked.evaluator, Scoring)}
    if plan.target is not None and plan.target.digest:
        wanted.add(plan.target.digest)
    found: list[EvalFolder] = []
    for folder in EvalFolder.every(runs):
        digests = {*_digests(folder.document.get("target")), *_digests(folder.document.get("evaluators") or [])}
        if folder.name != but and wanted & digests:
            found.append(folder)
    return Reuse(found[:_MOST_REUSED])


async def run_eval(
    plan: EvalPlan,
    options: Options,
    folder: EvalFolder,
    *,
    reuse: Reuse | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
    engine: Callable[..., Engine | RayEngine] = Engine,
) -> EvalSummary:
    """Run what the folder does not have, and write down what came of it.

    Args:
        plan: what is to be done.
        options: how.
        folder: open for writing.
        reuse: answers of earlier runs.
        on_progress: called after each row.
        stop: set by whoever wants the run to end early; calls on their way may end, the rest stays for a resume.
        clock: the time of day.
        engine: runs the rows; with the opener given, `RayEngine` runs them elsewhere.

    Raises:
        StoreUnavailable: the folder cannot be written; what was written is good and the run can be resumed.
        UsageError: the data cannot be read.
    """
    began = time.perf_counter()
    before = float(folder.document.get("seconds") or 0.0)
    totals = _totals_of(folder, {asked.alias: asked.evaluator.measures for asked in plan.evaluators})
    running = engine(plan, options, folder, totals, reuse=reuse, on_progress=on_progress)
    folder.save(status=Status.RUNNING, error=None)
    try:
        with closing(JsonlSink(folder.path / "spans.jsonl")) as sink, emit_to(sink):
            stopped = await running.run(stop=stop)
    except BaseException as error:
        with suppress(Exception):  # what was raised is the one to tell, also where this cannot be written
            told = error_of(error) if isinstance(error, Exception) else None
            folder.save(status=Status.CANCELED, error=told, seconds=before + time.perf_counter() - began)
        raise
    summary = _summary(folder, totals, stopped, seconds=before + time.perf_counter() - began)
    folder.save(
        status=summary.status,
        ended=format_time((clock or SystemClock()).now()),
        seconds=round(summary.seconds, 6),
        error=stopped._asdict() if stopped else None,
        metrics=summary.metrics,
        summary=summary.as_json(),
    )
    return summary


def _summary(folder: EvalFolder, totals: Totals, stopped: StoppedEarly | None, *, seconds: float) -> EvalSummary:
    if stopped is not None:
        status = Status.CANCELED
    elif not totals.completed:
        status = Status.FAILED
    else:
        status = Status.COMPLETED_WITH_ERRORS if totals.failed or totals.missing else Status.COMPLETED
    index = folder.index
    return EvalSummary(
        name=folder.name,
        status=status,
        rows=totals.completed + totals.failed,
        failed=totals.failed,
        reused=totals.reused,
        metrics=totals.metrics(),
        latency=totals.latency.as_json(),
        errors=totals.errors,
        input_tokens=index.input_tokens,
        output_tokens=index.output_tokens,
        cost=index.cost,
        seconds=seconds,
        stopped=stopped,
        again=index.failed,
    )


def _totals_of(folder: EvalFolder, measures: Any) -> Totals:
    """The totals of what the folder has already."""
    totals = Totals(measures, repeats=int(folder.document.get("repeats") or 1))
    for line in folder.lines():
        add_line(totals, line)
    return totals


def summary_of(folder: EvalFolder) -> EvalSummary:
    """What came of a run, from its folder; of one that was killed, counted anew."""
    known = cast("dict[str, Any]", folder.document.get("summary") or {})
    if known and folder.status == known.get("status"):
        error = known.get("error")
        return EvalSummary(
            folder.name,
            Status(known["status"]),
            known["rows"],
            known["failed"],
            known["reused"],
            known["metrics"],
            known["latency"],
            known["errors"],
            known["tokens"]["input"],
            known["tokens"]["output"],
            known["cost_usd"],
            known["seconds"],
            StoppedEarly(**error) if error else None,
            int(known.get("again") or 0),
        )
    from ferrata.evals.types import Measure

    measures: dict[str, Iterable[Measure]] = {
        about["alias"]: [Measure(**m) for m in about["measures"]] for about in folder.document.get("evaluators", [])
    }
    stopped = StoppedEarly("Killed", "the process that ran it is gone", f"go on: {folder.go_on} {folder.name}")
    goes_on = folder.status == Status.RUNNING
    totals = _totals_of(folder, measures)
    return _summary(folder, totals, None if goes_on else stopped, seconds=float(folder.document.get("seconds") or 0.0))


def run_name(definition: str, runs: Path) -> str:
    """The next free name of a run: the definition's, and a number."""
    base = re.sub(r"[^A-Za-z0-9_.]+", "-", definition).strip("-.") or "eval"
    taken = {path.name for path in runs.iterdir()} if runs.is_dir() else set[str]()
    number = 1
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def existing(runs: Path, name: str) -> EvalFolder:
    """A run for reading.

    Raises:
        NotFound: there is none of that name.
    """
    try:
        return EvalFolder.read(runs, name)
    except NotFound as error:
        names = ", ".join(folder.name for folder in EvalFolder.every(runs)[:5])
        raise NotFound(error.message, hint=f"there is {names}" if names else "there are none yet") from None
