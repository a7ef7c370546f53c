"""Whether a judge may decide, why, and what its means become once its errors are counted. Knows no file and no run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.calibration.types import Calibration, Pair
    from ferrata.stats import Inference, Scores

__all__ = ["Corrected", "JudgeStanding"]

LEAST_ROWS = 20
_RATE = ".pass_rate"
# Of the labelled rows, the share whose scores must be those of the run for it to be the run that was labelled.
_SAME = 0.95


class Corrected(NamedTuple):
    """A corrected mean, or why there is none.

    Attributes:
        inference: on the mean; None where it cannot be had.
        reason: why not, in a sentence; empty where it was had.
        notes: what to know before one believes it.
    """

    inference: Inference | None
    reason: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class JudgeStanding:
    """What is known of the judge behind a score; a `gates.Standing`.

    Attributes:
        evaluation: entry of `evals`.
        evaluator: its alias.
        digest: of the judge as it is asked now.
        calibration: by its name; None: there is none that can be read.
        score: the key that is asked about; empty: the one that was calibrated.
        floor: the least kappa that whoever decides asks for; that of the calibration holds as well.
        problem: why the calibration cannot be read, or the judge not be made; empty where it can.
    """

    evaluation: str
    evaluator: str
    digest: str
    calibration: Calibration | None = None
    score: str = ""
    floor: float = 0.0
    problem: str = ""

    def of_score(self, key: str) -> JudgeStanding:
        """The same for one score of a judge that gives several."""
        return replace(self, score=key)

    @property
    def command(self) -> str:
        """That measures it."""
        return f"ferrata judge calibrate {self.evaluation} {self.evaluator} --labels FILE"

    @property
    def may_decide(self) -> bool:
        """Whether its scores may decide a gate: this very judge was measured, on enough rows, and agrees well enough."""
        found = self.calibration
        return found is not None and not self._why_stale and not self._why_weak(found)

    @property
    def is_current(self) -> bool:
        """Whether the calibration is of this very judge."""
        return self.calibration is not None and not self._why_stale

    @property
    def reason(self) -> str:
        """In a sentence, with numbers: why, or why not."""
        if self._why_stale or self.calibration is None:
            return self._why_stale
        found = self.calibration
        weak = self._why_weak(found)
        return weak or f"{figures(found)}, at least {self._floor(found):g}"

    @property
    def _why_stale(self) -> str:
        found = self.calibration
        if self.problem:
            return self.problem
        if found is None:
            return f"its agreement with people was never measured: {self.command}"
        if found.digest != self.digest:
            return f"its prompt, model or parameters changed since {found.created[:10]}: {self.command} again"
        if self.score and self.score != found.score:
            return f"its score {self.score!r} was not held against people, {found.score!r} was: {self.command}"
        if found.decides_at is not None and found.threshold != found.decides_at:
            return f"it was calibrated at the threshold {found.threshold:g}, and decides at {found.decides_at:g}: {self.command} again"
        return ""

    def _floor(self, found: Calibration) -> float:
        return max(self.floor, found.floor)

    def _why_weak(self, found: Calibration) -> str:
        if found.kappa is None:
            return f"kappa is not defined on {_rows(found.rows)}: judge or people gave all of them the same label"
        if found.rows < LEAST_ROWS:
            return f"{figures(found)}, fewer than {LEAST_ROWS}"
        if found.kappa < self._floor(found):
            return f"{figures(found)}, less than {self._floor(found):g}"
        if found.interval[0] <= 0:
            return f"{figures(found)}, and its interval does not exclude chance"
        if len({pair.label for pair in found.pairs}) == 1:
            return f"people gave all of {_rows(found.rows)} the same label"
        return ""

    def corrected(self, scores: Scores) -> Inference | None:
        """The mean, corrected by the judge's measured error; None where that cannot be had: `correction` says why."""
        return self.correction(scores).inference

    def correction(self, scores: Scores) -> Corrected:
        """The corrected mean, or why there is none.

        A rate of passing by Rogan and Gladen, from sensitivity and specificity, which are taken to be the same in every run. A mean
        by prediction-powered inference, which is true of a run from which the labelled rows were drawn, and given for no other.

        Args:
            scores: of the judge, `ALIAS.KEY` or `ALIAS.KEY.pass_rate`.
        """
        found = self.calibration
        if found is None or self._why_stale:
            return Corrected(None, self._why_stale)
        _, _, key = scores.metric.partition(".")
        rate = key.endswith(_RATE)
        if key.removesuffix(_RATE) != found.score:
            return Corrected(None, f"its score {found.score!r} was held against people, not this one")
        pairs = found.fair
        own = _is_own_run(pairs, scores)
        labelled = {pair.key for pair in pairs}
        rest = [i for i, name in enumerate(scores.keys) if not own or name not in labelled]
        if len(rest) < 2:
            return Corrected(None, "people labelled its rows themselves, so there is nothing to correct")
        verdict = rate or found.labels == "verdicts"
        try:
            if verdict:
                return _rate(found, pairs, scores, rest)
            if not own:
                return Corrected(
                    None, "the labelled rows were not drawn from this run, so its mean cannot be corrected"
                )
            return _mean(found, pairs, scores, rest)
        except UsageError as error:
            return Corrected(None, error.message)


def figures(found: Calibration) -> str:
    """`kappa 0.71 (0.55 to 0.84) on 60 rows`."""
    kappa = "-" if found.kappa is None else f"{found.kappa:.2f}"
    return f"kappa {kappa} ({found.interval[0]:.2f} to {found.interval[1]:.2f}) on {_rows(found.rows)}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _is_own_run(pairs: Sequence[Pair], scores: Scores) -> bool:
    """Whether the labelled rows are of this run: all are in it, and with the same scores."""
    values = dict(zip(scores.keys, scores.values.tolist(), strict=True))
    rate = scores.metric.endswith(_RATE)
    seen = [pair for pair in pairs if pair.key in values]
    if len(seen) < len(pairs):
        return False
    same = sum(values[pair.key] == (float(bool(pair.passed)) if rate else pair.value) for pair in pairs)
    return same >= _SAME * len(pairs)


def _rate(found: Calibration, pairs: Sequence[Pair], scores: Scores, rest: Sequence[int]) -> Corrected:
    from ferrata.stats import rogan_gladen

    if found.threshold is None:
        return Corrected(None, "nothing says what passes")
    values = [float(scores.values[i]) for i in rest]
    if scores.metric.endswith(_RATE):
        if any(value not in (0.0, 1.0) for value in values):
            return Corrected(
                None, "rows were run several times, and pass in part; verdicts of single rows are corrected"
            )
        passed = [bool(value) for value in values]
    elif (found.low, found.high) == (0, 1) and all(value in (0.0, 1.0) for value in values):
        passed = [value >= found.threshold if found.higher_is_better else value <= found.threshold for value in values]
    else:
        return Corrected(None, "labels are pass and fail, so the share that passes can be corrected, and not the mean")
    good = [pair for pair in pairs if pair.label_passed]
    bad = [pair for pair in pairs if not pair.label_passed]
    inference = rogan_gladen(
        sum(passed),
        len(passed),
        true_positives=sum(bool(pair.passed) for pair in good),
        positives_labelled=len(good),
        true_negatives=sum(not pair.passed for pair in bad),
        negatives_labelled=len(bad),
    )
    return Corrected(inference, notes=inference.notes)


def _mean(found: Calibration, pairs: Sequence[Pair], scores: Scores, rest: Sequence[int]) -> Corrected:
    from ferrata.stats import prediction_powered

    if found.low is None or found.high is None:
        return Corrected(None, "the score has no bounds")
    shared = [pair.cluster for pair in pairs if pair.cluster is not None]
    both = scores.clusters is not None and len(shared) == len(pairs)
    inference = prediction_powered(
        scores.values[list(rest)],
        [pair.value for pair in pairs],
        [pair.label for pair in pairs],
        low=found.low,
        high=found.high,
        clusters=[scores.clusters[i] for i in rest] if both and scores.clusters is not None else None,
        labelled_clusters=shared if both else None,
    )
    return Corrected(inference, notes=inference.notes)
