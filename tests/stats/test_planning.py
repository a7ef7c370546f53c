"""Plans: published sample sizes, and planned rows that give the planned power."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import (
    Pilot,
    Scores,
    infer_mean,
    infer_rate,
    pilot_from,
    power_of,
    rows_needed,
    rows_to_decide,
    smallest_effect,
)
from ferrata.stats.inference import two_sided
from ferrata.stats.paired import mcnemar


def test_sizes_as_published() -> None:
    # Connor (1987): discordant 0.45 and 0.05, alpha 0.05 two-sided, power 0.8: 23 pairs.
    assert rows_needed(Pilot(discordance=0.5), 0.4) == 23
    # Cohen (1988): two means, d = 0.5: 64 in each, power 0.8015; paired, d = 0.5: 34. R: power.t.test.
    assert rows_needed(Pilot(sd=1.0, paired=False), 0.5) == 64
    assert power_of(Pilot(sd=1.0, paired=False), 64, 0.5) == pytest.approx(0.8015, abs=1e-4)
    assert rows_needed(1.0, 0.5) == 34
    # R: power.prop.test(p1 = .5, p2 = .75, power = .9): 76.7.
    assert rows_needed(Pilot(paired=False, rate=0.5), 0.25, power=0.9) == 77


def test_rows_with_repeats_follow_the_formula() -> None:
    # Miller, Adding error bars to evals (2024): n = (z_a/2 + z_b)^2 (w^2 + s_A^2 / K + s_B^2 / K) / d^2; the figures are ours:
    # w^2 = 1/9, s^2 = 1/6 in each, one repeat, d = 0.03, power 0.8. Student's t needs no more than 3 further rows.
    pilot = Pilot(sd=(1 / 9) ** 0.5, within=(2 / 6) ** 0.5)
    by_formula = (1.959964 + 0.841621) ** 2 * (1 / 9 + 2 / 6) / 0.03**2
    assert by_formula == pytest.approx(3876, abs=1)
    assert rows_needed(pilot, 0.03) == pytest.approx(by_formula, abs=3)
    many = Pilot(sd=pilot.sd, within=pilot.within, repeats=10)
    assert rows_needed(many, 0.03) == pytest.approx(by_formula * (1 / 9 + 1 / 30) / (4 / 9), abs=3)


def test_planned_rows_give_the_planned_power_for_means() -> None:
    rng = np.random.default_rng(1)
    n = rows_needed(1.0, 0.4)
    assert n is not None
    runs = 2000
    seen = [two_sided(infer_mean(rng.normal(0.4, 1.0, n))) <= 0.05 for _ in range(runs)]
    assert np.mean(seen) == pytest.approx(0.8, abs=3 * (0.16 / runs) ** 0.5)


@pytest.mark.parametrize(("discordance", "effect"), [(0.2, 0.1), (0.1, 0.05), (0.4, 0.15)])
def test_planned_rows_give_the_planned_power_for_paired_rates(discordance: float, effect: float) -> None:
    rng = np.random.default_rng(2)
    n = rows_needed(Pilot(discordance=discordance), effect)
    assert n is not None
    runs = 4000
    chances = [(discordance + effect) / 2, (discordance - effect) / 2, 1 - discordance]
    seen = [mcnemar(int(b), int(c)).p_value <= 0.05 for b, c, _ in rng.multinomial(n, chances, size=runs)]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.025 + 3 * (0.16 / runs) ** 0.5)


def test_planned_rows_give_the_planned_power_in_clusters() -> None:
    rng = np.random.default_rng(3)
    alike, size = 0.3, 5
    n = rows_needed(Pilot(sd=1.0, cluster_size=size, icc=alike), 0.4)
    assert n is not None
    groups = -(-n // size)
    of = np.repeat(np.arange(groups), size)
    names, runs, seen = [str(i) for i in of], 1200, 0
    for _ in range(runs):
        values = 0.4 + rng.normal(size=groups)[of] * alike**0.5 + rng.normal(size=len(of)) * (1 - alike) ** 0.5
        seen += two_sided(infer_mean(values, clusters=names)) <= 0.05
    assert seen / runs == pytest.approx(0.8, abs=0.03 + 3 * (0.16 / runs) ** 0.5)


PILOTS = st.sampled_from(
    [
        Pilot(sd=1.0),
        Pilot(sd=0.3, paired=False),
        Pilot(discordance=0.2),
        Pilot(paired=False, rate=0.8),
        Pilot(sd=1.0, cluster_size=4, icc=0.2),
        Pilot(discordance=0.3, cluster_size=4, icc=0.2),
    ]
)


@given(PILOTS, st.sampled_from([0.05, 0.1, 0.2]), st.sampled_from([0.7, 0.9]))
def test_rows_effect_and_power_agree(pilot: Pilot, effect: float, power: float) -> None:
    n = rows_needed(pilot, effect, power=power)
    assert n is not None
    assert power_of(pilot, n, effect) >= power > power_of(pilot, n - 1, effect)
    smallest = smallest_effect(pilot, n, power=power)
    assert smallest is not None
    assert smallest <= effect + 1e-9
    assert power_of(pilot, n, smallest) == pytest.approx(power, abs=1e-6)


def test_without_an_effect_power_is_the_error() -> None:
    assert power_of(1.0, 50, 0.0) == pytest.approx(0.05)
    assert power_of(1.0, 50, 0.0, sided=1) == pytest.approx(0.05)
    assert power_of(0.0, 5, 0.1) == 1.0
    assert smallest_effect(0.0, 5) is None
    assert smallest_effect(Pilot(discordance=0.1), 3) is None
    assert rows_needed(1.0, 1e-6) is None


def paired_scores() -> tuple[Scores, Scores]:
    rng = np.random.default_rng(4)
    keys = [f"q{i}" for i in range(60)]
    clusters = [str(i // 4) for i in range(60)]
    base = rng.normal(size=60)
    other = base + rng.normal(size=15)[np.arange(60) // 4] + rng.normal(size=60)
    return Scores("s", keys, base, clusters), Scores("s", keys[::-1], other[::-1], clusters[::-1])


def test_a_pilot_from_two_runs() -> None:
    one, other = paired_scores()
    found = pilot_from(one, other)
    assert found.sd == pytest.approx(np.std(other.values[::-1] - one.values, ddof=1))
    assert found.cluster_size == 4
    assert 0.2 < found.icc < 0.8
    less = pilot_from(one, other, within=0.8, repeats=2)
    assert less.total_sd == pytest.approx(found.sd)
    assert less.sd < found.sd
    with pytest.raises(UsageError, match="share 0 rows"):
        pilot_from(one, Scores("s", ["x"], np.ones(1)))


def test_rows_that_would_decide() -> None:
    # z = (0.9 - 0.85) / sqrt(0.85 * 0.15 / 100) = 1.400; n * ((1.960 + 0.842) / z) ** 2 = 400.3.
    assert rows_to_decide(infer_rate(90, 100), 0.85, direction="greater") == 401
    assert rows_to_decide(infer_rate(90, 100), 0.85, direction="less") is None
    assert rows_to_decide(infer_rate(90, 100), 0.9, direction="greater") is None
    assert rows_to_decide(infer_rate(90, 100), 0.5, direction="greater") == 100
    # Bets are on the right side, and not yet won.
    bets = infer_mean(np.r_[np.ones(20), 0.5], low=0.0, high=1.0)
    needed = rows_to_decide(bets, 0.95, direction="greater")
    assert needed is not None
    assert needed > 100


def test_rows_that_would_decide_do() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0.2, 1, 60)
    base += 0.2 - base.mean()
    needed = rows_to_decide(infer_mean(base), 0.0, direction="greater")
    assert needed is not None
    sd, runs = float(base.std(ddof=1)), 1500
    decided = [infer_mean(rng.normal(0.2, sd, needed)).p_greater(0.0) <= 0.025 for _ in range(runs)]
    assert np.mean(decided) == pytest.approx(0.8, abs=0.03 + 3 * (0.16 / runs) ** 0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: power_of(-1.0, 10, 0.1),
        lambda: power_of(1.0, 0, 0.1),
        lambda: power_of(1.0, 10, 0.1, alpha=0.0),
        lambda: rows_needed(1.0, 0.0),
        lambda: rows_needed(1.0, 0.1, power=1.0),
        lambda: rows_needed(Pilot(discordance=1.5), 0.1),
        lambda: rows_to_decide(infer_rate(1, 2), 0.1, direction="greater", alpha=0.7),
    ],
)
def test_plans_that_make_no_sense(wrong: object) -> None:
    with pytest.raises(UsageError):
        wrong()  # type: ignore[operator]
