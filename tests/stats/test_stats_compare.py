"""Comparisons of two runs: pairing, notes, power."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import Comparison, Scores, compare


def scores(values: object, *, start: int = 0, **more: object) -> Scores:
    found = np.asarray(values, dtype=float)
    keys = [f"q{i + start}" for i in range(len(found))]
    return Scores("score", keys, found, **more)  # type: ignore[arg-type]


LIKERT: dict[str, object] = {"scale": "ordinal", "low": 1.0, "high": 5.0}
BINARY: dict[str, object] = {"scale": "binary", "low": 0.0, "high": 1.0}


def test_pairs_are_found_by_key() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=40)
    other = base + 0.5 + rng.normal(size=40) * 0.3
    mixed = rng.permutation(40)
    one = scores(base)
    straight = compare(one, scores(other))
    shuffled = compare(one, Scores("score", [f"q{i}" for i in mixed], other[mixed]))
    assert straight.interval == pytest.approx(shuffled.interval)
    assert straight.paired
    assert straight.unpaired is not None
    # Pairing is worth it where rows are hard or easy for both.
    assert straight.interval.high - straight.interval.low < 0.5 * (
        straight.unpaired.interval.high - straight.unpaired.interval.low
    )
    assert (straight.verdict, straight.better, straight.worse) == (
        "better",
        int(np.sum(other > base)),
        int(np.sum(other < base)),
    )
    json.dumps(straight.as_json(), allow_nan=False)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=40), st.sampled_from([LIKERT, {}])
)
@settings(max_examples=80, deadline=None)
def test_swapping_the_runs_mirrors_the_comparison(pairs: list[tuple[int, int]], scale: dict[str, object]) -> None:
    base, other = np.array(pairs, dtype=float).T
    there, back = (
        compare(scores(base, **scale), scores(other, **scale)),
        compare(scores(other, **scale), scores(base, **scale)),
    )
    assert there.interval == pytest.approx((-back.interval.high, -back.interval.low), abs=1e-9)
    assert there.p_value == pytest.approx(back.p_value)
    assert (there.better, there.worse) == (back.worse, back.better)


def test_identical_runs_are_not_proof_of_no_change() -> None:
    values = np.tile([1.0, 0.0, 1.0, 1.0], 10)
    found = compare(scores(values, **BINARY), scores(values, **BINARY))
    assert (found.difference, found.p_value, found.power, found.effect) == (0.0, 1.0, None, None)
    assert found.interval == pytest.approx((-0.0876, 0.0876), abs=1e-4)
    assert "No row of 40 came out differently" in found.notes[0]
    free = compare(scores(values), scores(values))
    assert "without a scale nothing bounds the rest" in free.notes[-1]


def test_runs_that_share_no_row_or_some() -> None:
    rng = np.random.default_rng(1)
    one, other = scores(rng.normal(size=30)), scores(rng.normal(size=30), start=100)
    apart = compare(one, other)
    assert not apart.paired
    assert apart.unpaired is None
    assert apart.notes[0].startswith("The runs share no row")
    some = compare(one, scores(rng.normal(size=35), start=10))
    assert (some.n, some.paired) == (20, True)
    assert (
        some.notes[0] == "20 rows are in both runs and are compared; 10 are in the baseline only, 15 in the candidate."
    )


def test_a_lower_score_can_be_better() -> None:
    base = np.arange(20.0)
    found = compare(scores(base, higher_is_better=False), scores(base - 1 - base / 50, higher_is_better=False))
    assert (found.verdict, found.better, found.worse) == ("better", 20, 0)


def test_power_is_for_the_effect_that_is_named() -> None:
    rng = np.random.default_rng(2)
    base = (rng.random(200) < 0.8).astype(float)
    flip = rng.random(200) < 0.1
    found = compare(scores(base, **BINARY), scores(np.where(flip, 1 - base, base), **BINARY))
    assert found.power_for == 0.05
    named = compare(scores(base, **BINARY), scores(np.where(flip, 1 - base, base), **BINARY), effect=0.1)
    assert found.power is not None
    assert named.power is not None
    assert found.power < 0.8 < named.power
    assert found.smallest == named.smallest
    assert found.smallest is not None
    assert 0.05 < found.smallest < 0.1
    assert compare(scores(base * 4 + 1, **LIKERT), scores(5 - base, **LIKERT)).power_for == pytest.approx(0.2)


def test_comparisons_hold_their_error_and_reach_their_power() -> None:
    rng = np.random.default_rng(3)
    runs, wrong, seen = 300, 0, 0
    for _ in range(runs):
        base = rng.integers(1, 6, 60).astype(float)
        again = np.clip(base + rng.choice([-1, 0, 1], p=[0.25, 0.5, 0.25], size=60), 1, 5)
        lifted = np.clip(base + rng.choice([-1, 0, 1], p=[0.1, 0.5, 0.4], size=60), 1, 5)
        wrong += abs(again.mean() - base.mean()) > 0 and compare(scores(base), scores(again)).verdict == "better"
        seen += compare(scores(base, **LIKERT), scores(lifted, **LIKERT)).p_value <= 0.05
    # Clipping moves nothing on average where scores are uniform.
    assert wrong / runs < 0.025 + 3 * (0.025 / runs) ** 0.5
    assert seen / runs > 0.6


def test_disagreement_of_test_and_interval_is_said() -> None:
    base = np.full(60, 3.0)
    lifted = base.copy()
    lifted[:7] = 4
    found = compare(scores(base, **LIKERT), scores(lifted, **LIKERT))
    assert found.p_value < 0.05
    assert found.interval.low < 0
    assert "they ask different questions" in found.notes[-1]


def test_clusters_widen_a_comparison() -> None:
    rng = np.random.default_rng(4)
    base = rng.normal(size=60)
    other = base + np.repeat(rng.normal(size=12), 5)
    names = [str(i // 5) for i in range(60)]
    free: Comparison = compare(scores(base), scores(other + rng.normal(size=60) * 0.1))
    found = compare(scores(base, clusters=names), scores(other + rng.normal(size=60) * 0.1, clusters=names))
    assert found.clusters == 12
    assert found.test == "paired t, clustered"
    assert found.interval.high - found.interval.low > 1.5 * (free.interval.high - free.interval.low)


def test_few_pairs_are_said() -> None:
    found = compare(scores([1, 0, 1], **BINARY), scores([1, 1, 1], **BINARY))
    assert found.notes[0].startswith("Only 1 of 3 rows came out differently")
    assert found.notes[1].startswith("Only 3 rows are compared")
    single = compare(scores([1.0]), scores([2.0]))
    assert single.power is None
    assert single.n == 1


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (
            scores([1, 2]),
            scores([1, 2], **LIKERT),
            "not on one scale: the baseline's scores are numbers .*1 to 2 are there.* the candidate's are levels from 1 to 5",
        ),
        (scores([1, 6], **LIKERT), scores([1, 2], **LIKERT), "row 'q1' of 'score' is 6.0, outside of its scale"),
        (scores([1, 2], clusters=["a", "b"]), scores([1, 2]), "only one of the runs of 'score' has clusters"),
        (
            scores([1, 2], clusters=["a", "b"]),
            scores([1, 2], clusters=["a", "c"]),
            "row 'q1' of 'score' is of cluster 'b'",
        ),
        (scores([]), scores([]), "there is no value of 'score'"),
    ],
)
def test_runs_that_cannot_be_compared(one: Scores, other: Scores, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        compare(one, other)


def test_an_effect_is_above_0() -> None:
    with pytest.raises(UsageError, match="an effect of 0 makes no sense"):
        compare(scores([1, 2]), scores([1, 2]), effect=0)
