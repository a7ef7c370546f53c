"""A flow as an SVG image: no script, no font and no picture from elsewhere; every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from ferrata.flows.drawing.layout import MARGIN, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.flows.drawing.layout import Layout, Place
    from ferrata.flows.drawing.picture import Box, Picture

__all__ = ["as_svg"]

# Kind -> fill, stroke.
_COLOURS = {
    "input": ("#eef2f7", "#64748b"),
    "output": ("#e7f5ec", "#2f855a"),
    "python": ("#ffffff", "#334155"),
    "prompt": ("#f6f0fd", "#7c4dbd"),
    "llm": ("#fdf1e3", "#b7621b"),
    "package": ("#e8f3fb", "#2b6ca3"),
    "flow": ("#ffffff", "#334155"),
    "other": ("#f5f5f5", "#737373"),
}
_NAMES = {"package": "package tool", "flow": "code"}
_LINE, _PAD, _NARROWEST, _HEAD = 17.0, 14.0, 92.0, 64.0
_LONGEST = 44
_FONT = "font-family=\"system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif\""


def as_svg(picture: Picture) -> str:
    """The picture as a document of SVG 1.1."""
    sizes = {box.id: _size_of(box) for box in picture.boxes}
    edges = [(edge.source, edge.target) for edge in picture.edges]
    floors = {
        box.id: 1 if box.kind == "output" else 2 for box in picture.boxes if box.kind == "output" or box.aggregation
    }
    layout = lay_out(sizes, edges, floors=floors)
    head = _head(picture, layout)
    body = [_group(picture, layout), *_edges(picture, layout)]
    body += [_box(box, layout.places[box.id]) for box in picture.boxes]
    width, height = max(layout.width, _legend_width(picture)), layout.height + _HEAD
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{_text(picture.title)}" {_FONT} font-size="13">\n'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 1L9 5L0 9z" fill="#64748b"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{head}\n'
        f'<g transform="translate({(width - layout.width) / 2:.1f} {_HEAD:.0f})">\n'
        + "\n".join(part for part in body if part)
        + "\n</g>\n</svg>\n"
    )


def _text(text: str) -> str:
    """Escaped, and without the characters that XML forbids."""
    return escape(
        "".join(c if c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff" else " " for c in text)
    )


def _wide(text: str, size: float = 13.0) -> float:
    """About how wide a text is; narrow and wide letters taken together, wide ones of East Asia twice."""
    units = sum(1.0 if east_asian_width(c) in "WF" else 0.62 if c.isupper() or c in "mw@%" else 0.54 for c in text)
    return units * size


def _lines(box: Box) -> list[str]:
    """The title, and what else there is to say."""
    lines = [box.title, *(line for line in (box.about, box.more) if line)]
    return [line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…" for line in lines]


def _size_of(box: Box) -> tuple[float, float]:
    title, *rest = _lines(box)
    width = max([_wide(title, 14.0), *(_wide(line, 11.5) for line in rest)])
    padding = _PAD if box.kind not in ("input", "output") else 1.5 * _PAD  # their ends are round
    return max(_NARROWEST, width + 2 * padding), _LINE * (1 + len(rest)) + 16


def _box(box: Box, place: Place) -> str:
    fill, stroke = _COLOURS[box.kind]
    x, y = place.x - place.width / 2, place.y - place.height / 2
    round_ = place.height / 2 if box.kind in ("input", "output") else 6
    title, *rest = _lines(box)
    first = place.y - (len(rest) * _LINE) / 2 + 5
    dash = ' stroke-dasharray="5 3"' if box.condition else ""
    full = "\n".join(part for part in (box.title, box.about, box.more, box.condition) if part)
    texts = [
        f'<text x="{place.x:.1f}" y="{first:.1f}" text-anchor="middle" font-weight="600" font-size="14">{_text(title)}</text>'
    ]
    texts += [
        f'<text x="{place.x:.1f}" y="{first + _LINE * (i + 1):.1f}" text-anchor="middle" font-size="11.5" '
        f'fill="#475569">{_text(line)}</text>'
        for i, line in enumerate(rest)
    ]
    return (
        f'<g fill="#1e293b"><title>{_text(full)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="{round_:.1f}" fill="{fill}" stroke="{stroke}" stroke-width="1.3"{dash}/>'
        f"{''.join(texts)}</g>"
    )


def _edges(picture: Picture, layout: Layout) -> list[str]:
    labelled = {(edge.source, edge.target): edge.label for edge in picture.edges if edge.label}
    plain = {(edge.source, edge.target) for edge in picture.edges if not edge.label}
    lines: list[str] = []
    labels: list[str] = []
    for pair in layout.routes:
        source, target = layout.places[pair[0]], layout.places[pair[1]]
        points = [
            (source.x, source.y + source.height / 2),
            *layout.routes[pair],
            (target.x, target.y - target.height / 2),
        ]
        dash = "" if pair in plain else ' stroke-dasharray="5 4"'
        lines.append(
            f'<path d="{_curve(points)}" fill="none" stroke="#94a3b8" stroke-width="1.3"{dash} marker-end="url(#tip)"/>'
        )
        if pair in labelled:
            labels.append(_label(labelled[pair], points))
    return lines + labels


def _curve(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        parts.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(parts)


def _label(label: str, points: Sequence[tuple[float, float]]) -> str:
    x, y = points[-1][0], points[-1][1] - 17
    width = _wide(label, 11.5) + 10
    return (
        f'<g><rect x="{x - width / 2:.1f}" y="{y - 10:.1f}" width="{width:.1f}" height="16" rx="8" fill="#fff7d6" '
        f'stroke="#c9a227" stroke-width="0.8"/><text x="{x:.1f}" y="{y + 2:.1f}" text-anchor="middle" font-size="11.5" '
        f'fill="#5f4b0b">{_text(label)}</text></g>'
    )


def _group(picture: Picture, layout: Layout) -> str:
    """The frame around what runs once."""
    places = [layout.places[box.id] for box in picture.boxes if box.aggregation]
    if not places:
        return ""
    left = min(place.x - place.width / 2 for place in places) - 14
    right = max(place.x + place.width / 2 for place in places) + 14
    right = max(right, left + _wide("once, over all lines", 11.5) + 16)
    top = min(place.y - place.height / 2 for place in places) - 12
    bottom = max(place.y + place.height / 2 for place in places) + MARGIN
    return (
        f'<g><rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top - 2:.1f}" rx="8" '
        f'fill="#f8fafc" stroke="#94a3b8" stroke-dasharray="2 3"/><text x="{left + 8:.1f}" y="{bottom - 9:.1f}" '
        'font-size="11.5" fill="#475569">once, over all lines</text></g>'
    )


def _legend(picture: Picture) -> list[tuple[str, str]]:
    kinds = dict.fromkeys(box.kind for box in picture.boxes)
    return [(kind, _NAMES.get(kind, kind)) for kind in kinds]


def _legend_width(picture: Picture) -> float:
    names = sum(_wide(name, 11.5) + 32 for _, name in _legend(picture))
    return max(names, _wide(picture.title, 16.0)) + 2 * MARGIN


def _head(picture: Picture, layout: Layout) -> str:
    parts = [
        f'<text x="{MARGIN:.0f}" y="28" font-size="16" font-weight="600" fill="#0f172a">{_text(picture.title)}</text>'
    ]
    x = MARGIN
    for kind, name in _legend(picture):
        fill, stroke = _COLOURS[kind]
        parts.append(
            f'<rect x="{x:.1f}" y="41" width="12" height="12" rx="3" fill="{fill}" stroke="{stroke}"/>'
            f'<text x="{x + 17:.1f}" y="51" font-size="11.5" fill="#475569">{name}</text>'
        )
        x += _wide(name, 11.5) + 32
    return "\n".join(parts)
