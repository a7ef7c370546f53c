"""An evaluation by names into a run: target, data and evaluators of a project, and the ledger's record of what came of it.

The way of `ferrata eval`, of `fr.evaluate` and of the pytest plugin.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import ExitStack, chdir, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ferrata.app import open_app
from ferrata.assets import draft_record
from ferrata.datasets import count_rows, data_files, read_any
from ferrata.errors import FerrataError, StoreUnavailable, UsageError
from ferrata.evals import (
    Asked,
    DataRow,
    EvalFolder,
    EvalPlan,
    Judged,
    Makers,
    Options,
    RayEngine,
    Worker,
    make_evaluator,
    new_eval,
    resume_eval,
    reusable,
    run_eval,
    run_name,
)
from ferrata.runs import Status
from ferrata.shortcut import append_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ferrata.app import App
    from ferrata.datasets import Dataset
    from ferrata.evals import EvalSettings, EvalSummary, Evaluator, EvaluatorSettings, Progress, Target
    from ferrata.messages import Usage

__all__ = [
    "Evaluation",
    "Given",
    "changed",
    "evaluator_of_use",
    "is_over",
    "kept_settings",
    "run_evaluation",
    "runs_folder",
]

_RUNS = "evals"


def runs_folder(app: App) -> Path:
    """Where the project's evaluation runs are."""
    return (app.settings.state / _RUNS).absolute()  # a target may change the working directory


@dataclass(frozen=True)
class Given:
    """What an evaluation is made of, by name or as objects.

    Attributes:
        definition: its entry.
        name: of the entry; begins the names of its runs.
        target: in the place of the entry's.
        rows: in the place of the entry's data: a row each.
        evaluators: beside the entry's: alias -> evaluator.
    """

    definition: EvalSettings
    name: str = "eval"
    target: Target | None = None
    rows: Sequence[Mapping[str, Any]] | None = None
    evaluators: Mapping[str, Evaluator] = field(default_factory=dict[str, "Evaluator"])


@dataclass
class Evaluation:
    """An evaluation that can be run; close it.

    Attributes:
        app: the project.
        given: what it is made of.
        plan: for the runner.
        options: likewise.
    """

    app: App
    given: Given
    plan: EvalPlan
    options: Options
    closing: ExitStack

    @classmethod
    def open(cls, app: App, given: Given) -> Evaluation:
        """Look at everything.

        Raises:
            NotFound, UsageError, InvalidDocument, FlowError: something is not there, or wrong.
        """
        definition = given.definition
        with ExitStack() as stack:
            target = given.target
            if target is None and definition.target is not None:
                target = app.target(definition.target, model=definition.model)
            _close_at_end(stack, target)
            evaluators = [evaluator_of_use(app, use, definition) for use in definition.evaluators]
            evaluators += [Asked(alias, one) for alias, one in given.evaluators.items()]
            for asked in evaluators:
                _close_at_end(stack, asked.evaluator)
            rows, about, total = _rows(app, given)
            about["definition"] = given.name
            if given.target is None and given.rows is None and not given.evaluators:
                about["asked"] = definition.model_dump(mode="json")
            if definition.tags:
                about["tags"] = dict(definition.tags)
            plan = EvalPlan(
                target, rows, evaluators, total, repeats=definition.repeats, inputs=definition.inputs, about=about
            )
            _check_columns(plan)
            options = Options(definition.concurrency, timeout=definition.timeout, budget=definition.budget)
            return cls(app, given, plan, options, stack.pop_all())
        raise AssertionError("the stack suppresses nothing")

    def close(self) -> None:
        """Let go of the target."""
        self.closing.close()


def _close_at_end(stack: ExitStack, target: Any) -> None:
    for owner in (getattr(target, "flow", None), target):
        close = getattr(owner, "close", None)
        if close is not None:
            stack.callback(close)


def evaluator_of_use(app: App, use: EvaluatorSettings, definition: EvalSettings) -> Asked:
    """An evaluator as an entry uses it.

    Raises:
        NotFound, UsageError, InvalidDocument: as `make_evaluator`, and `Models.chat` of the judge's model.
    """

    def judge(name: str | None) -> Judged:
        chosen = name or definition.judge
        price = app.models.price(chosen)

        def cost(usage: Usage) -> float | None:
            return None if price is None else price.cost(usage)

        about = app.models.settings(chosen).model_dump(
            mode="json", include={"url", "wire", "parameters"}, exclude_defaults=True
        )
        return Judged(app.models.chat(chosen), cost, about)

    evaluator = make_evaluator(
        use.use,
        Makers(app.settings.root, judge, app.models.embeddings),
        alias=use.name,
        threshold=use.threshold,
        model=use.model or definition.judge,
        options=use.options,
    )
    return Asked(use.name or evaluator.name, evaluator, use.map)


def is_over(app: App, definition: EvalSettings, digest: str) -> bool:
    """Whether an evaluation's data, as they are now, are those of which a run recorded this digest; not, if they are not there."""
    try:
        path = app.dataset(definition.data).path
    except FerrataError:
        return False
    return f"{_digest(path)}{definition.split or ''}" == digest


class _Rows:
    """Rows of data, read anew each time."""

    def __init__(self, read: Callable[[], Iterator[DataRow]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[DataRow]:
        return self._read()


def _rows(app: App, given: Given) -> tuple[_Rows, dict[str, Any], int]:
    if given.rows is not None:
        held = list(given.rows)
        return _Rows(lambda: (DataRow(i, row, f"row {i}") for i, row in enumerate(held))), {"data": None}, len(held)
    name, split = given.definition.data, given.definition.split
    dataset = app.dataset(name)

    def read() -> Iterator[DataRow]:
        if split is None:  # without ids, which would have to be remembered
            found = read_any(dataset.path, dataset.format)
            yield from (DataRow(i, row.values, row.place, row.problem) for i, row in enumerate(found))
        else:
            chosen = (row for row in dataset.read() if row.problem or row.split == split)
            yield from (DataRow(i, row.values, row.place, row.problem) for i, row in enumerate(chosen))

    plain = split is None and dataset.path.suffix == ".jsonl" and dataset.format is None
    total = count_rows(dataset.path) if plain else sum(1 for _ in read())
    if not total:
        raise _no_rows(name, dataset, split)
    about = {"name": dataset.version or name, "digest": f"{_digest(dataset.path)}{split or ''}", "rows": total}
    if split:
        about["split"] = split
    return _Rows(read), {"data": about}, total


def _no_rows(name: str, dataset: Dataset, split: str | None) -> UsageError:
    if split is None:
        return UsageError(f"{name!r} has no rows")
    parts = sorted({row.split for row in dataset.read() if row.split})
    hint = f"its parts are {', '.join(parts)}" if parts else "it has no parts: ferrata data split, or a column `split`"
    return UsageError(f"{name!r} has no rows of the part {split!r}", hint=hint)


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    for file in data_files(path):
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()


def _check_columns(plan: EvalPlan) -> None:
    """Refuse a run without a target whose rows lack what every evaluator needs, before it makes nothing of them.

    Raises:
        UsageError: no evaluator could score the first row.
    """
    if plan.target is not None:
        return
    from ferrata.evals import values_for

    first = next((row for row in plan.rows if not row.problem), None)
    if first is None:
        return
    missing = {asked.alias: values_for(asked)(first.values, {}).missing for asked in plan.evaluators}
    if missing and all(missing.values()):
        names = sorted({name for found in missing.values() for name in found})
        raise UsageError(
            f"{first.place}: there is no {' and no '.join(map(repr, names))}; the columns are {', '.join(first.values)}",
            hint="name a target that makes it, or say by `map` which column it is",
        )


def run_evaluation(
    evaluation: Evaluation,
    *,
    name: str = "",
    resume: str = "",
    reuse: bool = False,
    force: bool = False,
    fixed: bool = False,
    engine: str = "local",
    on_progress: Callable[[Progress], None] | None = None,
    around: Callable[[asyncio.Event, EvalFolder], Any] | None = None,
    save: bool = True,
) -> EvalSummary:
    """Run it, or go on with a run of it, and put what came of it into the ledger.

    Args:
        evaluation: what is run.
        name: of the run; the next free one of the entry's where it is empty.
        resume: the run to go on with.
        reuse: do not ask again what earlier runs were answered.
        force: go on also with a run of other things.
        fixed: so many calls at a time from the beginning.
        engine: `local`, or `ray`.
        on_progress: called after each row.
        around: a context manager around the run, given the event that stops it, and its folder.
        save: write the ledger's record.

    Raises:
        UsageError, NotFound, Conflict, StoreUnavailable: as `new_eval`, `resume_eval` and `run_eval`.
    """
    app, plan = evaluation.app, evaluation.plan
    runs = runs_folder(app)
    app.state.make()
    if resume:
        folder = resume_eval(runs, resume, plan, force=force)
    else:
        folder = new_eval(runs, plan, name or run_name(evaluation.given.name, runs), clock=app.clock)
    how: dict[str, Any] = {"on_progress": on_progress, "clock": app.clock}
    if engine == "ray":
        how |= _on_ray(app, evaluation.given, folder.name, reuse=reuse)
    with folder, ExitStack() as stack:
        if reuse:
            how["reuse"] = answers = reusable(runs, plan, but=folder.name)
            stack.callback(answers.close)

        async def main() -> EvalSummary:
            stop = asyncio.Event()
            with around(stop, folder) if around else ExitStack():
                try:
                    return await run_eval(plan, replace(evaluation.options, fixed=fixed), folder, stop=stop, **how)
                finally:
                    await _close_connections(app, plan.target)

        with chdir(Path.cwd()):  # for what comes after a target that changed it
            summary = asyncio.run(main())
        if save and summary.status not in (Status.CANCELED, Status.FAILED):
            _record(app, folder, plan, summary)
    return summary


def _on_ray(app: App, given: Given, run: str, *, reuse: bool) -> dict[str, Any]:
    """What makes the run one on a Ray cluster.

    Raises:
        UsageError: it is made of objects, which another process does not have.
    """
    if given.target is not None or given.rows is not None or given.evaluators:
        raise UsageError("what runs on a cluster must be given by name", hint="declare it in ferrata.yaml")
    root = app.settings.root.resolve()
    opener = partial(
        _open_in_worker, root, given.definition.model_dump(mode="json"), given.name, run if reuse else None
    )
    return {"engine": partial(RayEngine, opener=opener)}


def _open_in_worker(root: Path, settings: dict[str, Any], name: str, run: str | None) -> Worker:
    app = open_app(root)
    plan = Evaluation.open(app, Given(changed(None, **settings), name)).plan
    return Worker(plan, None if run is None else reusable(runs_folder(app), plan, but=run))


async def _close_connections(app: App, target: Any) -> None:
    with suppress(Exception):  # what came of the run matters more
        if "models" in app.__dict__:
            await app.models.__aexit__()
        if (http := getattr(target, "http", None)) is not None:
            await http.aclose()


def _record(app: App, folder: EvalFolder, plan: EvalPlan, summary: EvalSummary) -> None:
    about: dict[str, Any] = folder.document.get("data") or {}
    models = sorted({n for a in plan.evaluators if (n := getattr(a.evaluator, "model_name", ""))})
    payload: dict[str, Any] = {
        "dataset": str(about.get("name") or "rows given in code"),
        "rows": summary.rows,
        "metrics": sorted(summary.metrics),
        "evaluators": [asked.evaluator.name for asked in plan.evaluators],
        "intervals": any("interval" in about for about in summary.metrics.values()),
    }
    if models:
        payload["judge"] = ", ".join(models)
    with suppress(StoreUnavailable):
        append_record(app, draft_record("eval.completed", subjects=(), payload=payload, id=None))


def changed(settings: EvalSettings | None, **changes: Any) -> EvalSettings:
    """An entry with what the caller gave in the place of its own.

    Raises:
        UsageError: it makes no sense.
    """
    from ferrata.evals import EvalSettings

    try:
        return EvalSettings.model_validate({**(settings.model_dump() if settings else {}), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{where}: {first['msg']}") from None


def kept_settings(document: Mapping[str, Any]) -> EvalSettings | None:
    """The entry that a run was begun with; None where it was begun in code."""
    kept = document.get("asked")
    return None if not kept else changed(None, **kept)
