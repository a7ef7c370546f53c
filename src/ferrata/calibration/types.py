"""What is kept of a judge that was held against people. Holds no text of a row. Knows no file and no model."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ferrata.documents import Document

__all__ = ["FEW_RANDOM", "MUCH_UNDECIDED", "Calibration", "Pair"]

# Rows chosen at random from which on they alone are used to correct.
FEW_RANDOM = 20
# Share of the labelled rows without a label that holds above which a note says so: where the judge is right by chance on such rows,
# leaving out a tenth makes kappa look some 0.09 higher.
MUCH_UNDECIDED = 0.1

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class Pair(Document):
    """A row that judge and people have scored.

    Attributes:
        key: of the row.
        value: the judge's.
        passed: whether that passes the threshold.
        label: people's: 1 or 0 for pass and fail, else a number of the judge's scale.
        label_passed: whether that passes.
        cluster: what the row shares with others; None: it is independent.
        random: it was chosen at random.
    """

    key: str
    value: _Finite
    passed: bool | None = None
    label: _Finite
    label_passed: bool | None = None
    cluster: str | None = None
    random: bool = True


class Calibration(Document):
    """A judge's agreement with people, under the digest of that judge.

    Attributes:
        evaluation: entry of `evals`.
        evaluator: its alias there.
        score: the key of the score that was held against labels.
        judge: the evaluator's own name.
        digest: of it: prompt, model, parameters.
        model: that was asked.
        created: when, ISO 8601 in UTC.
        labels: `verdicts` (pass or fail) or `scale` (numbers of the judge's scale).
        threshold: from which on values and labels pass here.
        decides_at: the judge's own threshold, which is part of its digest; None: it does not decide.
        higher_is_better: the direction.
        low: the least value.
        high: the greatest.
        floor: the least kappa with which it may decide.
        run: the run whose scores were taken.
        rows: with a score of the judge and a label.
        missing: rows with a label that the judge gave no score: reason -> how many.
        unlabelled: rows of the file without a label, about which the judge was not asked.
        undecided: rows on which two or more people gave labels and none holds; in no figure but `people` and `individual`.
        kappa: Cohen's, with quadratic weights for a scale; None where it is not defined.
        interval: of it, at 95 %.
        agreement: all of it, as `stats.Agreement` gives it.
        verdicts: of a scale, the same for pass and fail at the threshold; None without one.
        mean_error: judge less people: `estimate`, `interval`.
        biases: as `stats.Bias` gives them.
        people: Krippendorff's alpha among people over all rows, undecided ones included, as `stats.Alpha` gives it; None where one
            person labelled.
        individual: kappa of the judge with what each person said by themselves, over all rows that two or more labelled, undecided
            ones included: `kappa`, its `interval` over rows, `rows`, `n` labels. None without such rows, or where the file is of
            a version that did not measure it.
        notes: what to know before one believes it, in sentences.
        pairs: row by row.
    """

    version: Literal[1] = 1
    evaluation: str
    evaluator: str
    score: str
    judge: str
    digest: str
    model: str = ""
    created: str
    labels: Literal["verdicts", "scale"]
    threshold: _Finite | None = None
    decides_at: _Finite | None = None
    higher_is_better: bool = True
    low: _Finite | None = None
    high: _Finite | None = None
    floor: Annotated[float, Field(ge=0, le=1)]
    run: str = ""
    rows: Annotated[int, Field(ge=1)]
    missing: dict[str, int] = {}
    unlabelled: int = 0
    undecided: Annotated[int, Field(ge=0)] = 0
    kappa: Annotated[float, Field(ge=-1, le=1)] | None
    interval: tuple[_Finite, _Finite]
    agreement: dict[str, Any]
    verdicts: dict[str, Any] | None = None
    mean_error: dict[str, Any] = {}
    biases: list[dict[str, Any]] = []
    people: dict[str, Any] | None = None
    individual: dict[str, Any] | None = None
    notes: list[str] = []
    pairs: list[Pair]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Rows are counted, and known apart."""
        if self.rows != len(self.pairs):
            raise ValueError(f"it says {self.rows} rows and has {len(self.pairs)}")
        if len({pair.key for pair in self.pairs}) < len(self.pairs):
            raise ValueError("a row is there twice")
        return self

    @property
    def name(self) -> str:
        """`EVAL.ALIAS`."""
        return f"{self.evaluation}.{self.evaluator}"

    @property
    def lost(self) -> int:
        """Rows that the judge gave no score."""
        return sum(self.missing.values())

    @property
    def fair(self) -> list[Pair]:
        """The pairs by which scores are corrected: those chosen at random, where they are enough; else all."""
        random = [pair for pair in self.pairs if pair.random]
        return random if len(random) >= FEW_RANDOM else list(self.pairs)

    @property
    def worst(self) -> list[Pair]:
        """The pairs that differ, the furthest first."""
        both = self.labels == "verdicts"

        def apart(pair: Pair) -> float:
            return abs(float(bool(pair.passed)) - pair.label) if both else abs(pair.value - pair.label)

        return sorted((pair for pair in self.pairs if apart(pair)), key=apart, reverse=True)
