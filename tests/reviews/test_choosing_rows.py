"""Which rows people should see."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals import EvalRow, Score
from ferrata.reviews import RULES, Signals, choose_rows, signals_of

BINARY = {"key": "ok", "scale": "binary", "low": 0, "high": 1, "higher_is_better": True}
ORDINAL = {"key": "g", "scale": "ordinal", "low": 1, "high": 5, "higher_is_better": True}
CONTINUOUS = {"key": "f1", "scale": "continuous", "low": 0.0, "high": 1.0, "higher_is_better": True}
EVALUATORS = [
    {"alias": "j1", "computed": False, "measures": [ORDINAL]},
    {"alias": "j2", "computed": False, "measures": [ORDINAL]},
    {"alias": "f1", "computed": True, "measures": [CONTINUOUS]},
    {"alias": "ok", "computed": True, "measures": [BINARY]},
]


def row(judge_errors: dict[str, Any] | None = None, **scores: Score) -> EvalRow:
    return EvalRow(
        0, 0, {}, {"response": "r"}, {alias: [score] for alias, score in scores.items()}, None, judge_errors or {}
    )


def verdict(passed: bool | None, value: float | None = 1.0, **other: Any) -> Score:
    return Score("g", value, passed, **other)


@pytest.mark.parametrize(
    ("scores", "disagreement"),
    [
        ({}, 0.0),
        ({"j1": verdict(True)}, 0.0),
        ({"j1": verdict(True), "j2": verdict(True)}, 0.0),
        ({"j1": verdict(True), "j2": verdict(False)}, 1.0),
        ({"j1": verdict(True), "ok": verdict(False)}, 1.0),
        # Of three, two pairs have a judge: what is computed is not held against what is computed beside judges.
        ({"j1": verdict(True), "ok": verdict(False), "f1": verdict(True)}, 0.5),
        ({"j1": verdict(True), "j2": verdict(None)}, 0.0),
    ],
)
def test_disagreement_is_of_judges(scores: dict[str, Score], disagreement: float) -> None:
    assert signals_of(0, row(**scores), EVALUATORS).disagreement == disagreement


def test_without_a_judge_computed_verdicts_disagree() -> None:
    scores = {"ok": verdict(False), "f1": verdict(True)}
    assert signals_of(0, row(**scores), EVALUATORS[2:]).disagreement == 1.0
    assert signals_of(0, row(**scores), EVALUATORS).disagreement == 0.0


@pytest.mark.parametrize(
    ("shares", "doubt"),
    [
        ({"1": 0.0, "3": 1.0, "5": 0.0}, 0.0),
        ({"3": 0.5, "4": 0.5}, 1.0),  # the mean lies between two numbers
        ({"1": 0.5, "5": 0.5}, 1.0),  # or on one that nobody meant
        ({"1": 0.0, "3": 0.25, "4": 0.75, "5": 0.0}, 0.5),
        ({"yes": 1.0, "no": 0.0}, 0.0),
        ({"yes": 0.5, "no": 0.5}, 1.0),
        ({"3": 1.0}, 0.0),
        ({"3": 0.0}, 0.0),
    ],
)
def test_probabilities_tell_how_unsure_a_judge_was(shares: dict[str, float], doubt: float) -> None:
    score = verdict(True, 3.0, properties={"probabilities": shares})
    assert signals_of(0, row(j1=score), EVALUATORS).low_confidence == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("alias", "key", "value", "doubt"),
    [
        ("j1", "g", 3.0, 0.5),
        ("j1", "g", 2.0, 0.5),
        ("j1", "g", 4.0, 0.0),
        ("f1", "f1", None, 0.0),
        ("ok", "ok", 1.0, 0.0),
        ("gone", "g", 3.0, 0.0),
    ],
)
def test_a_value_by_the_threshold_is_unsure(alias: str, key: str, value: float | None, doubt: float) -> None:
    score = Score(key, value, None, 3.0)
    assert signals_of(0, row(**{alias: score}), EVALUATORS).low_confidence == doubt


def test_a_continuous_value_is_unsure_within_a_tenth_of_its_scale() -> None:
    doubts = [
        signals_of(0, row(f1=Score("f1", value, None, 0.5)), EVALUATORS).low_confidence
        for value in (0.5, 0.55, 0.6, 0.45, 0.0)
    ]
    assert doubts == pytest.approx([1.0, 0.5, 0.0, 0.5, 0.0])


def test_failed_is_the_share_of_scores_without_a_pass() -> None:
    broken = row({"j2": {"code": "busy", "message": "no"}}, j1=verdict(True), ok=verdict(False), f1=verdict(None))
    assert signals_of(4, broken, EVALUATORS) == Signals(4, 1.0, 0.0, 2 / 3)
    assert signals_of(0, row(j1=verdict(None, None, status="failed")), EVALUATORS).failed == 1.0
    assert signals_of(0, row(j1=verdict(None, None, status="skipped")), EVALUATORS).failed == 0.0


def test_rules_share_the_rows_and_say_what_they_lacked() -> None:
    rows = [Signals(i, failed=float(i < 3), disagreement=i / 100) for i in range(50)]
    chosen = choose_rows(rows, ["failed", "random", "disagreement"], count=20, seed=1)
    # The three rows that failed, but for those that chance had taken before.
    by_chance = sum(chosen.rule_of.get(place) == "random" for place in range(3))
    assert chosen.counts == {"failed": (3 - by_chance, 7), "random": (7, 7), "disagreement": (6, 6)}
    assert list(chosen.rule_of) == sorted(chosen.rule_of)
    # What is most in disagreement, of those that the others did not take.
    taken = {place for place, rule in chosen.rule_of.items() if rule != "disagreement"}
    assert [place for place, rule in chosen.rule_of.items() if rule == "disagreement"] == sorted(
        [place for place in range(49, -1, -1) if place not in taken][:6]
    )


def test_more_rows_than_there_are_takes_all() -> None:
    chosen = choose_rows([Signals(i) for i in range(5)], ["random"], count=9, seed=0)
    assert (sorted(chosen.rule_of), chosen.counts) == ([0, 1, 2, 3, 4], {"random": (5, 9)})


def test_random_rows_are_a_fair_sample_whatever_else_is_chosen() -> None:
    """Each of 20 rows is drawn in a quarter of 2,000 choices, as often where it failed as where it did not."""
    rows = [Signals(i, failed=float(i < 5)) for i in range(20)]
    times: Counter[int] = Counter()
    for seed in range(2000):
        chosen = choose_rows(rows, ["failed", "random"], count=10, seed=seed)
        times.update(place for place, rule in chosen.rule_of.items() if rule == "random")
    spread = (2000 * 0.25 * 0.75) ** 0.5
    assert sum(times.values()) == 10_000
    assert all(abs(times[i] - 500) < 4 * spread for i in range(20)), times


@given(
    st.lists(st.tuples(*[st.sampled_from([0.0, 0.2, 1.0])] * 3), max_size=30),
    st.lists(st.sampled_from(RULES), min_size=1, unique=True),
    st.integers(1, 40),
    st.integers(0, 9),
)
def test_a_row_is_chosen_once_and_by_what_speaks_for_it(
    numbers: list[tuple[float, ...]], rules: list[str], count: int, seed: int
) -> None:
    rows = [Signals(i, *of) for i, of in enumerate(numbers)]
    chosen = choose_rows(rows, rules, count=count, seed=seed)
    assert chosen == choose_rows(rows, rules, count=count, seed=seed)
    assert len(chosen.rule_of) <= count
    assert Counter(chosen.rule_of.values()) == Counter({rule: got for rule, (got, _) in chosen.counts.items() if got})
    assert sum(asked for _, asked in chosen.counts.values()) == count
    assert all(rule == "random" or rows[place].under(rule) > 0 for place, rule in chosen.rule_of.items())
