"""Whether a judge may decide, and what its means become."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ferrata.calibration import Calibration, JudgeStanding
from ferrata.stats import Scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrata.gates import Standing

    Measured = Callable[..., Calibration]

GOOD = [(4, 1.0)] * 30 + [(2, 0.0)] * 20 + [(5, 0.0)] * 5 + [(1, 1.0)] * 5


def standing(found: Calibration | None, digest: str = "d1") -> JudgeStanding:
    return JudgeStanding("support", "judge", digest, found)


def scores(values: Sequence[float], metric: str = "judge.groundedness.pass_rate", **about: Any) -> Scores:
    keys = about.pop("keys", [f"x{i}" for i in range(len(values))])
    return Scores(metric, keys, np.asarray(values, dtype=float), low=0.0, high=1.0, **about)


def test_a_judge_that_agrees_may_decide(measured: Measured) -> None:
    found: Standing = standing(measured(GOOD))
    assert found.may_decide
    assert found.reason.startswith("kappa 0.66 (0.4")
    assert found.reason.endswith("on 60 rows, at least 0.6")


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        (GOOD + [(5, 0.0)] * 10, "less than 0.6"),
        ([(4, 1.0), (2, 0.0)] * 9, "on 18 rows, fewer than 20"),
        ([(4, 1.0)] * 30, "kappa is not defined on 30 rows: judge or people gave all of them the same label"),
    ],
)
def test_a_judge_that_does_not_may_not(measured: Measured, pairs: list[tuple[float, float]], why: str) -> None:
    found = standing(measured(pairs))
    assert (found.may_decide, found.is_current) == (False, True)
    assert found.reason.endswith(why)


def test_who_decides_may_ask_for_more(measured: Measured) -> None:
    found = replace(standing(measured(GOOD)), floor=0.7)
    assert not found.may_decide
    assert found.reason.endswith("less than 0.7")
    assert replace(found, floor=0.1).reason.endswith("at least 0.6")


def test_rows_of_one_cluster_exclude_no_chance(measured: Measured) -> None:
    found = standing(measured(GOOD, about=lambda _: {"cluster": "one"}))
    assert not found.may_decide
    assert found.reason == "kappa 0.66 (-1.00 to 1.00) on 60 rows, and its interval does not exclude chance"


def test_another_judge_is_not_the_one_that_was_measured(measured: Measured) -> None:
    found = standing(measured(GOOD), "d2")
    assert (found.may_decide, found.is_current) == (False, False)
    assert found.reason == (
        "its prompt, model or parameters changed since 2026-11-01: "
        "ferrata judge calibrate support judge --labels FILE again"
    )
    assert found.corrected(scores([1, 0, 1])) is None
    assert "was never measured" in standing(None).reason


def test_another_threshold_and_another_score_are_not_what_was_measured(measured: Measured) -> None:
    other = standing(measured(GOOD, decides_at=4.0))
    assert not other.may_decide
    assert "calibrated at the threshold 3, and decides at 4" in other.reason
    tone = standing(measured(GOOD)).of_score("tone")
    assert not tone.may_decide
    assert "its score 'tone' was not held against people, 'groundedness' was" in tone.reason


def test_a_calibration_that_cannot_be_read_is_none(measured: Measured) -> None:
    found = replace(standing(measured(GOOD)), problem="its calibration cannot be read")
    assert (found.may_decide, found.reason) == (False, "its calibration cannot be read")


def test_a_rate_is_corrected_by_sensitivity_and_specificity(measured: Measured) -> None:
    found = standing(measured(GOOD)).correction(scores([1] * 120 + [0] * 80))
    assert found.inference is not None
    assert found.inference.estimate == pytest.approx((0.6 - 0.2) / (30 / 35 - 0.2))
    low, high = found.inference.interval()
    assert low < 0.609 < high
    assert found.inference.n == 200


def test_labelled_rows_of_the_run_itself_are_left_out(measured: Measured) -> None:
    found = measured(GOOD)
    keys = [pair.key for pair in found.pairs] + [f"x{i}" for i in range(100)]
    values = [float(bool(pair.passed)) for pair in found.pairs] + [1.0] * 60 + [0.0] * 40
    corrected = standing(found).corrected(scores(values, keys=keys))
    assert corrected is not None
    assert corrected.n == 100
    # another run over the same rows, with other scores, is judged anew
    other = standing(found).corrected(scores([1 - value for value in values], keys=keys))
    assert other is not None
    assert other.n == 160


def test_a_mean_is_corrected_only_in_the_run_whose_rows_were_labelled(measured: Measured) -> None:
    rng = np.random.default_rng(5)
    true = rng.integers(1, 6, 400).astype(float)
    judged = np.clip(true + rng.choice([0, 0, 1], 400), 1, 5)
    found = measured(list(zip(judged[:80].tolist(), true[:80].tolist(), strict=True)), "scale")
    about = {"keys": [f"r{i}" for i in range(400)], "metric": "judge.groundedness"}
    own = replace(scores(judged.tolist(), **about), low=1.0, high=5.0)
    corrected = standing(found).corrected(own)
    assert corrected is not None
    low, high = corrected.interval()
    assert low < true.mean() < high < judged.mean()
    elsewhere = replace(own, keys=[f"y{i}" for i in range(400)])
    assert standing(found).correction(elsewhere).reason == (
        "the labelled rows were not drawn from this run, so its mean cannot be corrected"
    )
    assert standing(found).corrected(replace(own, metric="judge.groundedness.pass_rate")) is None


def test_why_a_mean_is_not_corrected_is_said(measured: Measured) -> None:
    known = standing(measured(GOOD))
    assert known.correction(scores([1, 0], "judge.tone")).reason == (
        "its score 'groundedness' was held against people, not this one"
    )
    assert "and not the mean" in known.correction(scores([0.3, 0.9], "judge.groundedness")).reason
    assert "run several times" in known.correction(scores([0.5, 1.0])).reason
    blind = standing(measured([(4, 1.0), (4, 0.0), (2, 1.0), (2, 0.0)] * 10))
    assert "no better than chance" in blind.correction(scores([1, 0])).reason
    one_kind = standing(measured([(4, 1.0)] * 30))
    assert one_kind.corrected(scores([1, 0])) is None
