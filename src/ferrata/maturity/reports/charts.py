"""The geometry of the report's charts: where points, polygons and labels lie; the template draws them.

Knows neither colours nor SVG.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from ferrata.clock import parse_time
from ferrata.markup import when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment

__all__ = ["Dot", "Line", "Radar", "RadarAxis", "Segment", "Trend", "radar", "scale", "trend"]

_HIGHEST = 4
_RADIUS, _LABEL_RADIUS, _LINE_HEIGHT = 122.0, 135.0, 15.5


class Dot(NamedTuple):
    """A place in the drawing, x to the right and y down, and what is there."""

    x: float
    y: float
    text: str = ""


class RadarAxis(NamedTuple):
    """A dimension's axis: its outer end, and its label's lines with the text anchor."""

    end: Dot
    lines: list[Dot]
    anchor: str


class Radar(NamedTuple):
    """A radar chart around 0, 0; polygons are lists of corners, `claimed` is empty where nobody answered."""

    axes: list[RadarAxis]
    rings: list[list[Dot]]
    evidenced: list[Dot]
    claimed: list[Dot]


class Segment(NamedTuple):
    """A band on the scale of scores: its name and its share of the whole, in percent."""

    level: int
    name: str
    share: float


class Line(NamedTuple):
    """A horizontal line of the trend: a band's least score."""

    y: float
    text: str


class Trend(NamedTuple):
    """The score over time in a box of `width` x `height`, oldest first; `highest` is at the top of the box."""

    width: float
    height: float
    highest: int
    dots: list[Dot]
    scores: list[int]
    bands: list[Line]
    first: str
    last: str


def radar(assessment: Assessment) -> Radar:
    """The dimensions clockwise from the top, 0 points in the middle and 4 at the rim."""
    count = len(assessment.dimensions)
    angles = [2 * math.pi * i / count - math.pi / 2 for i in range(count)]
    dimensions = list(zip(angles, assessment.dimensions, strict=True))
    return Radar(
        axes=[_axis(angle, [*textwrap.wrap(d.title, 15), f"{d.points} of {_HIGHEST}"]) for angle, d in dimensions],
        rings=[[_at(angle, ring, str(ring)) for angle in angles] for ring in range(1, _HIGHEST + 1)],
        evidenced=[_at(angle, d.points, f"{d.title}: {d.points} evidenced") for angle, d in dimensions],
        claimed=[_at(angle, d.claimed_points, f"{d.title}: {d.claimed_points} claimed") for angle, d in dimensions]
        if assessment.answered
        else [],
    )


def _at(angle: float, points: float, text: str) -> Dot:
    radius = _RADIUS * points / _HIGHEST
    return Dot(round(radius * math.cos(angle), 1), round(radius * math.sin(angle), 1), text)


def _axis(angle: float, words: Sequence[str]) -> RadarAxis:
    across, down = math.cos(angle), math.sin(angle)
    anchor = "middle" if abs(across) < 0.2 else "start" if across > 0 else "end"
    x = round(_LABEL_RADIUS * across, 1)
    # The label's block hangs below its place at the foot of the chart, stands on it at the top, and is centred beside it.
    top = _LABEL_RADIUS * down + (down - 1) / 2 * (len(words) - 1) * _LINE_HEIGHT + 4 + 4 * down
    lines = [Dot(x, round(top + i * _LINE_HEIGHT, 1), word) for i, word in enumerate(words)]
    return RadarAxis(_at(angle, _HIGHEST, ""), lines, anchor)


def scale(model: MaturityModel, highest: int) -> list[Segment]:
    """The bands from 0 to the highest score; one that starts above it is left out."""
    bands = [b for b in model.bands if b.least < highest]
    ends = [b.least for b in bands[1:]] + [highest]
    return [
        Segment(b.level, b.name, round(100 * (end - b.least) / highest, 3)) for b, end in zip(bands, ends, strict=True)
    ]


def trend(points: Sequence[HistoryPoint], model: MaturityModel, highest: int) -> Trend | None:
    """The score over time; None for fewer than two assessments."""
    if len(points) < 2 or not highest:
        return None
    width, height = 520.0, 180.0
    times = [parse_time(p.at).timestamp() for p in points]
    span = times[-1] - times[0]

    def down(score: float) -> float:
        return round(height * (1 - score / highest), 1)

    dots = [
        Dot(round(width * (time - times[0]) / span, 1), down(p.score), f"{when(p.at)}: {p.score} of {highest}")
        for time, p in zip(times, points, strict=True)
    ]
    bands = [Line(down(b.least), f"{b.least} {b.name}") for b in model.bands if 0 < b.least < highest]
    return Trend(
        width=width,
        height=height,
        highest=highest,
        dots=dots,
        scores=[p.score for p in points],
        bands=bands,
        first=when(points[0].at)[:10],
        last=when(points[-1].at)[:10],
    )
