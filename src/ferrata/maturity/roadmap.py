"""What to do next: the cheapest sets of practices that gain points, in the order of points per effort.

Knows nothing of evidence but how each practice stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ferrata.maturity.score import LEVELS, ladder, met_share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ferrata.maturity.model import MaturityModel, Practice
    from ferrata.maturity.types import Status

__all__ = ["Gain", "plan_next", "plan_to_level"]


@dataclass(frozen=True)
class Gain:
    """Practices which together bring a dimension to `points`, prerequisites first; `effort` in person-days."""

    dimension: str
    points: int
    practices: tuple[str, ...]
    effort: float


def plan_next(model: MaturityModel, status: Mapping[str, Status]) -> list[Gain]:
    """One point after the other, always the one that is cheapest then, up to the top of every dimension."""
    return list(_climb(model, dict(status), stop=lambda _: False))


def plan_to_level(model: MaturityModel, status: Mapping[str, Status], level: int) -> list[Gain]:
    """The shortest way (least effort) to a level of the whole; nothing where it is reached.

    Raises:
        ValueError: the model has no such level.
    """
    least = next((band.least for band in model.bands if band.level == level), None)
    if least is None:
        raise ValueError(f"no level {level}")
    target = _cheapest_points(model, status, least)
    return list(
        _climb(model, dict(status), stop=lambda points: all(points[d] >= n for d, n in target.items()), limit=target)
    )


def _climb(
    model: MaturityModel,
    status: dict[str, Status],
    *,
    stop: Callable[[Mapping[str, int]], bool],
    limit: Mapping[str, int] | None = None,
) -> Iterable[Gain]:
    known: dict[str, Gain] = {}
    while True:
        points = {d.id: _points(model, d.id, status) for d in model.dimensions}
        open_dimensions = [d for d, n in points.items() if n < (limit[d] if limit is not None else LEVELS[-1])]
        if stop(points) or not open_dimensions:
            return
        for dimension in open_dimensions:
            if dimension not in known:
                known[dimension] = _cheapest(model, dimension, points[dimension] + 1, status)
        candidates: list[Gain] = [known[d] for d in open_dimensions]
        gain = min(candidates, key=lambda g: (g.effort, g.points))
        yield gain
        for name in gain.practices:
            status[name] = "met"
        known = {d: other for d, other in known.items() if d != gain.dimension and not _touches(model, gain, other)}


def _touches(model: MaturityModel, gain: Gain, other: Gain) -> bool:
    """Whether what was gained may change what is cheapest in the dimension of another gain."""
    gained = set(gain.practices)
    return not gained.isdisjoint(other.practices) or any(
        p.id in gained or gained.intersection(p.needs) for p in model.of(other.dimension)
    )


def _cheapest_points(model: MaturityModel, status: Mapping[str, Status], score: int) -> dict[str, int]:
    """Points per dimension that together make `score` with the least effort (dynamic programme over dimensions)."""
    best: dict[int, tuple[float, dict[str, int]]] = {0: (0.0, {})}
    for dimension in model.dimensions:
        costs = _costs(model, dimension.id, status)
        following: dict[int, tuple[float, dict[str, int]]] = {}
        for total, (effort, chosen) in best.items():
            for points, cost in costs.items():
                candidate = (effort + cost, {**chosen, dimension.id: points})
                if total + points not in following or candidate[0] < following[total + points][0]:
                    following[total + points] = candidate
        best = following
    return min(
        (value for total, value in best.items() if total >= score),
        key=lambda value: value[0],
        default=(0.0, dict[str, int]()),
    )[1]


def _costs(model: MaturityModel, dimension: str, status: Mapping[str, Status]) -> dict[int, float]:
    """Effort to have each number of points from today's on."""
    now = dict(status)
    points = _points(model, dimension, now)
    costs = {points: 0.0}
    total = 0.0
    for level in LEVELS[points:]:
        gain = _cheapest(model, dimension, level, now)
        total += gain.effort
        costs[level] = total
        now.update({name: "met" for name in gain.practices})
    return costs


def _cheapest(model: MaturityModel, dimension: str, level: int, status: Mapping[str, Status]) -> Gain:
    """The cheapest practices, with their prerequisites, that reach a level of a dimension whose lower levels are reached."""
    here = model.of(dimension, level)
    must = [p for p in here if p.essential and status[p.id] != "met"]
    may = [p for p in here if not p.essential and status[p.id] != "met"]
    best: tuple[float, tuple[str, ...]] | None = None
    efforts = {p.id: p.effort for p in model.practices}
    for count in range(len(may) + 1):
        for extra in combinations(may, count):
            after: dict[str, Status] = {**status, **{p.id: "met" for p in (*must, *extra)}}
            if met_share(here, after) < model.scoring.share:
                continue
            names = _with_needs(model, [*must, *extra], status)
            effort = sum(efforts[name] for name in names)
            if best is None or effort < best[0]:
                best = (effort, names)
    effort, names = best or (0.0, ())
    return Gain(dimension, level, names, round(effort, 2))


def _with_needs(model: MaturityModel, practices: Sequence[Practice], status: Mapping[str, Status]) -> tuple[str, ...]:
    """The practices and all they need that is not met, needs first."""
    ordered: dict[str, None] = {}
    by_id = {p.id: p for p in model.practices}

    def visit(practice: Practice) -> None:
        for need in practice.needs:
            if need in by_id and status[need] != "met" and need not in ordered:
                visit(by_id[need])
        ordered.setdefault(practice.id)

    for practice in sorted(practices, key=lambda p: p.effort):
        visit(practice)
    return tuple(ordered)


def _points(model: MaturityModel, dimension: str, status: Mapping[str, Status]) -> int:
    return sum(level.reached for level in ladder(model.of(dimension), status, needed=model.scoring.share))
