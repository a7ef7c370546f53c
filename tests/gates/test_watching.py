"""Rules held against rows as they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ferrata.errors import UsageError
from ferrata.evals import RowScores
from ferrata.gates import Ends, How, Rule, Scored, Side, Watch
from ferrata.stats import Scores

HOW = How()
ENDS = {"f1.f1": Ends(0.0, 1.0), "slow.slow": Ends(0.0, None, higher_is_better=False)}
BLANK = Scored(Side(""), {}, main={"f1": "f1.f1"})
AT_LEAST = Rule("f1.f1", "at_least", 0.7)
NOT_WORSE = Rule("f1.f1", "non_inferiority", 0.2)


def row(number: int, value: float | None, *, failed: bool = False) -> list[RowScores]:
    return [RowScores(f"r{number}", number, None, {} if failed else {"f1.f1": value}, failed)]


def baseline(n: int, value: float = 0.8, **more: object) -> Scored:
    values = np.full(n, value)
    return Scored(
        Side("old-1"), {"f1.f1": Scores("f1.f1", [f"r{i}" for i in range(n)], values, low=0.0, high=1.0, **more)}
    )  # pyright: ignore[reportArgumentType]


def fed(watch: Watch, values: list[float | None]) -> Watch:
    for number, value in enumerate(values):
        if watch.add(row(number, value)):
            break
    return watch


@pytest.mark.parametrize(
    ("rule", "value", "verdict"),
    [(AT_LEAST, 0.95, "pass"), (AT_LEAST, 0.3, "fail"), (NOT_WORSE, 0.8, "pass"), (NOT_WORSE, 0.2, "fail")],
)
def test_it_is_decided_as_soon_as_the_rows_say_it(rule: Rule, value: float, verdict: str) -> None:
    watch = fed(Watch([rule], ENDS, BLANK, baseline(300), HOW), [value] * 300)
    assert watch.decided_after is not None and watch.decided_after < 60
    decision = watch.decision()
    assert decision.verdict == verdict
    found = decision.rules[0]
    assert (found.n, found.candidate) == (watch.decided_after, pytest.approx(value))
    assert found.interval is not None and found.boundary is not None
    assert not found.interval.low < found.boundary < found.interval.high
    assert watch.add(row(999, 0.0)), "what was decided stays so"
    assert watch.decision().verdict == verdict


def test_rows_that_say_neither_decide_nothing() -> None:
    watch = fed(Watch([AT_LEAST], ENDS, BLANK, None, HOW), [0.4, 1.0] * 100)
    assert (watch.decided_after, watch.decision().verdict, watch.rows) == (None, "inconclusive", 200)


def test_failed_rows_are_the_worst_and_missing_ones_are_so_for_passing() -> None:
    watch = Watch([AT_LEAST], ENDS, BLANK, None, HOW)
    for number in range(100):
        watch.add(row(number, None, failed=True))
    assert watch.decision().verdict == "fail"
    watch = fed(Watch([AT_LEAST], ENDS, BLANK, None, HOW), [0.95, None] * 100)
    assert watch.decision().verdict == "inconclusive"
    assert (
        "100 rows of the candidate have no score; to pass, they count as the worst" in watch.decision().rules[0].reasons
    )


def test_rows_that_the_baseline_lacks_decide_nothing() -> None:
    watch = fed(Watch([NOT_WORSE], ENDS, BLANK, baseline(50), HOW), [0.8] * 20)
    far = Watch([NOT_WORSE], ENDS, BLANK, baseline(300), HOW)
    for number in range(280, 400):
        far.add(row(number, 0.8))
    assert far.decided_after is None
    assert (
        "100 of the candidate's 120 rows are not in the baseline; a comparison needs 90%"
        in far.decision().rules[0].reasons[0]
    )
    assert watch.decision().rules[0].baseline == pytest.approx(0.8)


def test_a_value_outside_of_its_scale_blocks_the_rule() -> None:
    watch = fed(Watch([AT_LEAST], ENDS, BLANK, None, HOW), [0.95, 7.0, *[0.95] * 200])
    decision = watch.decision()
    assert decision.verdict == "inconclusive" and "7" in decision.rules[0].reasons[0]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (Rule("slow.slow", "at_most", 2.0), "needs a score with both ends"),
        (Rule("f1.f1", "at_least", 1.0), "is not between the ends that it could have, 0 and 1"),
        (Rule("f1.f1", "superiority", 1.5), "is not between the ends that it could have, -1 and 1"),
        (NOT_WORSE, "there is no baseline"),
    ],
)
def test_what_no_such_test_can_say_is_refused_before_a_row(rule: Rule, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        Watch([rule], ENDS, BLANK, None if rule is NOT_WORSE else baseline(5), HOW)


def test_another_version_of_an_evaluator_blocks_the_rule() -> None:
    old = replace(baseline(50), evaluators={"f1": "b" * 64}, again="ferrata eval rerun old-1")
    watch = fed(Watch([NOT_WORSE], ENDS, replace(BLANK, evaluators={"f1": "a" * 64}), old, HOW), [0.8] * 50)
    assert "scored by another version of 'f1'" in watch.decision().rules[0].reasons[0]


def test_looking_after_every_row_lets_no_broken_gate_pass_more_often() -> None:
    """A mean at its limit: 80 gates, looked at after each of 80 rows."""
    rng = np.random.default_rng(5)
    passed = 0
    for _ in range(80):
        watch = Watch([AT_LEAST], ENDS, BLANK, None, HOW)
        fed(watch, [float(v) for v in rng.random(80) < 0.7])
        passed += watch.decision().verdict == "pass"
    assert passed / 80 <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 80)
