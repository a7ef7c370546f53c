"""Places boxes in layers: each below all that it takes from, crossings made few by putting a box near the middle of its neighbours.

Layered drawing after Sugiyama, Tagawa and Toda (1981): longest paths for the layers, barycentres for the order. Long edges go through
places of their own in the layers between. Knows sizes of boxes, and nothing of what is in them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Layout", "Place", "lay_out"]

GAP_X, GAP_Y, MARGIN = 28.0, 56.0, 24.0
_THIN = 14.0
_SWEEPS = 12


class Place(NamedTuple):
    """Where a box is: the middle of it, its size, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass
class Layout:
    """Where everything is.

    Attributes:
        places: by id of the box.
        routes: pair of ids -> the points that the edge goes through between the two boxes.
        width: of the whole, in pixels.
        height: likewise.
    """

    places: dict[str, Place] = field(default_factory=dict[str, Place])
    routes: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=dict[tuple[str, str], list[tuple[float, float]]]
    )
    width: float = 0.0
    height: float = 0.0


def lay_out(
    sizes: Mapping[str, tuple[float, float]], edges: Sequence[tuple[str, str]], *, floors: Mapping[str, int]
) -> Layout:
    """Places for boxes.

    Args:
        sizes: id -> width and height.
        edges: pairs of ids, without circles.
        floors: id -> group; a group begins below all of the groups with smaller numbers. 0 for all others.
    """
    layer = _layers(sizes, edges, floors)
    widths = {name: size[0] for name, size in sizes.items()}
    links, chains = _with_bends(layer, edges, widths)
    rows = _ordered(layer, links)
    xs = _across(rows, links, widths)
    heights = [max((sizes[name][1] for name in row if name in sizes), default=0.0) for row in rows]
    ys: list[float] = []
    top = MARGIN
    for height in heights:
        ys.append(top + height / 2)
        top += height + GAP_Y
    left = min((xs[name] - widths[name] / 2 for name in xs), default=0.0) - MARGIN
    made = Layout(height=top - GAP_Y + MARGIN)
    for name, (width, height) in sizes.items():
        made.places[name] = Place(xs[name] - left, ys[layer[name]], width, height)
    for pair, bends in chains.items():
        made.routes[pair] = [(xs[bend] - left, ys[layer[bend]]) for bend in bends]
    made.width = max((xs[name] + widths[name] / 2 for name in xs), default=0.0) - left + MARGIN
    return made


def _layers(sizes: Mapping[str, object], edges: Sequence[tuple[str, str]], floors: Mapping[str, int]) -> dict[str, int]:
    """The longest path to each box; groups one below the other, without empty layers."""
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
    layer: dict[str, int] = {}
    for floor in sorted({floors.get(name, 0) for name in sizes}):
        base = max(layer.values(), default=-1) + 1
        group = [name for name in sizes if floors.get(name, 0) == floor]
        waiting = list(group)
        while waiting:
            ready = [name for name in waiting if all(one in layer or one not in group for one in before[name])]
            for name in ready or waiting[:1]:
                of_group = [layer[one] for one in before[name] if one in group and one in layer]
                layer[name] = max([base - 1, *of_group]) + 1
                waiting.remove(name)
    return layer


def _with_bends(
    layer: dict[str, int], edges: Sequence[tuple[str, str]], widths: dict[str, float]
) -> tuple[list[tuple[str, str]], dict[tuple[str, str], list[str]]]:
    """Edges between neighbouring layers only; adds a place for each layer that a long edge passes."""
    links: list[tuple[str, str]] = []
    chains: dict[tuple[str, str], list[str]] = {}
    for source, target in dict.fromkeys(edges):
        bends: list[str] = []
        for between in range(layer[source] + 1, layer[target]):
            bend = f"\0{source}\0{target}\0{between}"
            layer[bend], widths[bend] = between, _THIN
            bends.append(bend)
        chain = [source, *bends, target]
        links += zip(chain, chain[1:], strict=False)
        chains[source, target] = bends
    return links, chains


def _ordered(layer: Mapping[str, int], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name, number in layer.items():
        rows[number].append(name)
    down, up = _neighbours(links)
    best, fewest = [list(row) for row in rows], _crossings(rows, down)
    for sweep in range(_SWEEPS):
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        toward = up if sweep % 2 == 0 else down
        for number in order:
            place = {name: i for row in rows for i, name in enumerate(row)}
            rows[number].sort(key=lambda name: (_mean([place[one] for one in toward[name]], place[name]), place[name]))
        crossings = _crossings(rows, down)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _neighbours(links: Sequence[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    down: dict[str, list[str]] = defaultdict(list)
    up: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        down[source].append(target)
        up[target].append(source)
    return down, up


def _mean(values: Sequence[float], other: float) -> float:
    return sum(values) / len(values) if values else other


def _crossings(rows: Sequence[Sequence[str]], down: Mapping[str, Sequence[str]]) -> int:
    found = 0
    for row, below in zip(rows, rows[1:], strict=False):
        place = {name: i for i, name in enumerate(below)}
        ends = [sorted(place[one] for one in down.get(name, ()) if one in place) for name in row]
        flat = [end for group in ends for end in group]
        found += sum(flat[i] > flat[j] for i in range(len(flat)) for j in range(i + 1, len(flat)))
    return found


def _across(
    rows: Sequence[Sequence[str]], links: Sequence[tuple[str, str]], widths: Mapping[str, float]
) -> dict[str, float]:
    """The middle of each box from left to right: near the mean of its neighbours, in the row's order, none over another."""
    down, up = _neighbours(links)
    xs: dict[str, float] = {}
    for row in rows:
        left = -sum(widths[name] + GAP_X for name in row) / 2
        for name in row:
            xs[name] = left + widths[name] / 2
            left += widths[name] + GAP_X
    for sweep in range(_SWEEPS):
        toward = up if sweep % 2 == 0 else down
        for row in rows if sweep % 2 == 0 else list(reversed(rows)):
            wanted = {name: _mean([xs[one] for one in toward[name]], xs[name]) for name in row}
            _spread(row, wanted, widths, xs)
    return xs


def _spread(row: Sequence[str], wanted: Mapping[str, float], widths: Mapping[str, float], xs: dict[str, float]) -> None:
    """Put a row's boxes as near to what is wanted as their order and widths allow: blocks that touch move as one."""
    blocks: list[tuple[list[str], float, float]] = []  # names, left edge, width with the gap after it
    for name in row:
        width = widths[name] + GAP_X
        names, left, wide = [name], wanted[name] - widths[name] / 2, width
        while blocks and blocks[-1][1] + blocks[-1][2] > left:
            before, before_left, before_wide = blocks.pop()
            share = len(before) / (len(before) + len(names))
            left = before_left * share + (left - before_wide) * (1 - share)
            names, wide = before + names, before_wide + wide
        blocks.append((names, left, wide))
    for names, start, _ in blocks:
        left = start
        for name in names:
            xs[name] = left + widths[name] / 2
            left += widths[name] + GAP_X
