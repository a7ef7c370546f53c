"""A judge by its name held against people's labels, and what is known of a project's judges.

The judge is asked as its evaluation would ask it, so that its digest is the same; answers that it gave before are not asked for again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.calibration import (
    Corrected,
    JudgeStanding,
    LabelColumns,
    Subject,
    answers_by_key,
    answers_by_number,
    map_without_target,
    measure_judge,
    read_calibration,
    read_labels,
    write_calibration,
)
from ferrata.clock import format_time
from ferrata.errors import FerrataError, NotFound, StoreUnavailable, UsageError
from ferrata.evals import (
    EvalFolder,
    Judging,
    Scoring,
    definition_of,
    definitions_of,
    existing,
    judge_names,
    scores_of_eval,
)
from ferrata.evaluating import Evaluation, Given, evaluator_of_use, run_evaluation, runs_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from ferrata.app import App
    from ferrata.calibration import Answer, Calibration, Labels
    from ferrata.evals import Asked, EvalSettings, EvaluatorSettings, Measure, Progress
    from ferrata.gates import GateSettings, Scored

__all__ = [
    "Calibrated",
    "CalibrationRequest",
    "DeclaredJudge",
    "calibrate",
    "gate_standings",
    "judge_named",
    "judges_of",
    "standing_of",
    "standings",
]


@dataclass(frozen=True)
class DeclaredJudge:
    """An evaluator of an entry of `evals` that asks a model.

    Attributes:
        evaluation: the entry's name.
        alias: the evaluator's name in it.
        definition: the entry.
        use: the evaluator's part of it.
        asked: itself; None where it cannot be made.
        problem: why it cannot be made; empty where it can.
    """

    evaluation: str
    alias: str
    definition: EvalSettings
    use: EvaluatorSettings
    asked: Asked | None
    problem: str = ""

    @property
    def name(self) -> str:
        """`EVAL.ALIAS`."""
        return f"{self.evaluation}.{self.alias}"


@dataclass(frozen=True)
class CalibrationRequest:
    """What is to be calibrated, and how.

    Attributes:
        evaluation: entry of `evals`.
        labels: file of labelled rows.
        alias: of its judge; empty where it has one.
        columns: of the file.
        floor: the least kappa with which the judge may decide.
        run: whose scores are taken; empty: the judge is asked.
        threshold: from which on rows pass, in the place of the judge's own.
        score: key of the score, where the judge gives several; empty: its main one.
        family: the judge's own model as rows name it.
    """

    evaluation: str
    labels: Path
    alias: str = ""
    columns: LabelColumns = field(default_factory=LabelColumns)
    floor: float = 0.6
    run: str = ""
    threshold: float | None = None
    score: str = ""
    family: str = ""


class Calibrated(NamedTuple):
    """What came of it: the calibration, its file, what it says of the judge, and whether the ledger has it."""

    calibration: Calibration
    file: Path
    standing: JudgeStanding
    recorded: bool


class CorrectedScore(NamedTuple):
    """A score of a run whose judge was calibrated: its metric, what is known of the judge, and the mean corrected by it."""

    metric: str
    standing: JudgeStanding
    corrected: Corrected


def judges_of(app: App, evaluation: str | None = None) -> list[DeclaredJudge]:
    """The judges that evaluations declare; of one evaluation, or of all.

    Raises:
        NotFound: there is no evaluation of that name.
        InvalidDocument: a declaration is wrong.
    """
    entries = (
        definitions_of(app.settings) if evaluation is None else {evaluation: definition_of(app.settings, evaluation)}
    )
    return [judge for name, definition in entries.items() for judge in _judges(app, name, definition)]


def _judges(app: App, name: str, definition: EvalSettings) -> Iterator[DeclaredJudge]:
    for use in definition.evaluators:
        try:
            asked = evaluator_of_use(app, use, definition)
        except FerrataError as error:
            kind = use.use.rpartition(".")[2] if use.use.endswith(".prompty") else use.use
            if kind in judge_names():
                yield DeclaredJudge(name, use.name or use.use, definition, use, None, error.message)
            continue
        asks = isinstance(asked.evaluator, Judging) and not isinstance(asked.evaluator, Scoring)
        if asks and getattr(asked.evaluator, "opinion", True):
            yield DeclaredJudge(name, asked.alias, definition, use, asked)


def judge_named(app: App, evaluation: str, alias: str = "") -> DeclaredJudge:
    """A judge of an evaluation.

    Raises:
        NotFound: there is no such evaluation or judge.
        UsageError: there are several and none was named, or it cannot be made.
    """
    found = judges_of(app, evaluation)
    names = ", ".join(judge.alias for judge in found)
    if not found:
        raise UsageError(
            f"no evaluator of {evaluation!r} asks a model",
            hint="computed scores need no calibration; see `ferrata eval list`",
        )
    if not alias and len(found) > 1:
        raise UsageError(f"{evaluation!r} has several judges", hint=f"name one of {names}")
    judge = next((one for one in found if not alias or one.alias == alias), None)
    if judge is None:
        raise NotFound(f"{evaluation!r} has no judge {alias!r}", hint=f"there is {names}")
    if judge.asked is None:
        raise UsageError(f"the judge {judge.name!r} cannot be asked: {judge.problem}")
    return judge


def standings(
    app: App, evaluation: str, digests: Mapping[str, str], *, metrics: Iterable[str] = (), floor: float = 0.0
) -> dict[str, JudgeStanding]:
    """What is known of judges of an evaluation, by alias; one that was never calibrated, or is another now, may not decide.

    Args:
        app: the project.
        evaluation: entry of `evals`, or what a run says of itself under `definition`.
        digests: alias -> the judge's digest, as it is now or as a run recorded it.
        metrics: that are to be decided by, as `ALIAS.KEY` or `ALIAS.KEY.pass_rate`; a judge that was calibrated for another of
            its scores than one of these may not decide.
        floor: the least kappa that whoever decides asks for; that of the calibration holds as well.
    """
    found = {alias: replace(_standing(app, evaluation, alias, of), floor=floor) for alias, of in digests.items()}
    for metric in metrics:
        alias, _, key = metric.removesuffix(".pass_rate").partition(".")
        known = found.get(alias)
        if known is not None and known.calibration is not None and key and key != known.calibration.score:
            found[alias] = known.of_score(key)
    return found


def gate_standings(app: App, gate: GateSettings, scored: Scored) -> dict[str, JudgeStanding]:
    """What is known of the judges behind scores that a gate decides on, by alias."""
    digests = {alias: scored.evaluators.get(alias, "") for alias in scored.judged}
    names = (one.rule.metric for one in gate.rules)
    metrics = [scored.main.get(name.removesuffix(".pass_rate"), name) for name in names]
    return standings(app, gate.eval, digests, metrics=metrics, floor=gate.judge_floor)


def standing_of(app: App, judge: DeclaredJudge) -> JudgeStanding:
    """What is known of a declared judge as it is now."""
    if judge.asked is None:
        return JudgeStanding(judge.evaluation, judge.alias, "", problem=f"it cannot be asked: {judge.problem}")
    return _standing(app, judge.evaluation, judge.alias, judge.asked.evaluator.digest)


def _standing(app: App, evaluation: str, alias: str, digest: str) -> JudgeStanding:
    standing = JudgeStanding(evaluation, alias, digest)
    try:
        return replace(standing, calibration=read_calibration(app.settings.root, evaluation, alias))
    except FerrataError as error:
        first = " ".join(error.message.split())
        return replace(standing, problem=f"its calibration cannot be read: {first}: {standing.command} again")


def corrected_scores(app: App, run: str, *, cluster: str | None = None) -> list[CorrectedScore]:
    """The scores of a run's calibrated judges, corrected: means where they can be, else the share that passes.

    Args:
        app: the project.
        run: its name.
        cluster: a column of the data that rows share which are not independent.

    Raises:
        NotFound, UsageError: there is no such run, or column.
    """
    with existing(runs_folder(app), run) as folder:
        about = [one for one in folder.document.get("evaluators", []) if one.get("judged", False)]
        digests = {str(one["alias"]): str(one.get("digest") or "") for one in about}
        known = standings(app, str(folder.document.get("definition") or ""), digests)
        known = {alias: one for alias, one in known.items() if one.calibration is not None or one.problem}
        scores = scores_of_eval(folder, cluster=cluster, pass_rates=True) if known else {}
    found: list[CorrectedScore] = []
    for alias, standing in known.items():
        if standing.calibration is None:
            found.append(CorrectedScore(alias, standing, Corrected(None, standing.reason)))
            continue
        name = f"{alias}.{standing.calibration.score}"
        tried = [one for one in (name, f"{name}.pass_rate") if one in scores and len(scores[one].keys)]
        both = [CorrectedScore(one, standing, standing.correction(scores[one])) for one in tried]
        had = [one for one in both if one.corrected.inference is not None]
        # The mean of verdicts is the share that passes.
        found += (had[:1] if standing.calibration.labels == "verdicts" else had) or both[-1:]
    return found


def calibrate(
    app: App, request: CalibrationRequest, *, on_progress: Callable[[Progress], None] | None = None
) -> Calibrated:
    """Hold a judge against people's labels, keep what came of it as a file of the project, and note it in the ledger.

    Args:
        app: the project.
        request: which judge, and which labels.
        on_progress: called after each row that the judge was asked about.

    Raises:
        NotFound, UsageError, InvalidDocument: there is no such evaluation, judge, run, file or column; labels do not fit; the
            judge scored no row.
        StoreUnavailable: the file or the run cannot be written.
    """
    judge = judge_named(app, request.evaluation, request.alias)
    if judge.asked is None:
        raise AssertionError("a judge that was found can be asked")
    own = _measure(judge, request.score)
    measure = own if request.threshold is None else replace(own, threshold=request.threshold)
    if measure.threshold is None and measure.scale == "binary":  # its better value passes
        measure = replace(measure, threshold=1.0 if measure.higher_is_better else 0.0)
    evaluator = judge.asked.evaluator
    labels = read_labels(request.labels, request.columns, measure, passing=_own_labels(evaluator))
    if request.run:
        run, answers = request.run, _answers_of_run(app, judge.asked, own.key, labels, request.run)
    else:
        run, answers = _answers_asked(app, judge, own.key, labels, on_progress)
    subject = Subject(
        judge.evaluation,
        judge.alias,
        evaluator.name,
        evaluator.digest,
        str(getattr(evaluator, "model_name", "")),
        measure,
        own.threshold,
        request.family,
    )
    created = format_time(app.clock.now())
    found = measure_judge(subject, labels, answers, floor=request.floor, created=created, run=run)
    file = write_calibration(app.settings.root, found)
    standing = JudgeStanding(judge.evaluation, judge.alias, evaluator.digest, found)
    return Calibrated(found, file, standing, _record(app, found))


def _measure(judge: DeclaredJudge, key: str) -> Measure:
    measures = judge.asked.evaluator.measures if judge.asked else ()
    found = next((one for one in measures if not key or one.key == key), None)
    if found is None:
        names = ", ".join(one.key for one in measures)
        raise UsageError(f"the judge {judge.name!r} has no score {key!r}", hint=f"there is {names}")
    return found


def _own_labels(evaluator: Any) -> dict[str, bool]:
    """Labels of a judge that sorts under labels, and which of them pass."""
    names = getattr(evaluator, "labels", ())
    return {str(name): name in evaluator.passing for name in names}


def _record(app: App, found: Calibration) -> bool:
    """Note it in the ledger; not where kappa is not defined, or the ledger cannot be reached."""
    if found.kappa is None:
        return False
    payload: dict[str, Any] = {
        "kappa": round(found.kappa, 6),
        "rows": found.rows,
        "current": True,
        "judge": found.name,
        "digest": found.digest,
        "interval": [round(end, 6) for end in found.interval],
        "floor": found.floor,
    }
    try:
        app.ledger.append("judge.calibrated", payload=payload)
    except StoreUnavailable:
        return False
    return True


# Asking the judge


def _answers_asked(
    app: App,
    judge: DeclaredJudge,
    key: str,
    labels: Labels,
    on_progress: Callable[[Progress], None] | None,
) -> tuple[str, list[Answer]]:
    """The judge's answers on labelled rows, and the run that has them.

    Raises:
        UsageError: the run was stopped before all rows were asked about.
    """
    columns = {name for row in labels.rows for name in row.values}
    use = judge.use.model_copy(update={"map": map_without_target(judge.use.map, columns)})
    definition = judge.definition.model_copy(
        update={"target": None, "split": None, "evaluators": [use], "inputs": {}, "repeats": 1}
    )
    given = Given(definition, f"{judge.evaluation}.{judge.alias}-labels", rows=[row.values for row in labels.rows])
    evaluation = Evaluation.open(app, given)
    try:
        summary = run_evaluation(evaluation, reuse=True, on_progress=on_progress, save=False)
        asked = evaluation.plan.evaluators[0]
    finally:
        evaluation.close()
    if summary.stopped is not None:
        again = "run the command again: what was answered is not asked again"
        raise UsageError(
            f"the judge was not asked about all rows: {summary.stopped.message}",
            hint=f"{summary.stopped.hint}; then {again}" if summary.stopped.hint else again,
        )
    with EvalFolder.read(runs_folder(app), summary.name) as folder:
        return summary.name, answers_by_number(folder, asked, key, labels)


def _answers_of_run(app: App, asked: Asked, key: str, labels: Labels, run: str) -> list[Answer]:
    """The judge's scores in a run; raises as `existing` and `answers_by_key`."""
    with existing(runs_folder(app), run) as folder:
        return answers_by_key(folder, asked, key, labels)
