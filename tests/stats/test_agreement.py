from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import cohen_kappa, confusion, krippendorff_alpha
from ferrata.stats.agreement import kappas

NAN = float("nan")
# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section D: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
# A table of statsmodels' tests with what SAS prints for it: kappa 0.4842, standard error 0.1380; linear 0.4701, 0.1457.
TABLE = np.array([[0, 4, 1], [0, 8, 0], [0, 1, 5]])


def rows_of(table: np.ndarray) -> tuple[list[int], list[int]]:
    cells = [(i, j) for (i, j), count in np.ndenumerate(table) for _ in range(count)]
    return [i for i, _ in cells], [j for _, j in cells]


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(level: str, alpha: float) -> None:
    found = krippendorff_alpha(OBSERVERS, level)  # type: ignore[arg-type]
    assert found.alpha == pytest.approx(alpha, abs=0.0005)
    # The twelfth unit has one rating and counts for nothing.
    assert (found.n, found.ratings) == (11, 40)
    assert found.interval.low < alpha - 0.2
    assert alpha < found.interval.high < 1.0


@pytest.mark.parametrize(("weights", "kappa"), [(None, 0.4842), ("linear", 0.4701)])
def test_kappa_of_the_published_example(weights: str | None, kappa: float) -> None:
    found = cohen_kappa(*rows_of(TABLE), weights=weights)  # type: ignore[arg-type]
    assert found.kappa == pytest.approx(kappa, abs=0.00005)


def test_weighted_kappa_of_cohen_1968() -> None:
    """Cohen 1968, "Weighted kappa", reports 0.492, and 0.348 with disagreements of 1, 3 and 6 (also in R's psych::cohen.kappa)."""
    table = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
    agreeing = 1 - np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]]) / 6
    assert float(kappas(table, np.eye(3))) == pytest.approx(0.492, abs=0.0005)
    assert float(kappas(table, agreeing)) == pytest.approx(0.348, abs=0.0005)


@pytest.mark.parametrize(("weights", "error"), [(None, 0.1380), ("linear", 0.1457)])
def test_the_interval_is_that_of_large_samples_where_the_sample_is_large(weights: str | None, error: float) -> None:
    """With 60 times the rows, the standard error is SAS's (that of Fleiss, Cohen & Everitt 1969) by the root of 60."""
    found = cohen_kappa(*rows_of(TABLE * 60), weights=weights)  # type: ignore[arg-type]
    half = (found.interval.high - found.interval.low) / 2
    assert half == pytest.approx(1.96 * error / 60**0.5, rel=0.06)


def drawn(
    rng: np.random.Generator, shares: list[float], skill: float, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.choice(len(shares), p=shares, size=shape)
    guess = rng.choice(len(shares), p=shares, size=shape)
    return truth, np.where(rng.random(shape) < skill, truth, guess)


@pytest.mark.parametrize(
    ("shares", "skill", "rows"),
    [
        ([0.5, 0.5], 0.6, 30),
        ([0.5, 0.5], 0.95, 30),
        ([0.1, 0.9], 0.2, 50),
        ([0.05, 0.95], 0.6, 50),
        ([0.05, 0.95], 0.9, 200),
        ([0.1, 0.2, 0.3, 0.4], 0.6, 40),
        ([0.1, 0.2, 0.3, 0.4], 0.95, 40),
    ],
)
def test_intervals_of_kappa_hold_the_truth(shares: list[float], skill: float, rows: int) -> None:
    """With guesses of the same shares as the truth, kappa and alpha are the skill."""
    runs = 250
    a, b = drawn(np.random.default_rng(1), shares, skill, (runs, rows))
    found = [cohen_kappa(x.tolist(), y.tolist(), labels=range(len(shares))).interval for x, y in zip(a, b, strict=True)]
    held = np.mean([low <= skill <= high for low, high in found])
    assert held >= 0.93 - 3 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize(("shares", "skill"), [([0.5, 0.5], 0.6), ([0.1, 0.9], 0.9), ([0.1, 0.2, 0.3, 0.4], 0.6)])
@pytest.mark.parametrize("level", ["nominal", "interval"])
def test_intervals_of_alpha_hold_the_truth(shares: list[float], skill: float, level: str) -> None:
    runs = 150
    a, b = drawn(np.random.default_rng(2), shares, skill, (runs, 50))
    found = [krippendorff_alpha([x, y], level).interval for x, y in zip(a, b, strict=True)]  # type: ignore[arg-type]
    held = np.mean([low <= skill <= high for low, high in found])
    assert held >= 0.93 - 3 * (0.95 * 0.05 / runs) ** 0.5


def test_full_agreement_is_not_full_certainty() -> None:
    found = cohen_kappa(["yes", "no"] * 10, ["yes", "no"] * 10)
    assert found.kappa == 1.0
    assert 0.4 < found.interval.low < 0.9
    assert found.interval.high == 1.0
    assert "agree on all rows" in found.notes[-1]
    alpha = krippendorff_alpha([[1, 2, 3] * 7, [1, 2, 3] * 7], "interval")
    assert alpha.alpha == 1.0
    assert 0.3 < alpha.interval.low < 0.95
    assert "agree on all units" in alpha.notes[0]


def test_one_label_leaves_kappa_undefined() -> None:
    for labels in (None, ["no", "yes"]):
        found = cohen_kappa(["yes"] * 9, ["yes"] * 9, labels=labels)
        assert found.kappa is None
        assert found.interval == (-1.0, 1.0)
        assert "not defined" in found.notes[0]
        assert found.agreement.value == 1.0
        assert found.agreement.interval.low == pytest.approx(9 / (9 + 1.959964**2))
    alpha = krippendorff_alpha([[2, 2, 2], [2, 2, 2]])
    assert alpha.alpha is None
    assert "not defined" in alpha.notes[0]


def test_a_single_row_gives_the_widest_answer() -> None:
    found = cohen_kappa([1], [0])
    assert found.kappa == 0.0
    assert found.interval.high - found.interval.low > 0.8


def test_sensitivity_and_specificity_are_of_the_first_rater_against_the_second() -> None:
    judge = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    people = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    found = cohen_kappa(judge, people)
    assert found.labels == (0, 1)
    assert found.confusion == ((5, 1), (1, 3))
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert (found.sensitivity.value, found.sensitivity.n) == (0.75, 4)
    assert (found.specificity.value, found.specificity.n) == (pytest.approx(5 / 6), 6)
    data = found.as_json()
    assert data["sensitivity"]["value"] == 0.75
    assert data["confusion"] == [[5, 1], [1, 3]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=40),
    st.randoms(use_true_random=False),
)
def test_order_and_names_change_nothing(pairs: list[tuple[int, int]], random: object) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for weights in (None, "quadratic"):
        found = cohen_kappa(a, b, weights=weights)  # type: ignore[arg-type]
        again = cohen_kappa([x for x, _ in shuffled], [y for _, y in shuffled], weights=weights)  # type: ignore[arg-type]
        assert found == again
        turned = cohen_kappa(b, a, weights=weights)  # type: ignore[arg-type]
        assert turned.kappa == pytest.approx(found.kappa)
        if found.kappa is not None:
            assert -1.0 <= found.interval.low <= found.kappa <= found.interval.high <= 1.0
            assert found.interval.low < found.interval.high
    for level in ("nominal", "ordinal", "interval"):
        alpha = krippendorff_alpha([a, b], level)
        moved = krippendorff_alpha([np.array(a) * 10.0 - 7, np.array(b) * 10.0 - 7], level)
        assert moved.alpha == pytest.approx(alpha.alpha, abs=1e-9)


def test_kappa_of_two_raters_is_near_alpha() -> None:
    a, b = drawn(np.random.default_rng(3), [0.3, 0.3, 0.4], 0.5, (1, 4000))
    kappa, alpha = cohen_kappa(a[0].tolist(), b[0].tolist()), krippendorff_alpha([a[0], b[0]])
    assert kappa.kappa == pytest.approx(alpha.alpha, abs=0.002)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UsageError, match="3 labels of one rater and 2"):
        cohen_kappa([1, 2, 3], [1, 2])
    with pytest.raises(UsageError, match="no row"):
        confusion([], [])
    with pytest.raises(UsageError, match="row 2 has the label 'maybe'"):
        confusion(["yes", "no"], ["yes", "maybe"], labels=["no", "yes"])
    with pytest.raises(UsageError, match="NaN"):
        cohen_kappa([1.0, NAN], [1.0, 1.0])
    with pytest.raises(UsageError, match="no unit has two"):
        krippendorff_alpha([[1, NAN], [NAN, 2]])
