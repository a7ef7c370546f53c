"""Verdicts of rules and gates, on scores alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ferrata.errors import UsageError
from ferrata.gates import How, Measured, Rule, Scored, Side, conclude, decide
from ferrata.stats import Scores, infer_scores

if TYPE_CHECKING:
    from ferrata.gates import Decision, RuleResult
    from ferrata.stats import Inference

HOW = How()


def scores(values: Any, metric: str = "f1.f1", **about: Any) -> Scores:
    found = np.asarray(values, dtype=np.float64)
    keys = about.pop("keys", [f"r{i}" for i in range(len(found))])
    return Scores(metric, keys, found, **{"low": 0.0, "high": 1.0, **about})


def side(*found: Scores, run: str = "new-1", **more: Any) -> Scored:
    every = {one.metric: one for one in found}
    main = {name.partition(".")[0]: name for name in reversed(every)}
    return Scored(Side(run), every, main=main, again=f"ferrata eval rerun {run}", **more)


def one(rule: Rule, candidate: Scored, baseline: Scored | None = None, **more: Any) -> RuleResult:
    return decide([rule], candidate, baseline, HOW, **more).rules[0]


def noisy(mean: float, n: int = 200, seed: int = 0) -> Any:
    return np.clip(np.random.default_rng(seed).normal(mean, 0.1, n), 0, 1)


AT_LEAST = Rule("f1", "at_least", 0.8)
NOT_WORSE = Rule("f1", "non_inferiority", 0.05)
BETTER = Rule("f1", "superiority", 0.0)


@pytest.mark.parametrize(("mean", "verdict"), [(0.85, "pass"), (0.75, "fail"), (0.8, "inconclusive")])
def test_a_mean_is_held_against_a_limit(mean: float, verdict: str) -> None:
    values = noisy(mean)
    found = one(AT_LEAST, side(scores(values - values.mean() + mean)))
    assert found.verdict == verdict
    assert found.interval is not None and found.boundary == 0.8
    assert (found.interval.low > 0.8, found.interval.high < 0.8) == (verdict == "pass", verdict == "fail")


@pytest.mark.parametrize(
    ("rule", "shift", "verdict"),
    [
        (NOT_WORSE, 0.0, "pass"),
        (NOT_WORSE, -0.05, "inconclusive"),
        (NOT_WORSE, -0.12, "fail"),
        (BETTER, 0.05, "pass"),
        (BETTER, 0.0, "inconclusive"),
        (BETTER, -0.05, "fail"),
        (Rule("f1", "superiority", 0.1), 0.05, "fail"),
        (Rule("f1", "non_inferiority", 0.1, relative=True), -0.03, "pass"),
        (Rule("f1", "non_inferiority", 0.1, relative=True), -0.12, "fail"),
    ],
)
@pytest.mark.parametrize("higher", [True, False])
def test_sides_are_compared_in_the_direction_of_the_score(
    rule: Rule, shift: float, verdict: str, *, higher: bool
) -> None:
    before = noisy(0.5)
    change = np.random.default_rng(1).normal(0, 0.05, 200)
    after = before + change - change.mean() + (shift if higher else -shift)
    about = {"higher_is_better": higher, "low": -1.0, "high": 2.0}
    found = one(rule, side(scores(after, **about)), side(scores(before, **about), run="old-1"))
    assert found.verdict == verdict, found
    assert found.estimate == pytest.approx(shift if higher else -shift)


def test_a_superiority_needs_the_reported_test_and_the_interval() -> None:
    before = scores([0.0] * 60, scale="binary")
    after = scores([1.0] * 5 + [0.0] * 55, scale="binary")
    found = one(BETTER, side(after), side(before, run="old-1"))
    assert found.comparison is not None and found.comparison.inference is not None
    assert found.p_value == max(found.comparison.p_value / 2, found.comparison.inference.p_greater(0.0))


def test_identical_outputs_are_never_better_and_not_worse_only_by_an_honest_interval() -> None:
    for n, verdict in ((40, "inconclusive"), (200, "pass")):
        same = side(scores([0.7] * n))
        found = one(NOT_WORSE, same, replace(same, side=Side("old-1")))
        assert (found.verdict, found.estimate) == (verdict, 0.0)
        assert found.interval is not None and found.interval.low < 0 < found.interval.high
        assert one(BETTER, same, same).verdict == "inconclusive"


def test_a_gate_that_could_not_have_seen_its_margin_says_so_first() -> None:
    before = noisy(0.5, 40)
    change = np.random.default_rng(1).normal(0, 0.15, 40)
    after = before + change - change.mean() - 0.03
    found = one(NOT_WORSE, side(scores(after)), side(scores(before), run="old-1"))
    assert found.verdict == "inconclusive" and found.smallest is not None and found.smallest > 0.05
    assert found.reasons[0] == (
        f"this gate could not have seen 0.05: with 40 rows the smallest margin it can see is {found.smallest:.2g}"
    )
    assert found.rows_needed is not None and found.rows_needed > 40
    assert found.power is not None and found.power < 0.8


def test_failed_rows_count_as_the_worst_and_missing_ones_must_not_matter() -> None:
    good = noisy(0.9, 100)
    assert one(AT_LEAST, side(scores(good))).verdict == "pass"
    failed = one(AT_LEAST, side(scores(good, failed=[f"x{i}" for i in range(40)])))
    assert (failed.verdict, failed.n) == ("fail", 140)
    assert "40 rows of the candidate failed and count as the worst score" in failed.reasons
    missing = one(AT_LEAST, side(scores(good, missing=[f"x{i}" for i in range(40)])))
    assert (missing.verdict, missing.n) == ("inconclusive", 100)
    assert missing.reasons[0] == "it would not pass if the missing scores were the worst that they can be"
    few = one(AT_LEAST, side(scores(good, missing=["x"])))
    assert few.verdict == "pass"


def test_a_row_that_failed_in_some_repeats_is_in_part_the_worst() -> None:
    whole = side(scores(noisy(0.9, 100)))
    partly = replace(whole, failed_share={f"r{i}": 0.5 for i in range(100)})
    assert (one(AT_LEAST, whole).verdict, one(AT_LEAST, partly).verdict) == ("pass", "fail")


def test_a_score_without_a_worst_end_cannot_pass_with_failed_rows() -> None:
    times = scores(noisy(0.5), "latency.latency", high=None, higher_is_better=False, failed=["x"])
    found = one(Rule("latency", "at_most", 1.0), side(times))
    assert (found.verdict, found.p_value) == ("inconclusive", 1.0)
    assert "no worst one" in found.reasons[0]


def test_a_failing_baseline_makes_no_candidate_pass_by_its_missing_scores() -> None:
    values = noisy(0.7, 100)
    before = side(scores(values[:90], missing=[f"r{i}" for i in range(90, 100)]), run="old-1")
    assert one(NOT_WORSE, side(scores(values)), before).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("candidate", "baseline", "reason"),
    [
        (side(scores([0.9])), side(scores([0.9])), "1 row has a score; a decision needs 2 at least"),
        (side(scores([])), side(scores([])), "only 0 of the candidate's 0 rows"),
        (
            side(scores([0.9, float("nan"), 0.8])),
            side(scores([0.9] * 3)),
            "1 scores are no numbers, the first is that of row 'r1'",
        ),
        (side(scores([0.9, 7.0, 0.8])), side(scores([0.9] * 3)), "outside of its scale"),
        (
            side(scores(noisy(0.9, 100))),
            side(scores(noisy(0.9, 100), keys=[f"r{i}" for i in range(20, 120)])),
            "only 80 of the candidate's 100 rows are in the baseline; a comparison needs 90%",
        ),
        (side(scores(noisy(0.9))), side(scores(noisy(0.9), "bleu.bleu"), run="old-1"), "ferrata eval rerun old-1"),
        (
            side(scores(noisy(0.9)), evaluators={"f1": "a" * 64}),
            side(scores(noisy(0.9)), evaluators={"f1": "b" * 64}, run="old-1"),
            "scored by another version of 'f1' (bbbbbbbbbbbb, not aaaaaaaaaaaa); score it again: ferrata eval rerun old-1",
        ),
        (side(scores(noisy(0.9)), incomplete="the run did not end"), side(scores(noisy(0.9))), "the run did not end"),
        (
            side(scores(noisy(0.9))),
            side(scores(noisy(0.9)), incomplete="it did not end"),
            "the baseline: it did not end",
        ),
    ],
)
def test_what_cannot_be_judged_is_inconclusive_and_named(candidate: Scored, baseline: Scored, reason: str) -> None:
    decision = decide([NOT_WORSE], candidate, baseline, HOW)
    assert decision.verdict == "inconclusive"
    assert reason in decision.rules[0].reasons[0]


def test_nothing_but_failures_fails() -> None:
    nothing = scores([], failed=[f"r{i}" for i in range(50)])
    assert one(AT_LEAST, side(nothing)).verdict == "fail"
    assert one(NOT_WORSE, side(nothing), side(scores(noisy(0.9, 50)))).verdict == "fail"


def test_rows_that_one_side_lacks_are_told() -> None:
    after = side(scores(noisy(0.9, 100)))
    before = side(scores(noisy(0.9, 100, seed=2), keys=[f"r{i}" for i in range(5, 105)]))
    found = one(NOT_WORSE, after, before)
    assert found.n == 95
    assert "5 of the candidate's 100 rows are not in the baseline and are left out" in found.reasons


def test_a_limit_at_the_end_of_the_scale_can_never_be_shown() -> None:
    found = one(Rule("f1", "at_least", 1.0), side(scores([1.0] * 500)))
    assert found.verdict == "inconclusive" and found.rows_needed is None
    assert any(said.startswith("no number of rows can show f1.f1 at least 1") for said in found.reasons)


def test_a_share_of_a_mean_of_zero_says_nothing() -> None:
    rule = Rule("f1", "non_inferiority", 0.1, relative=True)
    found = one(rule, side(scores([0.0] * 50)), side(scores([0.0] * 50)))
    assert found.verdict == "inconclusive" and "a share of the baseline's mean says nothing" in found.reasons[0]


@pytest.mark.parametrize("ends", [{}, {"low": None, "high": None}])
@pytest.mark.parametrize("kind", ["non_inferiority", "superiority"])
def test_a_share_of_a_mean_shows_no_more_than_a_margin_of_that_size(kind: Any, ends: dict[str, Any]) -> None:
    before = noisy(0.5, 20)
    after = before + (0.06 if kind == "superiority" else 0.0)
    old, new = side(scores(before, **ends), run="old-1"), side(scores(after, **ends))
    share = one(Rule("f1", kind, 0.1, relative=True), new, old)
    plain = one(Rule("f1", kind, 0.1 * float(before.mean())), new, old)
    assert (share.verdict, plain.verdict) == ("inconclusive", "inconclusive")
    assert share.interval == plain.interval


def test_clusters_make_fewer_of_many_rows() -> None:
    level = np.repeat(np.random.default_rng(3).normal(0.83, 0.1, 10), 50)
    values = np.clip(level + np.random.default_rng(4).normal(0, 0.02, 500), 0, 1)
    alone = side(scores(values))
    shared = replace(alone, clusters={f"r{i}": str(i // 50) for i in range(500)})
    free, held = one(AT_LEAST, alone), one(AT_LEAST, shared)
    assert free.interval is not None and held.interval is not None
    assert held.interval.high - held.interval.low > 3 * (free.interval.high - free.interval.low)


def test_an_unknown_metric_names_those_that_there_are() -> None:
    with pytest.raises(UsageError) as raised:
        decide([Rule("f2", "at_least", 0.5)], side(scores([0.5] * 5)), None, HOW)
    assert raised.value.hint == "there is f1.f1"
    with pytest.raises(UsageError, match="no baseline"):
        decide([NOT_WORSE], side(scores([0.5] * 5)), None, HOW)


@dataclass(frozen=True)
class Known:
    may_decide: bool
    reason: str = "kappa 0.4 with people, below 0.6"
    bias: float = 0.0

    def corrected(self, scores: Scores) -> Inference | None:
        return infer_scores(replace(scores, values=np.clip(scores.values + self.bias, 0, 1))) if self.bias else None


def judged(mean: float, *more: Scores) -> Scored:
    return side(*more, scores(noisy(mean), "tone.tone"), judged=frozenset({"tone"}))


TONE = Rule("tone", "at_least", 0.8)


@pytest.mark.parametrize(
    ("rules", "tone", "verdict"),
    [
        ([TONE], 0.9, "inconclusive"),
        ([TONE], 0.5, "inconclusive"),
        ([AT_LEAST, TONE], 0.9, "pass"),
        ([AT_LEAST, TONE], 0.8, "pass"),
        ([AT_LEAST, TONE], 0.5, "inconclusive"),
    ],
)
def test_a_judge_that_nobody_held_against_people_decides_nothing_alone(
    rules: list[Rule], tone: float, verdict: str
) -> None:
    candidate = judged(tone, scores(noisy(0.9)))
    decision = decide(rules, candidate, None, HOW)
    assert decision.verdict == verdict
    assert not decision.rules[-1].deciding
    assert any("was never measured: ferrata judge calibrate tone" in said for said in decision.rules[-1].reasons)


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (Known(True), "pass"),
        (Known(False), "inconclusive"),
        (Known(True, bias=-0.05), "inconclusive"),
        (Known(True, bias=-0.3), "inconclusive"),
    ],
)
def test_a_judge_decides_by_its_standing_and_its_error_counts(known: Known, verdict: str) -> None:
    decision = decide([TONE], judged(0.85), None, HOW, standings={"tone": known})
    assert decision.verdict == verdict
    found = decision.rules[0]
    assert found.deciding == known.may_decide
    assert (found.corrected is not None) == bool(known.bias)


def rule_of(p_pass: float, p_fail: float = 1.0, *, deciding: bool = True) -> Measured:
    return Measured(AT_LEAST, p_pass=p_pass, p_fail=p_fail, deciding=deciding)


def verdicts(decision: Decision) -> tuple[str, list[str]]:
    return decision.verdict, [rule.verdict for rule in decision.rules]


def test_holm_corrects_over_the_rules_that_decide() -> None:
    two = [rule_of(0.03), rule_of(0.04)]
    assert verdicts(conclude(two, HOW)) == ("inconclusive", ["inconclusive", "inconclusive"])
    assert verdicts(conclude(two, How(correction="none"))) == ("pass", ["pass", "pass"])
    beside = [rule_of(0.03), rule_of(0.03, deciding=False)]
    assert verdicts(conclude(beside, HOW)) == ("pass", ["pass", "pass"])
    broken = [rule_of(1.0, 0.03), rule_of(1.0, 0.4)]
    assert verdicts(conclude(broken, How(correction="none")))[0] == "inconclusive"
    assert verdicts(conclude([rule_of(1.0, 0.02), rule_of(0.001)], HOW))[0] == "fail"


def test_error_rates_of_a_gate_of_five_rules() -> None:
    """By the normal law: with one rule broken, a gate passes with alpha at most; with all at their boundaries, so few fail."""
    from scipy.special import ndtr

    gates = 2000
    draws = np.random.default_rng(7).normal(size=(gates, 5))
    tolerance = 3.5 * np.sqrt(0.05 * 0.95 / gates)
    for correction in ("holm", "none"):
        how = How(correction=correction)  # pyright: ignore[reportArgumentType]
        kept = np.concatenate([draws[:, :1], draws[:, 1:] + 6.0], axis=1)
        passed = sum(
            conclude([rule_of(float(ndtr(-z)), float(ndtr(z))) for z in row], how).verdict == "pass" for row in kept
        )
        assert passed / gates <= 0.05 + tolerance
        failed = sum(
            conclude([rule_of(float(ndtr(-z)), float(ndtr(z))) for z in row], how).verdict == "fail" for row in draws
        )
        assert failed / gates <= 0.05 + tolerance
    without = float((ndtr(draws) <= 0.05).any(axis=1).mean())
    assert without > 0.2, "so many would fail by chance without the correction"


def test_a_candidate_that_equals_its_baseline_seldom_fails_and_a_worse_one_seldom_passes() -> None:
    rng = np.random.default_rng(11)
    metrics = [f"m{i}.m" for i in range(5)]
    rules = [Rule(name, "non_inferiority", 0.1) for name in metrics]
    gates, failed, passed = 60, 0, 0
    for _ in range(gates):
        level = rng.uniform(0.3, 0.7, 60)
        both = [[np.clip(level + rng.normal(0, 0.1, 60), 0, 1) for _ in metrics] for _ in range(2)]
        before, after = (side(*(scores(v, m) for v, m in zip(of, metrics, strict=True))) for of in both)
        failed += decide(rules, after, before, HOW).verdict == "fail"
        worse = scores(np.clip(both[1][0] - 0.1, -1, 1), metrics[0], low=-1.0)
        other = replace(before, scores={**before.scores, metrics[0]: replace(before.scores[metrics[0]], low=-1.0)})
        passed += (
            decide(rules, replace(after, scores={**after.scores, metrics[0]: worse}), other, HOW).verdict == "pass"
        )
    limit = 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / gates)
    assert failed / gates <= limit
    assert passed / gates <= limit


def test_a_relative_margin_has_the_power_of_the_same_margin_in_the_scores_units() -> None:
    """Rows of the sides that have nothing to do with each other: the differences are the less exact question of the two."""
    old, new = side(scores(noisy(0.6, seed=1)), run="old-1"), side(scores(noisy(0.6, seed=2)))
    share = one(Rule("f1", "non_inferiority", 0.05, relative=True), new, old)
    assert share.boundary is not None
    plain = one(Rule("f1", "non_inferiority", -share.boundary), new, old)
    assert (share.power, share.smallest) == (plain.power, plain.smallest)
    assert share.power is not None and share.power > 0.5
