"""The judge of a stage: how seldom it is wrong however often one looks, how soon it sees a damage, and what it waits for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferrata.catalog import RolloutSettings
from ferrata.errors import UsageError
from ferrata.releases import Judge, Row

SECOND = 1_000_000_000


def plan(**given: Any) -> RolloutSettings:
    about = {
        "stages": [{"share": 50, "minutes": 0, "requests": 50}],
        "metrics": {"errors": 0.1},
        "limits": {"errors": None},
    }
    return RolloutSettings.model_validate({**about, **given})


def rows(
    rng: np.random.Generator,
    count: int,
    *,
    share: float = 0.5,
    rates: tuple[float, float] = (0.05, 0.05),
    begin: int = 0,
) -> list[Row]:
    """Calls, one a second; rates of failures of the others and of the candidate."""
    found: list[Row] = []
    for at in range(begin, begin + count):
        candidate = bool(rng.random() < share)
        failed = bool(rng.random() < rates[candidate])
        found.append(Row(at * SECOND, candidate, "", {"errors": float(failed)}, failed=failed))
    return found


def decide(judge: Judge, given: list[Row], every: int = 20) -> tuple[str, int]:
    """The first decision that is not to hold, and after how many rows; looked at again and again."""
    for begin in range(0, len(given), every):
        judge.add(given[begin : begin + every])
        found = judge.verdict(given[min(begin + every, len(given)) - 1].at)
        if found.decision != "hold":
            return found.decision, begin + every
    return "hold", len(given)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_candidate_at_the_margin_is_seldom_taken_back_however_often_one_looks(share: float) -> None:
    given = plan(metrics={"errors": 0.1, "blocked": 0.1})
    back = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        judge = Judge(given, 0, 0)
        for begin in range(0, 1000, 50):
            arms = rng.random(50) < share
            some = [
                Row(
                    begin * SECOND,
                    bool(arm),
                    "",
                    {name: float(rng.random() < 0.05 + 0.1 * arm) for name in given.metrics},
                )
                for arm in arms
            ]
            judge.add(some)
            if judge.verdict(begin * SECOND).decision == "rollback":
                back += 1
                break
    assert back / 120 <= 0.05 + 4 * (0.05 * 0.95 / 120) ** 0.5


def test_a_worse_one_is_taken_back_and_an_equal_one_goes_on() -> None:
    delays: list[int] = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        decision, delay = decide(Judge(plan(), 0, 0), rows(rng, 3000, rates=(0.05, 0.4)))
        assert decision == "rollback"
        delays.append(delay)
        assert decide(Judge(plan(), 0, 0), rows(rng, 3000))[0] == "advance"
    assert np.median(delays) < 200


def test_callers_who_differ_and_come_again_raise_no_false_alarm() -> None:
    """Ten callers make all calls, some of them always fail: by calls they would refute anything, by callers nothing."""
    back = {"call": 0, "caller": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bad, arms = rng.random(10) < 0.3, rng.random(10) < 0.5
        some: list[Row] = []
        for at in range(1500):
            who = int(rng.integers(10))
            some.append(Row(at * SECOND, bool(arms[who]), f"u{who}", {"errors": float(bad[who])}))
        for unit in back:
            back[unit] += decide(Judge(plan(unit=unit), 0, 0), some, 100)[0] == "rollback"
    assert back["caller"] <= 60 * 0.05
    assert back["call"] > 60 * 0.2


def test_a_caller_counts_once_by_the_mean_of_its_window() -> None:
    judge = Judge(plan(window=10), 0, 0)
    judge.add([Row(at * SECOND, True, "ann", {"errors": float(at < 2)}) for at in range(4)])
    judge.add([Row(5 * SECOND, False, "ben", {"errors": 0.0}), Row(6 * SECOND, False, "ann", {"errors": 1.0})])
    assert judge.verdict(8 * SECOND).compared[0].rows == 0
    (found,) = judge.verdict(60 * SECOND).compared
    assert (found.rows, found.candidate, found.baseline_rows, found.baseline) == (1, 0.5, 1, 0.0)
    judge.add([Row(70 * SECOND, True, "ann", {"errors": 1.0})])
    assert judge.verdict(200 * SECOND).compared[0].rows == 1


def test_it_says_what_is_missing() -> None:
    judge = Judge(plan(stages=[{"share": 50, "minutes": 10, "requests": 1000}]), 0, 0)
    assert (
        judge.verdict(0).reasons[-1] == "errors: nobody can tell how many rows until it is shown to be not worse by 0.1"
    )
    judge.add(rows(np.random.default_rng(1), 60))
    found = judge.verdict(60 * SECOND)
    assert found.decision == "hold"
    assert found.reasons[0] == "9.0 more minutes"
    assert found.reasons[1] == f"{1000 - found.requests} more requests to the candidate"
    assert found.compared[0].more is not None
    judge.add(rows(np.random.default_rng(2), 2500, begin=60))
    assert judge.verdict(3000 * SECOND).decision == "advance"


def test_limits_act_at_once() -> None:
    limits: dict[str, Any] = {"errors": 0.5, "of": 10, "seconds": 2, "cost": 0.5}

    def broken(some: list[Row]) -> str:
        judge = Judge(plan(limits=limits), 0, 0)
        judge.add(some)
        found = judge.verdict(100 * SECOND)
        assert found.at_once == (found.decision == "rollback")
        return found.reasons[0] if found.at_once else ""

    assert "50% of 10 calls in a row failed" in broken([Row(at, True, "", {}, failed=at % 2 == 0) for at in range(10)])
    assert not broken([Row(at, True, "", {}, failed=True) for at in range(9)])
    assert not broken([Row(at, False, "", {}, failed=True) for at in range(90)])
    assert "longer than 2 s" in broken(
        [Row(at, True, "", {}, seconds=3.0 if at in {20, 80} else 0.1) for at in range(100)]
    )
    assert not broken([Row(at, True, "", {}, seconds=3.0 if at in {5, 150} else 0.1) for at in range(200)])
    assert "a call cost 0.6" in broken([Row(1, True, "", {}, cost=0.6)])


def test_what_lies_in_parts_is_judged_as_the_whole() -> None:
    some = rows(np.random.default_rng(5), 900)
    whole, parts = Judge(plan(), 0, 0), Judge(plan(), 0, 0)
    whole.add(some)
    for begin in range(0, 900, 7):
        parts.add(some[begin : begin + 7])
    assert parts.verdict(900 * SECOND).compared[0].p_fine == pytest.approx(
        whole.verdict(900 * SECOND).compared[0].p_fine
    )


def test_a_stage_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no stage 2"):
        Judge(plan(), 1, 0)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"metrics": {"latency": 0.1}}, "either `over` or `most`"),
        ({"metrics": {"errors": {"margin": 0.1, "over": 2}}}, "takes no `over`"),
        ({"metrics": {"rating": 0.1}}, "give it an `attribute`"),
        ({"metrics": {"errors": {"margin": 1.0}}}, "as wide as its values"),
        ({"metrics": {"rating": {"margin": 1, "attribute": "r", "low": 5, "high": 1}}}, "`low` below its `high`"),
        ({"stages": [50, 20]}, "grow"),
        ({"metrics": {}}, "at least 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(given: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        plan(**given)
