"""A judge's scores held against people's labels: agreement, mean error, biases. Asks nobody, and knows no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.calibration.types import FEW_RANDOM, MUCH_UNDECIDED, Calibration, Pair
from ferrata.errors import UsageError
from ferrata.evals import Measure, passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.calibration.labels import LabelledRow, Labels
    from ferrata.stats import Agreement, Bias

__all__ = ["Answer", "Subject", "agreement_of", "measure_judge"]

_MOST_LEVELS = 11


class Answer(NamedTuple):
    """What the judge said of a row.

    Attributes:
        value: of its score; None: it gave none.
        why_not: why it gave none.
        length: of the response, in words; of a pair, the first's as a share of the second's. None: not known.
        orders: of a pair, how far the response was preferred when it stood first, and when second; None: no pair.
    """

    value: float | None
    why_not: str = ""
    length: float | None = None
    orders: tuple[float, float] | None = None


@dataclass(frozen=True)
class Subject:
    """The judge that is measured.

    Attributes:
        evaluation: entry of `evals`.
        evaluator: its alias there.
        judge: its own name.
        digest: of it.
        model: that it asks.
        measure: the score that is held against labels, with the threshold that decides.
        decides_at: the judge's own threshold; None: it does not decide.
        family: the judge's own model as rows name it, for self-preference; empty: the model's name.
    """

    evaluation: str
    evaluator: str
    judge: str
    digest: str
    model: str
    measure: Measure
    decides_at: float | None = None
    family: str = ""


@dataclass
class _Both:
    """Rows that have a label and a score."""

    rows: list[LabelledRow] = field(default_factory=list["LabelledRow"])
    answers: list[Answer] = field(default_factory=list[Answer])
    pairs: list[Pair] = field(default_factory=list[Pair])

    @property
    def clusters(self) -> list[str] | None:
        """Of the rows, where they have some."""
        found = [pair.cluster for pair in self.pairs if pair.cluster is not None]
        return found if len(found) == len(self.pairs) else None


def measure_judge(
    subject: Subject, labels: Labels, answers: Sequence[Answer], *, floor: float, created: str, run: str = ""
) -> Calibration:
    """Hold a judge's answers against labels.

    Args:
        subject: whose answers.
        labels: of people.
        answers: of the judge, one for each row of `labels`.
        floor: the least kappa with which it may decide.
        created: when, ISO 8601 in UTC.
        run: the run whose scores they are.

    Raises:
        UsageError: the judge scored no row, or labels are verdicts and nothing says what passes.
    """
    measure = subject.measure
    both, missing = _paired(labels, answers, measure)
    if not both.pairs:
        why = max(missing, key=lambda reason: missing[reason], default="")
        raise UsageError(
            f"the judge {subject.evaluator!r} gave no score on any of {sum(missing.values()):,} labelled rows: {why}",
            hint="see the run with `ferrata eval show RUN --rows`; nothing was kept",
        )
    main, verdicts = _agreements(both.pairs, labels.kind, measure)
    errors = _errors(both, labels.kind)
    notes = [*main.notes, *_notes(both, labels, missing)]
    people, told = _among_people(labels.rows, labels.kind)
    return Calibration(
        evaluation=subject.evaluation,
        evaluator=subject.evaluator,
        score=measure.key,
        judge=subject.judge,
        digest=subject.digest,
        model=subject.model,
        created=created,
        labels=labels.kind,
        threshold=measure.threshold,
        decides_at=subject.decides_at,
        higher_is_better=measure.higher_is_better,
        low=measure.low,
        high=measure.high,
        floor=floor,
        run=run,
        rows=len(both.pairs),
        missing=missing,
        unlabelled=labels.unlabelled,
        undecided=labels.undecided,
        kappa=main.kappa,
        interval=(main.interval.low, main.interval.high),
        agreement=main.as_json(),
        verdicts=None if verdicts is None else verdicts.as_json(),
        mean_error=errors,
        biases=[one.as_json() for one in _biases(both, labels.kind, subject, notes)],
        people=people,
        individual=_with_individuals(labels, answers, measure),
        notes=[*notes, *told],
        pairs=both.pairs,
    )


def agreement_of(found: Calibration) -> Agreement:
    """Its agreement, computed anew from its pairs; what passes, from their values, labels and its threshold."""
    measure = Measure(found.score, "ordinal", found.low, found.high, found.higher_is_better, found.threshold)
    pairs = [
        pair.model_copy(
            update={
                "passed": passes(pair.value, measure),
                "label_passed": _label_passes(pair.label, found.labels, measure),
            }
        )
        for pair in found.pairs
    ]
    return _agreements(pairs, found.labels, measure)[0]


def _label_passes(label: float, kind: str, measure: Measure) -> bool | None:
    return bool(label) if kind == "verdicts" else passes(label, measure)


def _paired(labels: Labels, answers: Sequence[Answer], measure: Measure) -> tuple[_Both, dict[str, int]]:
    if labels.kind == "verdicts" and measure.threshold is None:
        raise UsageError(
            f"the labels are pass and fail, and nothing says from which {measure.key!r} on a row passes",
            hint="give --threshold NUMBER, or `threshold` to the evaluator",
        )
    both = _Both()
    missing: dict[str, int] = {}
    for row, answer in zip(labels.rows, answers, strict=True):
        if row.label is None:
            continue
        if answer.value is None:
            missing[answer.why_not] = missing.get(answer.why_not, 0) + 1
            continue
        label_passed = _label_passes(row.label, labels.kind, measure)
        passed = passes(answer.value, measure)
        both.rows.append(row)
        both.answers.append(answer)
        both.pairs.append(
            Pair(
                key=row.key,
                value=answer.value,
                passed=passed,
                label=row.label,
                label_passed=label_passed,
                cluster=row.cluster,
                random=row.random,
            )
        )
    return both, missing


def _agreements(pairs: Sequence[Pair], kind: str, measure: Measure) -> tuple[Agreement, Agreement | None]:
    """The agreement that counts; and for a scale with a threshold, that of verdicts."""
    from ferrata.stats import cohen_kappa

    clusters = [pair.cluster or "" for pair in pairs] if all(pair.cluster is not None for pair in pairs) else None
    verdicts = None
    if kind == "verdicts" or measure.threshold is not None:
        said = [(bool(pair.passed), bool(pair.label_passed)) for pair in pairs]
        words = [("pass" if judge else "fail", "pass" if people else "fail") for judge, people in said]
        verdicts = cohen_kappa(
            [judge for judge, _ in words], [people for _, people in words], labels=["fail", "pass"], clusters=clusters
        )
    if kind == "verdicts" and verdicts is not None:
        return verdicts, None
    levels = _levels([*(pair.label for pair in pairs), *(pair.value for pair in pairs)], measure)
    judge, people = (
        [_nearest(value, levels) for value in of] for of in zip(*((p.value, p.label) for p in pairs), strict=True)
    )
    return cohen_kappa(judge, people, weights="quadratic", labels=levels, clusters=clusters), verdicts


def _levels(values: Sequence[float], measure: Measure) -> list[float]:
    """The steps of the scale: whole numbers, halves where a pair may tie, and of other scales ten equal steps."""
    low, high = measure.low, measure.high
    if low is None or high is None:
        low, high = min(values), max(values)
    steps = int(high - low)
    if steps == high - low and 1 < steps < _MOST_LEVELS:
        return [low + i for i in range(steps + 1)]
    distinct = sorted(set(values))
    if len(distinct) <= _MOST_LEVELS:
        return distinct
    return [low + (high - low) * i / (_MOST_LEVELS - 1) for i in range(_MOST_LEVELS)]


def _nearest(value: float, levels: Sequence[float]) -> float:
    return min(levels, key=lambda level: abs(level - value))


def _errors(both: _Both, kind: str) -> dict[str, Any]:
    """Judge less people, with its interval; of verdicts, of the share that passes."""
    from ferrata.stats import mean_interval

    apart = [judge - people for judge, people in _numbers(both, kind)]
    unit = "share that passes" if kind == "verdicts" else "score"
    interval = mean_interval(len(apart), fmean(apart), stdev(apart)) if len(apart) > 1 else None
    return {"estimate": fmean(apart), "interval": None if interval is None else list(interval), "unit": unit}


def _numbers(both: _Both, kind: str) -> list[tuple[float, float]]:
    """Judge and people, row by row, on one scale."""
    if kind == "verdicts":
        return [(float(bool(pair.passed)), pair.label) for pair in both.pairs]
    return [(pair.value, pair.label) for pair in both.pairs]


def _biases(both: _Both, kind: str, subject: Subject, notes: list[str]) -> list[Bias]:
    """Those that can be had; for the others a note."""
    from ferrata.stats import length_bias, position_bias, self_preference

    numbers = _numbers(both, kind)
    found: list[Bias] = []
    at = [i for i, answer in enumerate(both.answers) if answer.length]
    clusters = both.clusters
    try:
        found.append(
            length_bias(
                [numbers[i][0] for i in at],
                [numbers[i][1] for i in at],
                [both.answers[i].length or 1.0 for i in at],
                clusters=None if clusters is None else [clusters[i] for i in at],
            )
        )
    except UsageError as error:
        notes.append(f"No bias by length: {_after_colon(error.message)}.")
    orders = [answer.orders for answer in both.answers if answer.orders is not None]
    if orders:
        found += position_bias([forth for forth, _ in orders], [back for _, back in orders])
    written = [i for i, row in enumerate(both.rows) if row.writer]
    if written:
        try:
            found.append(
                self_preference(
                    [numbers[i][0] for i in written],
                    [numbers[i][1] for i in written],
                    [_of_family(both.rows[i].writer, subject) for i in written],
                    clusters=None if clusters is None else [clusters[i] for i in written],
                )
            )
        except UsageError as error:
            notes.append(f"No self-preference: {_after_colon(error.message)}.")
    return found


def _of_family(writer: str, subject: Subject) -> bool:
    """Whether a response is of the judge's own model: the same name, with or without its vendor."""
    own = (subject.family or subject.model).casefold()
    name = writer.casefold()
    return name == own or name.rpartition("/")[2] == own.rpartition("/")[2]


def _after_colon(message: str) -> str:
    head, colon, rest = message.partition(": ")
    return rest if colon else head


def _among_people(rows: Sequence[LabelledRow], kind: str) -> tuple[dict[str, Any] | None, list[str]]:
    """Krippendorff's alpha of those who labelled, and what to say where two labelled and it cannot be had."""
    names = sorted({name for row in rows for name in row.by_person})
    if len(names) < 2:
        return None, []
    from ferrata.stats import krippendorff_alpha

    ratings = [[row.by_person.get(name, float("nan")) for row in rows] for name in names]
    try:
        found = krippendorff_alpha(ratings, "nominal" if kind == "verdicts" else "interval")
    except UsageError as error:
        return None, [f"No agreement among people: {error.message}."]
    return {**found.as_json(), "annotators": len(names)}, []


def _with_individuals(labels: Labels, answers: Sequence[Answer], measure: Measure) -> dict[str, Any] | None:
    """Kappa of the judge with every label that a person gave, over rows that two or more labelled; rows are the clusters.

    Comparable with alpha among people: the one is of the judge and a person, the other of two persons, on the same rows.
    """
    pairs = [
        Pair(
            key=row.key,
            value=answer.value,
            passed=passes(answer.value, measure),
            label=label,
            label_passed=_label_passes(label, labels.kind, measure),
            cluster=row.key if row.cluster is None else f"shared {row.cluster}",
        )
        for row, answer in zip(labels.rows, answers, strict=True)
        if answer.value is not None and len(row.by_person) > 1
        for label in row.by_person.values()
    ]
    if not pairs:
        return None
    found = _agreements(pairs, labels.kind, measure)[0]
    rows = len({pair.key for pair in pairs})
    return {"kappa": found.kappa, "interval": list(found.interval), "rows": rows, "n": len(pairs)}


def _notes(both: _Both, labels: Labels, missing: Mapping[str, int]) -> list[str]:
    found: list[str] = []
    n, lost = len(both.pairs), sum(missing.values())
    if labels.undecided > MUCH_UNDECIDED * len(labels.rows):
        found.append(
            f"People differ on {labels.undecided} of {len(labels.rows)} rows and nobody has decided them: what compares the judge with"
            " decided labels, corrected means included, leaves them out and looks better than it is. Settle them."
        )
    if n < FEW_RANDOM:
        found.append(f"Only {n} rows: label at least {FEW_RANDOM} before it may decide.")
    if lost:
        found.append(f"The judge gave no score on {lost} of {n + lost} labelled rows; they are in no figure here.")
    if labels.kind == "scale" and len({pair.label for pair in both.pairs}) == 1:
        found.append("People gave all rows the same label, so nothing shows that the judge can tell rows apart.")
    if labels.kind == "verdicts" and len({pair.label for pair in both.pairs}) == 1:
        word = "pass" if both.pairs[0].label else "fail"
        found.append(f"People labelled every row {word}, so nothing shows that the judge can tell rows apart.")
    others = sum(not pair.random for pair in both.pairs)
    if others:
        used = "these alone correct" if n - others >= FEW_RANDOM else f"fewer than {FEW_RANDOM}, so all rows correct"
        found.append(
            f"{others} of {n} rows were not chosen at random. Corrected means hold for random rows: there are {n - others}, {used}."
        )
    return found
