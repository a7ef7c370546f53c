"""A judge by its name held against people's labels, and what is known of a project's judges.

The judge is asked as its evaluation would ask it, so that its digest is the same; answers that it gave before are not asked for again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.calibration import (
    Answer,
    JudgeStanding,
    LabelColumns,
    Subject,
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
    key_of_row,
    rows_of_eval,
    values_for,
)
from ferrata.evaluating import Evaluation, Given, evaluator_of_use, run_evaluation, runs_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ferrata.app import App
    from ferrata.calibration import Calibration, LabelledRow, Labels
    from ferrata.evals import Asked, EvalRow, EvalSettings, EvaluatorSettings, Measure, Progress

__all__ = [
    "Calibrated",
    "CalibrationRequest",
    "DeclaredJudge",
    "calibrate",
    "judge_named",
    "judges_of",
    "standing_of",
    "standings",
]

_OF_TARGET = re.compile(r"\$\{\s*(?:target|outputs|run\.outputs)\.([^{}]+?)\s*\}\Z")
_OF_DATA = re.compile(r"\$\{\s*(?:data|item)\.([^{}]+?)\s*\}\Z")
# Of a preference's two orders: how far the response was preferred when it stood first, and when second.
_FORTH = {1: 1.0, 2: 0.0, 0: 0.5}
_BACK = {1: 0.0, 2: 1.0, 0: 0.5}


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
        if isinstance(asked.evaluator, Judging) and not isinstance(asked.evaluator, Scoring):
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


def standings(app: App, evaluation: str, digests: Mapping[str, str]) -> dict[str, JudgeStanding]:
    """What is known of judges of an evaluation, by alias; one that was never calibrated, or is another now, may not decide.

    Args:
        app: the project.
        evaluation: entry of `evals`, or what a run says of itself under `definition`.
        digests: alias -> the judge's digest, as it is now or as a run recorded it.
    """
    return {alias: _standing(app, evaluation, alias, digest) for alias, digest in digests.items()}


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
    evaluator = judge.asked.evaluator
    labels = read_labels(request.labels, request.columns, measure, passing=_own_labels(evaluator))
    if request.run:
        run, answers = request.run, _answers_of_run(app, judge, own.key, labels, request.run)
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
    use = judge.use.model_copy(update={"map": _map_without_target(judge.use.map, columns)})
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
        raise UsageError(
            f"the judge was not asked about all rows: {summary.stopped.message}",
            hint="run the command again: what was answered is not asked again",
        )
    with EvalFolder.read(runs_folder(app), summary.name) as folder:
        rows = {row.number: row for row in rows_of_eval(folder)}
    return summary.name, [_answer(rows.get(i), asked, key, row) for i, row in enumerate(labels.rows)]


def _map_without_target(mapping: Mapping[str, Any], columns: set[str]) -> dict[str, Any]:
    """The mapping for rows that have the target's outputs as columns.

    An input whose name an output has as well is the column `inputs.NAME`.
    """
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        text = value if isinstance(value, str) else ""
        if of_target := _OF_TARGET.match(text):
            value = f"${{data.{of_target[1]}}}"
        elif (of_data := _OF_DATA.match(text)) and f"inputs.{of_data[1]}" in columns:
            value = f"${{data.inputs.{of_data[1]}}}"
        found[name] = value
    return found


def _answers_of_run(app: App, judge: DeclaredJudge, key: str, labels: Labels, run: str) -> list[Answer]:
    """The judge's scores in a run, by the keys of labelled rows.

    Raises:
        NotFound: there is no such run.
        UsageError: it was judged by another judge, or has none of the rows.
    """
    if judge.asked is None:
        raise AssertionError("a judge that was found can be asked")
    with existing(runs_folder(app), run) as folder:
        about = next((one for one in folder.document.get("evaluators", []) if one["alias"] == judge.alias), None)
        if about is None:
            raise UsageError(
                f"the run {run!r} has no scores of {judge.alias!r}", hint="leave --run out to ask the judge"
            )
        if about.get("digest") != judge.asked.evaluator.digest:
            raise UsageError(
                f"the run {run!r} was judged by another {judge.alias!r}: its prompt, model or parameters were others",
                hint="leave --run out to ask the judge as it is now",
            )
        wanted = {row.key for row in labels.rows}
        rows = {name: row for name, row in _keyed(folder) if name in wanted}
    if not rows:
        raise UsageError(
            f"the run {run!r} has none of the labelled rows, which are known by `key`, the digest of a row's inputs",
            hint="label rows of this run with `ferrata review new`, or leave --run out",
        )
    absent = Answer(None, f"the run {run} has no such row")
    return [_answer(rows[row.key], judge.asked, key, row) if row.key in rows else absent for row in labels.rows]


def _keyed(folder: EvalFolder) -> Iterator[tuple[str, EvalRow]]:
    """Rows that have something to judge by their keys; from the second time on with a number, as reviews name them."""
    seen: Counter[str] = Counter()
    made = folder.document.get("target") is not None
    for row in rows_of_eval(folder):
        if row.error is not None or (made and not row.output):
            continue
        name = key_of_row(row)
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}.{seen[name]}", row


def _answer(row: EvalRow | None, asked: Asked, key: str, labelled: LabelledRow) -> Answer:
    """A row's score, or why there is none."""
    if row is None:
        return Answer(None, "the row was not run")
    if error := row.judge_errors.get(asked.alias):
        return Answer(None, str(error.get("message") or error.get("code")))
    scores = row.scores.get(asked.alias, [])
    score = next((one for one in scores if one.key == key), None)
    if score is None or score.value is None:
        return Answer(None, (score.reason or score.status) if score else "no score")
    values = values_for(asked)(row.inputs, row.output).given or labelled.values
    orders: list[Any] = list(score.properties.get("orders") or ())
    places = [one.get("score_integer") for one in orders]
    both = (_FORTH[places[0]], _BACK[places[1]]) if len(places) == 2 and all(p in _FORTH for p in places) else None
    return Answer(score.value, "", _length(values), both)


def _length(values: Mapping[str, Any]) -> float | None:
    """Words of the response; of two, those of the first as a share of the second's; None where there is none."""
    for first, second in (("response_a", "response_b"), ("response", "baseline")):
        words, others = _words(values.get(first)), _words(values.get(second))
        if words and others:
            return words / others
        if words:
            return float(words)
    return None


def _words(value: Any) -> int:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, default=str)
    return len(text.split())
