"""Points from the state of practices: the ladder of a dimension, the bands, the two axes.

A level of a dimension is reached when the levels below it are, each of its essential practices is met, and at least
`scoring.share` of its practices are met. A dimension has as many points as levels reached. What is fulfilled beyond that,
and every practice that is partly met (as half a one), is progress and gives no points. See `docs/maturity-model.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.maturity.types import AxisResult, DimensionResult, LevelResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.maturity.model import Band, MaturityModel, Practice
    from ferrata.maturity.types import Status

__all__ = ["LEVELS", "band_of", "ladder", "met_share", "score_axes", "score_dimensions", "share_of"]

LEVELS = (1, 2, 3, 4)
_WORTH: Mapping[Status, float] = {"met": 1.0, "partly": 0.5, "against": 0.0, "open": 0.0}


def met_share(practices: Sequence[Practice], status: Mapping[str, Status]) -> float:
    """The share of some practices that is met, 0 to 1: what points are given for."""
    return round(sum(status[p.id] == "met" for p in practices) / len(practices), 4) if practices else 0.0


def share_of(practices: Sequence[Practice], status: Mapping[str, Status]) -> float:
    """How far some practices are, 0 to 1, a practice partly met as half a one: progress, not points."""
    return round(sum(_WORTH[status[p.id]] for p in practices) / len(practices), 4) if practices else 0.0


def ladder(practices: Sequence[Practice], status: Mapping[str, Status], *, needed: float) -> list[LevelResult]:
    """Levels 1 to 4 of some practices, each with what it has and lacks."""
    results: list[LevelResult] = []
    below = True
    for level in LEVELS:
        here = [p for p in practices if p.level == level]
        share = met_share(here, status)
        whole = all(status[p.id] == "met" for p in here if p.essential)
        below = below and bool(here) and whole and share >= needed
        missing = [p.id for p in here if status[p.id] != "met"]
        progress = share_of(here, status)
        results.append(
            LevelResult(level=level, share=share, progress=progress, needed=needed, reached=below, missing=missing)
        )
    return results


def score_dimensions(
    model: MaturityModel, status: Mapping[str, Status], claimed: Mapping[str, Status]
) -> list[DimensionResult]:
    """The dimensions in the model's order, by evidence and by claim."""
    results: list[DimensionResult] = []
    for dimension in model.dimensions:
        practices = model.of(dimension.id)
        levels = ladder(practices, status, needed=model.scoring.share)
        said = ladder(practices, claimed, needed=model.scoring.share)
        points = sum(level.reached for level in levels)
        results.append(
            DimensionResult(
                id=dimension.id,
                title=dimension.title,
                points=points,
                claimed_points=sum(level.reached for level in said),
                progress=_progress(levels, points),
                levels=levels,
            )
        )
    return results


def _progress(levels: Sequence[LevelResult], points: int) -> float:
    """How far the next level is, 0 to 1; 1 at the top. Below 1 while an essential practice is missing."""
    if points == len(levels):
        return 1.0
    following = levels[points]
    return round(min(following.progress / following.needed, 0.99), 2) if following.needed else 0.0


def score_axes(model: MaturityModel, status: Mapping[str, Status]) -> list[AxisResult]:
    """The same ladder over the practices of each axis, all dimensions together."""
    titles = {
        "technique": "Application maturity: how advanced the techniques are",
        "operational": "Operational maturity: how well it is run",
    }
    results: list[AxisResult] = []
    for axis in ("technique", "operational"):
        practices = [p for p in model.practices if p.axis == axis]
        levels = ladder(
            [p.model_copy(update={"essential": False}) for p in practices], status, needed=model.scoring.share
        )
        results.append(
            AxisResult(
                id=axis,
                title=titles[axis],
                level=sum(level.reached for level in levels),
                share=met_share(practices, status),
            )
        )
    return results


def band_of(model: MaturityModel, score: int) -> Band:
    """The band that a score, 0 or more, lies in."""
    return [band for band in model.bands if score >= band.least][-1]
