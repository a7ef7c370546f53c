"""The geometry of a gate's pictures: where intervals, boundaries and bars lie; the template draws them.

Knows neither colours nor SVG.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ferrata.gates.reports.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.gates.types import Distribution, RuleResult
    from ferrata.stats import Interval

__all__ = ["Bar", "Histogram", "IntervalPicture", "Mark", "Range", "histograms", "interval_picture"]

WIDTH, BARS_HEIGHT = 520.0, 54.0
_PADDING = 0.12
_EDGE = 90.0  # of a label's half width, so that labels stay inside of the picture


class Mark(NamedTuple):
    """A place on the axis, its label, and where the label's text is anchored."""

    x: float
    text: str
    anchor: str = "middle"


class Range(NamedTuple):
    """An interval on the axis; an open end has no cap."""

    low: float
    high: float
    at: float
    open_low: bool
    open_high: bool


class IntervalPicture(NamedTuple):
    """An estimate with its interval against the boundary, in a box of `width`.

    Attributes:
        width: of the box.
        good: where the rule is kept: from, width.
        boundary: at which the rule turns.
        zero: no difference; None where the rule does not compare, or it is the boundary.
        found: estimate and interval.
        corrected: the same, corrected for the judge's error; None without calibration.
    """

    width: float
    good: tuple[float, float]
    boundary: Mark
    zero: Mark | None
    found: Range
    corrected: Range | None


class Bar(NamedTuple):
    """A bin of a histogram; y is down."""

    x: float
    y: float
    width: float
    height: float
    text: str


class Histogram(NamedTuple):
    """A side's values in a box of `width` x `height`; all histograms of a rule have one axis, from `low` to `high`."""

    name: str
    width: float
    height: float
    bars: Sequence[Bar]
    most: int
    low: str
    high: str


def interval_picture(rule: RuleResult) -> IntervalPicture | None:
    """The picture of a rule; None where there is no estimate, interval or boundary."""
    if rule.estimate is None or rule.interval is None or rule.boundary is None:
        return None
    values = [rule.estimate, rule.boundary, *rule.interval, *([0.0] if rule.rule.compares else [])]
    if rule.corrected is not None:
        values += [rule.corrected, *(rule.corrected_interval or ())]
    known = [value for value in values if math.isfinite(value)]
    if not known or not math.isfinite(rule.boundary) or not math.isfinite(rule.estimate):
        return None
    span = (max(known) - min(known)) or abs(known[0]) or 1.0
    low, high = min(known) - _PADDING * span, max(known) + _PADDING * span

    def at(value: float) -> float:
        return round(WIDTH * (min(max(value, low), high) - low) / (high - low), 1)

    def range_of(estimate: float, interval: Interval | None) -> Range:
        ends = (estimate, estimate) if interval is None else interval
        return Range(at(ends[0]), at(ends[1]), at(estimate), math.isinf(ends[0]), math.isinf(ends[1]))

    boundary = at(rule.boundary)
    good = (boundary, round(WIDTH - boundary, 1)) if _upwards(rule) else (0.0, boundary)
    apart = rule.rule.compares and abs(at(0.0) - boundary) >= 1
    return IntervalPicture(
        width=WIDTH,
        good=good,
        boundary=_mark(boundary, f"boundary {number(rule.boundary)}"),
        zero=_mark(at(0.0), "no difference") if apart else None,
        found=range_of(rule.estimate, rule.interval),
        corrected=None if rule.corrected is None else range_of(rule.corrected, rule.corrected_interval),
    )


def _upwards(rule: RuleResult) -> bool:
    """Whether the rule is kept above its boundary."""
    if rule.rule.kind == "at_least":
        return True
    return rule.rule.compares and rule.higher_is_better


def _mark(x: float, text: str) -> Mark:
    return Mark(x, text, "start" if x < _EDGE else "end" if x > WIDTH - _EDGE else "middle")


def histograms(rule: RuleResult) -> list[Histogram]:
    """Baseline's and candidate's values on one axis, shares of each one's rows; bins without width or rows are left out."""
    found = {
        name: one
        for name in ("baseline", "candidate")
        if (one := rule.distributions.get(name)) is not None
        and len(one.edges) == len(one.counts) + 1
        and sum(one.counts) > 0
        and all(math.isfinite(edge) for edge in one.edges)
    }
    edges = [edge for one in found.values() for edge in (one.edges[0], one.edges[-1])]
    if not edges or max(edges) <= min(edges):
        return []
    tallest = max(count / sum(one.counts) for one in found.values() for count in one.counts)
    return [_histogram(name, one, axis=(min(edges), max(edges)), tallest=tallest) for name, one in found.items()]


def _histogram(name: str, one: Distribution, *, axis: tuple[float, float], tallest: float) -> Histogram:
    low, high = axis
    rows = sum(one.counts)
    bars: list[Bar] = []
    for left, right, count in zip(one.edges, one.edges[1:], one.counts, strict=False):
        height = round(BARS_HEIGHT * (count / rows) / tallest, 1)
        x = round(WIDTH * (left - low) / (high - low), 1)
        width = round(max(WIDTH * (right - left) / (high - low) - 2, 1), 1)
        bars.append(
            Bar(
                x + 1,
                round(BARS_HEIGHT - height, 1),
                width,
                height,
                f"{number(left)} to {number(right)}: {count:,} of {rows:,}",
            )
        )
    return Histogram(name, WIDTH, BARS_HEIGHT, bars, rows, number(low), number(high))
