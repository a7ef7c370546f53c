"""Rates: Wilson's score, guarded where few succeeded or failed. Error rates are summed over all outcomes, not simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ferrata.errors import UsageError
from ferrata.stats import Scores, estimate, infer_rate, infer_scores


def scores(values: list[float] | np.ndarray, **more: object) -> Scores:
    found = np.asarray(values, dtype=float)
    given: dict[str, object] = {"scale": "binary", "low": 0.0, "high": 1.0} | more
    return Scores("right", [f"row-{i}" for i in range(len(found))], found, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (15, 148, 0.0624, 0.1605)],
)
def test_wilson_as_published(successes: int, n: int, low: float, high: float) -> None:
    assert infer_rate(successes, n).interval() == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [5, 20, 50, 200])
def test_claims_about_a_rate_are_false_as_seldom_as_they_say(n: int) -> None:
    """One-sided 2.5 %: at most 5 for any rate, 2.5 on average. The score test alone reaches 16 near 0 and 1."""
    found = [infer_rate(x, n) for x in range(n + 1)]
    rates = np.concatenate((np.linspace(0.0005, 0.04, 30), np.linspace(0.05, 0.95, 31), np.linspace(0.96, 0.9995, 30)))
    above, below = [], []
    for rate in rates:
        chance = binom.pmf(np.arange(n + 1), n, rate)
        above.append(sum(p for p, one in zip(chance, found, strict=True) if one.p_greater(rate) <= 0.025))
        below.append(sum(p for p, one in zip(chance, found, strict=True) if one.p_less(rate) <= 0.025))
    errors = np.array([above, below])
    assert errors.max() < 0.05
    assert errors.mean() < 0.025
    assert errors.sum(axis=0).max() < 0.075


def test_one_success_is_no_evidence_for_a_tiny_rate() -> None:
    # P(one or more of 200 at 0.1 %) = 0.18; the score test alone says 0.037.
    assert infer_rate(1, 200).p_greater(0.001) == pytest.approx(0.0989, abs=1e-3)


def test_where_nothing_succeeded_the_exact_bound_is_named() -> None:
    found = infer_rate(0, 40)
    assert found.notes == ("0 of 40 succeeded: with 95 % confidence at most 7.2 % do.",)
    assert found.interval() == pytest.approx((0.0, 0.08762), abs=1e-5)
    assert infer_rate(40, 40).notes == ("0 of 40 failed: with 95 % confidence at most 7.2 % do.",)
    assert infer_rate(1, 40).notes == ()


@given(st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_failures_are_the_mirror_of_successes(counts: tuple[int, int]) -> None:
    x, n = counts
    one, other = infer_rate(x, n).interval(), infer_rate(n - x, n).interval()
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


@pytest.mark.parametrize(("x", "n"), [(1, 0), (-1, 4), (5, 4)])
def test_counts_that_make_no_rate(x: int, n: int) -> None:
    with pytest.raises(UsageError, match="is no rate"):
        infer_rate(x, n)


def clustered_rate(rate: float, sizes: np.ndarray, alike: float, rng: np.random.Generator) -> Scores:
    """Rows of a cluster are copies of its first one with probability sqrt(alike): their correlation is `alike`."""
    own = rng.random(int(sizes.sum())) < rate
    of = np.repeat(np.arange(len(sizes)), sizes)
    shared = (rng.random(len(sizes)) < rate)[of]
    values = np.where(rng.random(len(own)) < alike**0.5, shared, own).astype(float)
    return scores(values, clusters=[str(i) for i in of])


@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", ["equal", "unequal"])
def test_a_rate_in_clusters_is_covered(alike: float, kind: str) -> None:
    rng = np.random.default_rng(7)
    sizes = (
        np.full(20, 8)
        if kind == "equal"
        else np.maximum(1, np.round(4 * np.exp(np.linspace(-1.5, 1.8, 20)))).astype(int)
    )
    for rate in (0.5, 0.9):
        runs = 250
        found = [infer_scores(clustered_rate(rate, sizes, alike, rng)) for _ in range(runs)]
        missed = np.mean([one.p_greater(rate) <= 0.025 or one.p_less(rate) <= 0.025 for one in found])
        # 5 % meant; 3 standard errors of the simulation, and 3 points for as few as 20 effective rows.
        assert missed < 0.08 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_rows_of_one_cluster_each_are_independent_rows() -> None:
    values = [1.0] * 30 + [0.0] * 20
    alone = infer_scores(scores(values, clusters=[str(i) for i in range(50)]))
    free = infer_scores(scores(values))
    # Student's t with 49 degrees of freedom instead of the normal distribution, nothing else.
    assert alone.interval() == pytest.approx(free.interval(), abs=0.004)
    assert alone.method == "Wilson, clustered"


def test_clusters_that_all_came_out_alike_count_as_rows() -> None:
    found = infer_scores(scores([1.0] * 40, clusters=[str(i // 5) for i in range(40)]))
    assert found.interval().low < infer_rate(8, 8).interval().low
    assert "each cluster counts as one row" in found.notes[-1]


def test_few_clusters_are_named() -> None:
    found = estimate(scores([1, 0, 1, 1, 0, 1], clusters=list("aabbcc")))
    assert found.clusters == 3
    assert found.notes[0].startswith("The rows come from only 3 clusters")
    one = estimate(scores([1, 0, 1], clusters=list("aaa")))
    assert one.notes[0].startswith("The rows come from only one cluster")
    assert one.interval == pytest.approx((0, 1), abs=0.06)


def test_the_scale_chooses_the_method() -> None:
    assert estimate(scores([1, 0, 1, 1])).method == "Wilson"
    assert estimate(scores([1, 0.5, 0, 1] * 10)).method == "t"
    assert estimate(scores([0.1, 5.2, 2.2, 8.9], scale="continuous", low=None, high=None)).method == "t"
    found = estimate(scores([1, 0, 1, 1], missing=("x",), failed=("y", "z")), confidence=0.9)
    assert (found.n, found.value, found.confidence) == (4, 0.75, 0.9)
    assert found.notes == ("Rows without a value are left out: 1 not scored, 2 failed.",)


@pytest.mark.parametrize(
    ("values", "more", "says"),
    [
        ([], {}, "there is no value of 'right'"),
        ([1.0, float("nan")], {}, "row 'row-1' of 'right' is nan"),
        ([float("inf")], {}, "row 'row-0' of 'right' is inf"),
        ([1.0, 0.0, 1.5], {}, "row 'row-2' of 'right' is 1.5, outside of its scale, 0.0 to 1.0"),
        ([1.0, 0.0], {"clusters": ["a"]}, "has 2 keys and 1 clusters"),
    ],
)
def test_scores_that_cannot_be_used_are_named(values: list[float], more: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("(", r"\(")):
        estimate(scores(values, **more))
