"""Models side by side: differences from the incumbent, the Pareto front, a recommendation. Pure functions; knows no run.

A model is dominated where another is at least as good in quality, cost and latency, and better in one of them. In quality,
"at least as good" is "not shown to be worse": the 95 % interval of the paired difference does not lie below no difference; "better" is
"shown to be better". With few rows little is shown, so below ten shared rows nothing is dominated. Costs (for 1,000 requests) differ
where they do so by more than 5 %; latencies where medians do and their 95 % intervals do not overlap. A model whose cost or latency is
not known neither dominates one whose is, nor is dominated by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.scouts.types import Measured, Outcome
    from ferrata.stats import Comparison

__all__ = ["FEW", "judge_front", "recommend"]

FEW = 10
"""Shared rows below which no model dominates another."""

_SAME = 0.05
_ALPHA = 0.05
# Without a gate, a candidate may be worse by so much of the score's range.
_MARGIN = 0.05

Prefer = Literal["cost", "latency", "quality"]


def judge_front(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same with differences from the incumbent, corrected by Holm over the candidates, and with who dominates whom."""
    base = next((one.measured for one in outcomes if one.incumbent), None)
    compared = [one if one.incumbent else replace(one, difference=_difference(base, one.measured)) for one in outcomes]
    return [
        replace(one, dominated_by=tuple(other.id for other in compared if _dominates(other, one)))
        for one in _corrected(compared)
    ]


def _difference(base: Measured | None, measured: Measured | None) -> Comparison | None:
    from ferrata.stats import compare

    if base is None or measured is None:
        return None
    try:
        return compare(base.scores, measured.scores)
    except UsageError:  # one row, or nothing that varies
        return None


def _corrected(outcomes: Sequence[Outcome]) -> list[Outcome]:
    from ferrata.stats import holm

    places = [place for place, one in enumerate(outcomes) if one.difference is not None]
    found = list(outcomes)
    if places:
        raw = [one.difference.p_value for one in outcomes if one.difference is not None]
        for place, p in zip(places, holm(raw), strict=True):
            found[place] = replace(found[place], p_adjusted=float(p))
    return found


def _dominates(one: Outcome, other: Outcome) -> bool:
    if one.id == other.id or one.measured is None or other.measured is None:
        return False
    quality = _difference(other.measured, one.measured)
    if quality is None or quality.n < FEW or quality.verdict == "worse":
        return False
    cost = _less(one.measured.per_1000, other.measured.per_1000)
    latency = _quicker(one.measured, other.measured)
    if cost is None or latency is None or cost < 0 or latency < 0:
        return False
    return quality.verdict == "better" or cost > 0 or latency > 0


def _less(one: float | None, other: float | None) -> int | None:
    """1 where one is less, 0 where they are the same, -1 where it is more; None where only one of both is known."""
    if one is None and other is None:
        return 0
    if one is None or other is None:
        return None
    if abs(one - other) <= _SAME * max(one, other):
        return 0
    return 1 if one < other else -1


def _quicker(one: Measured, other: Measured) -> int | None:
    found = _less(one.p50, other.p50)
    if one.median is None or other.median is None:
        return found and 0
    apart = one.median.high < other.median.low or other.median.high < one.median.low
    return found if found is None or apart else 0


def recommend(outcomes: Sequence[Outcome], *, prefer: Prefer, gated: bool, leaving: str) -> tuple[str, str]:
    """The id of the model to switch to, empty to stay, and why.

    Args:
        outcomes: as `judge_front` gives them.
        prefer: what counts among models that are good enough.
        gated: a gate decides which are.
        leaving: why the incumbent cannot stay; empty where it can.
    """
    mine = next((one for one in outcomes if one.incumbent), None)
    tried = [one for one in outcomes if not one.incumbent and one.measured is not None]
    if not tried:
        return "", _stay(leaving, "no other model could be measured")
    good = [one for one in tried if one.on_front and _good_enough(one, gated=gated)]
    if not good:
        why = "passed the gate" if gated else f"was shown to be no worse by more than {_MARGIN:.0%} of the scale"
        return "", _stay(leaving, f"no candidate on the front {why}")
    gains = [one for one in good if leaving or _gains(one, mine, prefer)]
    if not gains:
        wanted = {"cost": "costs less", "latency": "is faster", "quality": "is shown to be better"}[prefer]
        return "", _stay(leaving, f"of the candidates that are good enough, none {wanted}")
    best = min(gains, key=lambda one: _order(one, prefer))
    return best.id, f"Switch to {best.id}: {_praise(best, mine, gated=gated)}{f' {leaving}' if leaving else ''}"


def _stay(leaving: str, why: str) -> str:
    return f"Stay for now, but look further: {why}. {leaving}" if leaving else f"Stay: {why}."


def _good_enough(one: Outcome, *, gated: bool) -> bool:
    if gated:
        return one.verdict == "pass"
    found = one.difference
    if found is None or found.inference is None or one.measured is None or found.n < FEW:
        return False
    scores = one.measured.scores
    if one.shown(_ALPHA) == "better":
        return True
    if scores.low is None or scores.high is None:
        return False
    margin = _MARGIN * (scores.high - scores.low)
    p = found.inference.p_greater(-margin) if found.higher_is_better else found.inference.p_less(margin)
    return p <= _ALPHA


def _gains(one: Outcome, mine: Outcome | None, prefer: Prefer) -> bool:
    if mine is None or mine.measured is None or one.measured is None:
        return True
    cost = _less(one.measured.per_1000, mine.measured.per_1000)
    latency = _quicker(one.measured, mine.measured)
    better = one.shown(_ALPHA) == "better"
    if prefer == "quality":
        return better
    if prefer == "latency":
        return latency == 1
    return cost == 1 or (cost == 0 and (better or latency == 1))


def _order(one: Outcome, prefer: Prefer) -> tuple[float, ...]:
    measured = one.measured
    if measured is None:
        return (float("inf"),)
    far = float("inf")
    cost = far if measured.per_1000 is None else measured.per_1000
    latency = far if measured.p50 is None else measured.p50
    quality = -measured.estimate.value if measured.scores.higher_is_better else measured.estimate.value
    orders = {
        "cost": (cost, quality, latency),
        "latency": (latency, quality, cost),
        "quality": (quality, cost, latency),
    }
    return orders[prefer]


def _praise(one: Outcome, mine: Outcome | None, *, gated: bool) -> str:
    said: list[str] = []
    if shown := one.shown(_ALPHA):
        said.append("its quality is " + (f"shown to be {shown}" if shown in ("better", "worse") else shown))
    if gated:
        said.append("it passed the gate")
    now, then = (mine.measured if mine else None), one.measured
    if now and then and now.per_1000 and then.per_1000 is not None:
        said.append(f"1,000 requests cost ${then.per_1000:.4g}, not ${now.per_1000:.4g}")
    if now and then and now.p50 is not None and then.p50 is not None:
        said.append(f"an answer takes {then.p50:.2g} s, not {now.p50:.2g} s")
    return "; ".join(said) + "."
