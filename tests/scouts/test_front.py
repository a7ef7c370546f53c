"""Fronts and recommendations of made-up runs whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from ferrata.scouts import Measured, Outcome, judge_front, recommend
from ferrata.stats import Interval, Scores, estimate


def measured(values: list[float], cost: float | None, seconds: float | None) -> Measured:
    scores = Scores("q", [str(n) for n in range(len(values))], np.asarray(values), scale="binary", low=0.0, high=1.0)
    around = None if seconds is None else Interval(seconds * 0.9, seconds * 1.1)
    return Measured("run", len(values), 0, scores, estimate(scores), cost, seconds, around, seconds)


def rate(share: float, rows: int = 100, *, shift: int = 0) -> list[float]:
    return [float((n + shift) % rows < share * rows) for n in range(rows)]


def judged(**models: Measured) -> dict[str, Outcome]:
    found = judge_front([Outcome(name, name, name == "now", measured=one) for name, one in models.items()])
    return {one.id: one for one in found}


def test_cheaper_and_not_shown_to_be_worse_dominates() -> None:
    found = judged(now=measured(rate(0.9), 2, 1), cheap=measured(rate(0.9, shift=3), 1, 1))
    assert found["now"].dominated_by == ("cheap",)
    assert found["cheap"].dominated_by == ()
    assert found["cheap"].shown() == "not shown to differ"


@pytest.mark.parametrize(
    ("cost", "seconds", "values", "dominated"),
    [
        (1.0, 1.0, rate(0.5), False),  # shown to be worse
        (1.0, 2.0, rate(0.9), False),  # slower
        (3.0, 0.5, rate(0.9), False),  # dearer
        (2.0, 0.5, rate(0.9), True),
        (2.05, 1.0, rate(0.9), False),  # the same in all
        (None, 0.5, rate(0.9), False),  # nobody knows what it costs
        (2.0, 1.0, rate(1.0), True),  # shown to be better
    ],
)
def test_who_is_dominated(cost: float | None, seconds: float, values: list[float], *, dominated: bool) -> None:
    found = judged(now=measured(rate(0.9), 2, 1), other=measured(values, cost, seconds))
    assert bool(found["now"].dominated_by) is dominated


def test_few_rows_dominate_nothing() -> None:
    found = judged(now=measured([1.0] * 9, 2, 1), cheap=measured([1.0] * 9, 1, 1))
    assert found["now"].dominated_by == ()


def test_differences_are_corrected_over_the_candidates() -> None:
    alone = judged(now=measured(rate(0.8), 1, 1), a=measured(rate(0.87), 1, 1))
    many = judged(now=measured(rate(0.8), 1, 1), **{n: measured(rate(0.87), 1, 1) for n in "abcd"})
    assert alone["a"].shown() == "better"
    assert many["a"].p_adjusted == pytest.approx(4 * (alone["a"].p_adjusted or 0))


def test_equal_models_are_seldom_shown_to_differ() -> None:
    """Of 80 pairs without a difference, about 5 % at most are shown to differ."""
    random = np.random.default_rng(7)
    wrong = 0
    for _ in range(80):
        one, other = (list(random.binomial(1, 0.8, 60).astype(float)) for _ in range(2))
        wrong += judged(now=measured(one, 1, 1), same=measured(other, 1, 1))["same"].shown() != "not shown to differ"
    assert wrong <= 9


@pytest.mark.parametrize(
    ("prefer", "best"), [("cost", "cheap"), ("latency", "quick"), ("quality", "good")]
)  # fmt: skip
def test_a_recommendation_goes_by_what_is_preferred(prefer: str, best: str) -> None:
    found = judged(
        now=measured(rate(0.6, 400), 2, 1),
        cheap=measured(rate(0.6, 400), 1, 1),
        quick=measured(rate(0.6, 400), 2, 0.5),
        good=measured(rate(0.9, 400), 4, 1),
    )
    chosen, why = recommend(list(found.values()), prefer=prefer, gated=False, leaving="")  # type: ignore[arg-type]
    assert chosen == best
    assert why.startswith(f"Switch to {best}: ")


def test_who_must_leave_is_replaced_without_a_gain() -> None:
    found = judged(now=measured(rate(0.6, 400), 2, 1), next=measured(rate(0.6, 400), 2, 1))
    assert recommend(list(found.values()), prefer="cost", gated=False, leaving="")[0] == ""
    chosen, why = recommend(list(found.values()), prefer="cost", gated=False, leaving="It retires on 2027-01-01.")
    assert chosen == "next"
    assert why.endswith("It retires on 2027-01-01.")
