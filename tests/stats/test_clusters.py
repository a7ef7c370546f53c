"""Rows in clusters: standard errors, degrees of freedom, effective numbers of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.stats import infer_mean
from ferrata.stats.clusters import cluster_notes, clustered, design_effect


def test_variance_and_degrees_of_freedom_by_matrices() -> None:
    """CR2 and Satterthwaite as defined (Bell & McCaffrey 2002), on 14 clusters of unequal size."""
    rng = np.random.default_rng(20190513)
    sizes = 1 + rng.negative_binomial(2, 2 / 7, 14)
    of = np.repeat(np.arange(14), sizes)
    values = rng.normal(size=14)[of] * 0.45 + rng.normal(size=len(of)) * 0.9 + 5
    n = len(of)
    residual_maker = np.eye(n) - 1 / n
    contrasts = []
    for group in range(14):
        rows = of == group
        block = residual_maker[np.ix_(rows, rows)]
        vectors = np.linalg.eigh(block)
        root = vectors.eigenvectors @ np.diag(vectors.eigenvalues**-0.5) @ vectors.eigenvectors.T
        contrasts.append(root.sum(axis=0) @ residual_maker[rows] / n)
    weights = np.array(contrasts)
    variance = float(np.sum((weights @ values) ** 2))
    gram = weights @ weights.T
    df = np.trace(gram) ** 2 / np.sum(gram**2)
    found = clustered(values, [f"c{i}" for i in of])
    assert found.se**2 == pytest.approx(variance)
    assert found.df == pytest.approx(df)


def test_equal_clusters_give_the_ordinary_t() -> None:
    # Miller, Adding error bars to evals (2024): with clusters of one size, the t interval of the clusters' means.
    values = np.array([3.0, 4, 5, 1, 2, 2, 5, 5, 4, 3, 3, 1])
    found = infer_mean(values, clusters=list("aaabbbcccddd"))
    means = infer_mean(np.array([4.0, 5 / 3, 14 / 3, 7 / 3]))
    assert found.interval() == pytest.approx(means.interval())
    assert clustered(values, list("aaabbbcccddd")).df == pytest.approx(3)


@given(st.lists(st.integers(0, 9).map(float), min_size=2, max_size=30))
def test_clusters_of_one_row_are_independent_rows(values: list[float]) -> None:
    data = np.array(values)
    found = clustered(data, [str(i) for i in range(len(data))])
    assert found.se == pytest.approx(data.std(ddof=1) / len(data) ** 0.5)
    assert found.df == pytest.approx(len(data) - 1)
    assert design_effect(found, float(data.var())) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [5, 10, 20])
@pytest.mark.parametrize("kind", ["equal", "unequal", "one large"])
@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
def test_means_in_clusters_are_covered(count: int, kind: str, alike: float) -> None:
    """2.5 % at each end. The ordinary cluster-robust t (CR1, G - 1) misses up to 14 % at each end with one large cluster."""
    rng = np.random.default_rng(5)
    sizes = {
        "equal": np.full(count, 8),
        "unequal": np.maximum(1, np.round(4 * np.exp(np.linspace(-1.5, 1.8, count)))).astype(int),
        "one large": np.r_[4 * count, np.full(count - 1, 4)],
    }[kind]
    of = np.repeat(np.arange(count), sizes)
    names = [str(i) for i in of]
    runs, errors = 400, [0, 0]
    for _ in range(runs):
        values = rng.normal(size=count)[of] * alike**0.5 + rng.normal(size=len(of)) * (1 - alike) ** 0.5
        if alike == 1.0:
            values = values.round(9)
        found = infer_mean(values, clusters=names)
        errors[0] += found.p_less(0.0) <= 0.025
        errors[1] += found.p_greater(0.0) <= 0.025
    assert max(errors) / runs < 0.03 + 3 * (0.03 / runs) ** 0.5


def test_copies_are_worth_their_clusters() -> None:
    # 10 clusters of 4 copies: 4 rows are worth 1, a little less for the error of the clusters' variance.
    values = np.repeat([1.0, 0, 1, 1, 0, 1, 0, 1, 1, 1], 4)
    found = clustered(values, [str(i // 4) for i in range(40)])
    assert design_effect(found, float(values.var())) == pytest.approx(4.0, abs=0.4)


def test_few_clusters_are_said() -> None:
    assert cluster_notes(10) == ()
    assert "only 4 clusters" in cluster_notes(4)[0]
