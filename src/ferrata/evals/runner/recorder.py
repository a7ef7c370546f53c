"""Writes down what came of each call, and counts it. Calls nobody but evaluators that compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.evals.evaluators.base import failed as failed_scores
from ferrata.evals.runner.records import compact, part_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.totals import Totals
    from ferrata.evals.runner.types import Asked, DataRow
    from ferrata.evals.runner.values import Values
    from ferrata.evals.types import Produced, Score, Scoring
    from ferrata.telemetry import Span

__all__ = ["Answer", "Recorder", "Unit", "missing_inputs"]


class Unit(NamedTuple):
    """A row in one of its repeats; its number counts repeats."""

    number: int
    row: DataRow
    repeat: int


class Answer(NamedTuple):
    """What a target answered.

    Attributes:
        produced: itself.
        began: seconds since the epoch.
        seconds: that it took.
        span: of the call; None where nobody was called.
        key: the digest of what was asked; empty: not to be used again.
    """

    produced: Produced
    began: float
    seconds: float = 0.0
    span: Span | None = None
    key: str = ""


class Recorder:
    """Writes to a run's folder.

    Args:
        folder: open for writing.
        totals: are added to.
        scoring: evaluators that compute, with what makes their inputs.

    Attributes:
        dearest: US dollars of the dearest call so far.
    """

    def __init__(
        self,
        folder: EvalFolder,
        totals: Totals,
        scoring: Sequence[tuple[Asked, Callable[[Mapping[str, Any], Mapping[str, Any]], Values]]],
    ) -> None:
        self._folder = folder
        self._totals = totals
        self._scoring = scoring
        self.dearest = 0.0

    def failed(self, number: int, unit: Unit, error: dict[str, Any], began: float, span: Span | None) -> None:
        """A row whose target failed."""
        self._write(number, {**_about(unit), "error": error, "started": began}, span, completed=False)
        self._totals.refused(error)

    def answered(self, number: int, unit: Unit, answer: Answer) -> None:
        """A row whose target answered; what can be computed of it is."""
        produced, span = answer.produced, answer.span
        usage = produced.usage or (span.usage if span else None)
        cost = produced.cost if produced.cost is not None or span is None else span.cost
        made = produced.values
        seen = {**_measured(answer.seconds, usage, cost), **made}
        scores: dict[str, Any] = {}
        for asked, values in self._scoring:
            found = _score(asked, values(unit.row.values, seen))
            self._totals.add(asked.alias, found)
            scores[asked.alias] = compact(found)
        body: dict[str, Any] = {**_about(unit), "output": made, "scores": scores, "started": answer.began}
        body["seconds"] = round(answer.seconds, 6)
        reused = produced.cached and span is None
        if reused:
            body["reused"] = True
        if span is not None:
            body["trace"] = span.trace_id
        record = part_record(number, body, completed=True, usage=usage, cost=cost, key=answer.key)
        self._folder.append(record)
        self._spent(cost)
        self._totals.answered(answer.seconds, reused=reused)

    def judged(
        self,
        number: int,
        unit: Unit,
        asked: Asked,
        scores: Sequence[Score],
        *,
        key: str = "",
        span: Span | None = None,
        seconds: float = 0.0,
        reused: bool = False,
    ) -> None:
        """A judge's scores of a row."""
        body: dict[str, Any] = {**_of_judge(unit, asked), "scores": compact(scores), "seconds": round(seconds, 6)}
        if reused:
            body["reused"] = True
        self._write(number, body, span, completed=True, key=key)
        self._totals.add(asked.alias, scores)

    def judge_failed(self, number: int, unit: Unit, asked: Asked, error: dict[str, Any], span: Span | None) -> None:
        """A row that a judge did not answer for."""
        self._write(number, {**_of_judge(unit, asked), "error": error}, span, completed=False)
        self._totals.miss(asked.alias, f"{error['code']}: {error['message']}")

    def _write(self, number: int, body: dict[str, Any], span: Span | None, *, completed: bool, key: str = "") -> None:
        usage, cost = (span.usage, span.cost) if span else (None, None)
        self._folder.append(part_record(number, body, completed=completed, usage=usage, cost=cost, key=key))
        self._spent(cost)

    def _spent(self, cost: float | None) -> None:
        if cost is not None and cost > self.dearest:
            self.dearest = cost


def missing_inputs(values: Values) -> str:
    """Which inputs are not there, in words."""
    return f"there is no {' and no '.join(map(repr, values.missing))}"


def _score(asked: Asked, values: Values) -> Sequence[Score]:
    evaluator = cast("Scoring", asked.evaluator)
    if values.missing:
        return failed_scores(evaluator.measures, missing_inputs(values))
    try:
        return evaluator.score(values.given)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of an evaluator: recorded as its failure
        return failed_scores(evaluator.measures, f"{type(error).__name__}: {error}")


def _about(unit: Unit) -> dict[str, Any]:
    row = unit.row
    about: dict[str, Any] = {"row": row.number, "inputs": row.values}
    if unit.repeat:
        about["repeat"] = unit.repeat
    if row.place:
        about["place"] = row.place
    return about


def _of_judge(unit: Unit, asked: Asked) -> dict[str, Any]:
    about: dict[str, Any] = {"row": unit.row.number, "evaluator": asked.alias}
    if unit.repeat:
        about["repeat"] = unit.repeat
    return about


def _measured(seconds: float, usage: Any, cost: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"latency_seconds": seconds, "latency_ms": 1000 * seconds}
    if usage is not None:
        found |= {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    if cost is not None:
        found |= {"cost_usd": cost, "cost": cost}
    return found
