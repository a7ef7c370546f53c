"""`fr.evaluate`: an evaluation in Python, with objects in the place of names where one likes.

import ferrata as fr

report = fr.evaluate("flows/support", "data/golden.jsonl", ["f1_score", "groundedness"])
report.metrics["f1_score.f1"]["mean"]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.app import open_app
from ferrata.errors import UsageError
from ferrata.evals import EvalFolder, EvalRow, compare_evals, flat_row, rows_of_eval
from ferrata.evaluating import Evaluation, Given, changed, run_evaluation, runs_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ferrata.evals import Compared, EvalSummary, Evaluator, Progress, Target

__all__ = ["EvalReport", "evaluate", "score_lines"]


@dataclass(frozen=True)
class EvalReport:
    """What came of an evaluation.

    Attributes:
        summary: counts, metrics, latency, tokens, cost.
        folder: where the run is kept.
        baseline: the run that it is compared with; None where it is with none.
    """

    summary: EvalSummary
    folder: Path
    baseline: Path | None = None

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """`ALIAS.KEY` -> mean, n, missing, pass_rate, ..."""
        return self.summary.metrics

    def rows(self) -> Iterator[EvalRow]:
        """The rows in the order of the data, read one at a time."""
        with EvalFolder.read(self.folder.parent, self.folder.name) as opened:
            yield from rows_of_eval(opened)

    def compared(self) -> list[Compared]:
        """Each score beside the baseline's, row by row.

        Raises:
            UsageError: there is no baseline, or it shares no row.
        """
        if self.baseline is None:
            raise UsageError("there is no baseline", hint="give one: fr.evaluate(..., baseline=RUN)")
        with (
            EvalFolder.read(self.baseline.parent, self.baseline.name) as before,
            EvalFolder.read(self.folder.parent, self.folder.name) as after,
        ):
            return compare_evals(before, after)

    def check(
        self,
        means: Mapping[str, float] | None = None,
        *,
        pass_rates: Mapping[str, float] | None = None,
        most_missing: int = 0,
    ) -> None:
        """Hold the scores to limits; what a difference is worth statistically is not looked at here.

        Args:
            means: `ALIAS.KEY` -> the least mean; the greatest where lower is better.
            pass_rates: `ALIAS.KEY` -> the least share of rows that pass, 0 to 1.
            most_missing: so many scores of what is checked may be missing.

        Raises:
            AssertionError: a limit is not met, or there is no such score; all are named.
        """
        wrong: list[str] = []
        for what, limits in (("mean", means or {}), ("pass_rate", pass_rates or {})):
            for name, limit in limits.items():
                wrong += _problems(name, what, limit, self.metrics, most_missing)
        if wrong:
            raise AssertionError(f"run {self.summary.name}: {'; '.join(wrong)}")

    def to_dict(self) -> dict[str, Any]:
        """In the shape of azure-ai-evaluation's `evaluate`: `rows`, `metrics` by name, `studio_url` (none)."""
        means = {name: about["mean"] for name, about in self.metrics.items()}
        rates = {
            f"{name.rpartition('.')[0]}.binary_aggregate": about["pass_rate"]
            for name, about in reversed(list(self.metrics.items()))
            if "pass_rate" in about
        }
        return {"rows": [flat_row(row) for row in self.rows()], "metrics": {**means, **rates}, "studio_url": None}


def evaluate(
    target: str | Target | Callable[..., Any] | None,
    data: str | Path | Iterable[Mapping[str, Any]],
    evaluators: Sequence[str | Mapping[str, Any]]
    | Mapping[str, str | Mapping[str, Any] | Callable[..., Any] | Evaluator],
    *,
    baseline: str | EvalReport | None = None,
    project: str | Path = ".",
    name: str = "",
    on_progress: Callable[[Progress], None] | None = None,
    reuse: bool = False,
    **settings: Any,
) -> EvalReport:
    """Run a target over data under evaluators.

    Args:
        target: a name (prompt, flow, `model:NAME`, `file.py:function`, URL), a function (async or not), or None where the
            data has the responses.
        data: a file, a version of the registry, or rows.
        evaluators: names, entries as in `ferrata.yaml`, or alias -> name, entry, function or evaluator.
        baseline: the name of a run, or a report, to compare with.
        project: its folder.
        name: of the run; the next free one where it is empty.
        on_progress: called after each row.
        reuse: do not ask again what earlier runs were answered.
        settings: as in an entry of `evals`: `split`, `model`, `judge`, `inputs`, `repeats`, `concurrency`, `timeout`, `budget`, `tags`.

    Raises:
        FerrataError: something is not there or wrong; rows that fail raise nothing and are counted.
    """
    uses, made = _evaluators(evaluators)
    rows = None if isinstance(data, str | Path) else list(data)
    with open_app(Path(project)) as app:
        definition = changed(
            None,
            target=target if isinstance(target, str) else None,
            data=str(data) if rows is None else "rows",
            evaluators=uses,
            **settings,
        )
        given = Given(
            definition,
            target=None if isinstance(target, str) or target is None else _target(target),
            rows=rows,
            evaluators=made,
        )
        evaluation = Evaluation.open(app, given)
        try:
            summary = run_evaluation(evaluation, name=name, reuse=reuse, on_progress=on_progress)
        finally:
            evaluation.close()
        runs = runs_folder(app)
        return EvalReport(summary, runs / summary.name, _baseline(baseline, runs))


def _baseline(given: str | EvalReport | None, runs: Path) -> Path | None:
    if given is None:
        return None
    return given.folder if isinstance(given, EvalReport) else runs / given


def _evaluators(given: Any) -> tuple[list[Any], dict[str, Evaluator]]:
    """Entries, and evaluators that are objects. Where one is an object, all become objects."""
    if not hasattr(given, "items"):
        return [one if isinstance(one, str) else dict(one) for one in given], {}
    uses: list[Any] = []
    made: dict[str, Evaluator] = {}
    for alias, one in cast("Mapping[str, Any]", given).items():
        if isinstance(one, str):
            uses.append({"use": one, "name": alias})
        elif hasattr(one, "items"):
            uses.append({**one, "name": alias})
        else:
            made[alias] = _evaluator(alias, one)
    return uses, made


def _evaluator(alias: str, thing: Any) -> Evaluator:
    from ferrata.evals import Evaluator, evaluator_of

    return thing if isinstance(thing, Evaluator) else evaluator_of(thing, alias=alias)


def _target(thing: Any) -> Target:
    from ferrata.targets import FunctionTarget

    if all(hasattr(thing, name) for name in ("name", "digest")):
        return cast("Target", thing)
    if not callable(thing):
        raise UsageError(f"not a target: {thing!r:.80}", hint="give a name, a function, or a Target")
    name = getattr(thing, "__qualname__", type(thing).__name__)
    # What a function reaches beyond its own code cannot be known: without a digest its answers are asked for each time.
    return FunctionTarget(thing, str(name), "")


def score_lines(report: EvalReport) -> list[str]:
    """A line for each score: mean, pass rate, rows, missing."""
    lines = [
        f"{report.summary.name}: {report.summary.status}, {report.summary.rows} rows, {report.summary.failed} failed"
    ]
    for name, about in report.metrics.items():
        mean = "-" if about["mean"] is None else f"{about['mean']:.4g}"
        rate = f", {about['pass_rate']:.1%} passed" if "pass_rate" in about else ""
        lines.append(f"  {name} {mean}{rate}, n {about['n']}, {about['missing']} missing")
    return lines


def _problems(
    name: str, what: str, limit: float, metrics: Mapping[str, Mapping[str, Any]], most_missing: int
) -> list[str]:
    about = metrics.get(name)
    if about is None:
        return [f"there is no score {name!r}; there is {', '.join(metrics)}"]
    found: list[str] = []
    value = about.get(what)
    lower = what == "mean" and not about.get("higher_is_better", True)
    if value is None:
        found.append(f"{name} has no {what.replace('_', ' ')}")
    elif (value > limit) if lower else (value < limit):
        found.append(
            f"{name} has a {what.replace('_', ' ')} of {value:.4g}, {'more' if lower else 'less'} than {limit:g}"
        )
    if about["missing"] > most_missing:
        found.append(f"{name} is missing in {about['missing']} rows")
    return found
