"""Results of gates as they come: passed, failed, undecided, waived, without a baseline, hostile."""

from __future__ import annotations

from dataclasses import replace

from ferrata.gates import Change, Distribution, GateResult, Rule, RuleResult, Side
from ferrata.stats import Interval

HOSTILE = (
    "<script>alert(1)</script> ![x](https://evil.example/x.png) @everyone fixes #12 `a|b` -->\x1b[2J\u202e\n::error::no"
)

F1 = RuleResult(
    rule=Rule("f1_score", "non_inferiority", 0.05),
    verdict="pass",
    n=120,
    estimate=0.0123,
    interval=Interval(-0.0181, 0.0427),
    confidence=0.9,
    boundary=-0.05,
    p_value=0.00041,
    p_adjusted=0.00082,
    p_fail=0.999,
    test="paired t",
    effect=0.061,
    power=0.93,
    smallest=0.047,
    baseline=0.712,
    candidate=0.7243,
    distributions={
        "baseline": Distribution((0, 0.25, 0.5, 0.75, 1), (10, 20, 40, 50)),
        "candidate": Distribution((0, 0.25, 0.5, 0.75, 1), (8, 18, 38, 56)),
    },
)
GROUNDED = RuleResult(
    rule=Rule("groundedness.groundedness", "at_least", 3.5),
    verdict="fail",
    n=120,
    estimate=3.1,
    interval=Interval(2.9, 3.3),
    confidence=0.9,
    boundary=3.5,
    p_value=0.9996,
    p_adjusted=1.0,
    p_fail=0.0004,
    test="t",
    candidate=3.1,
    corrected=3.02,
    corrected_interval=Interval(2.7, 3.34),
    reasons=("the mean is below 3.5 by more than chance explains",),
)
LATENCY = RuleResult(
    rule=Rule("latency", "superiority", 0.0),
    verdict="inconclusive",
    n=120,
    estimate=-0.04,
    interval=Interval(float("-inf"), 0.02),
    confidence=0.9,
    boundary=0.0,
    p_value=0.2,
    p_adjusted=0.2,
    p_fail=0.8,
    test="Wilcoxon",
    higher_is_better=False,
    baseline=1.31,
    candidate=1.27,
    rows_needed=840,
    reasons=("this gate could not have seen 0.05: with 120 rows the smallest margin it can see is 0.13",),
)
CHANGE = Change(
    "f1_score", 7, "q-7", 0.9, 0.2, {"question": "How long do refunds take?"}, "Five days.", "We do not know.\nSorry."
)
PASSED = GateResult(
    gate="support",
    verdict="pass",
    rules=(F1,),
    candidate=Side("eval-9", "prompt/support@4", "sha256:" + "ab" * 32, ("prompt/support@4",)),
    baseline=Side("eval-3", "prompt/support@3", "sha256:" + "cd" * 32, ("prompt/support@3",)),
    dataset="data/support.jsonl",
    dataset_digest="sha256:" + "ef" * 32,
    rows=120,
    changes=(CHANGE, replace(CHANGE, row=8, before=0.1, after=1.0)),
    created="2026-11-23T10:20:30.000Z",
    settings_digest="sha256:" + "12" * 32,
)
FAILED = replace(PASSED, verdict="fail", rules=(F1, GROUNDED, LATENCY))
UNDECIDED = replace(PASSED, verdict="inconclusive", rules=(F1, LATENCY), notes=("118 of 120 rows have a pair",))
NOT_DECIDING = replace(
    PASSED,
    verdict="inconclusive",
    rules=(replace(GROUNDED, deciding=False, reasons=("its agreement with people was never measured",)),),
    notes=("no rule decides",),
)
WAIVED = replace(FAILED, waived="the outage of the index; see the incident")
LET_PASS = replace(UNDECIDED, on_inconclusive="pass")
NO_BASELINE = replace(PASSED, verdict="fail", rules=(GROUNDED,), baseline=None)
NO_CHANGES = replace(PASSED, changes=())
SEQUENTIAL = replace(PASSED, sequential=True, stopped_after=64)
EMPTY = GateResult(
    "bare", "inconclusive", (RuleResult(Rule("f1", "at_least", 0.5), "inconclusive"),), Side("scores.json")
)
HOSTILE_ONE = replace(
    FAILED,
    gate=HOSTILE,
    rules=(replace(GROUNDED, rule=Rule(HOSTILE, "at_least", 1), reasons=(HOSTILE,)),),
    candidate=Side(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,)),
    dataset=HOSTILE,
    changes=(Change(HOSTILE, 1, HOSTILE, 0, 1, {HOSTILE: HOSTILE, "list": [HOSTILE]}, HOSTILE, HOSTILE),),
    notes=(HOSTILE,),
    waived=HOSTILE,
)
ALL = {
    "passed": PASSED,
    "failed": FAILED,
    "undecided": UNDECIDED,
    "not-deciding": NOT_DECIDING,
    "waived": WAIVED,
    "let-pass": LET_PASS,
    "no-baseline": NO_BASELINE,
    "no-changes": NO_CHANGES,
    "sequential": SEQUENTIAL,
    "empty": EMPTY,
    "hostile": HOSTILE_ONE,
}
