"""A small SVG badge with the level, for a README.

Knows nothing but the level and the score. The widths of letters are estimated, and the text is fitted to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from ferrata.markup import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment

__all__ = ["write_badge"]

_LABEL = "GenAIOps maturity"
# White text on each of these has a contrast of at least 4.5 to 1 (WCAG AA).
_COLOURS = {None: "#5b6470", 1: "#96511c", 2: "#6f6416", 3: "#1f5f8b", 4: "#1b6e4f"}
_PADDING = 7
_NARROW, _WIDE = set("fijlrtI.,:;'|!()/ "), set("mwMWOQGDN@%")
# No ids, so that several badges can stand in one page.
_SHAPE = Markup("""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" viewBox="0 0 {width} 20" role="img" aria-label="{label}: {value}">
  <title>{label}: {value}</title>
  <path fill="#3b4148" d="M3 0H{left}V20H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0Z"/>
  <path fill="{colour}" d="M{left} 0H{right}A3 3 0 0 1 {width} 3V17A3 3 0 0 1 {right} 20H{left}Z"/>
  <g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
    <text x="{padding}" y="14" textLength="{label_width}" lengthAdjust="spacingAndGlyphs">{label}</text>
    <text x="{value_at}" y="14" textLength="{value_width}" lengthAdjust="spacingAndGlyphs">{value}</text>
  </g>
</svg>
""")


def write_badge(assessment: Assessment, _model: MaturityModel, _history: Sequence[HistoryPoint]) -> str:
    """`GenAIOps maturity | 2 defined (12/28)`, or `no LLM use found`."""
    value = "no LLM use found"
    if assessment.level is not None:
        name = one_line(assessment.level_name)
        value = f"{assessment.level} {name} ({assessment.score}/{assessment.highest_score})"
    label_width, value_width = _width(_LABEL), _width(value)
    left = label_width + 2 * _PADDING
    width = left + value_width + 2 * _PADDING
    return _SHAPE.format(
        width=width,
        left=left,
        right=width - 3,
        padding=_PADDING,
        label=_LABEL,
        label_width=label_width,
        value=value,
        value_width=value_width,
        value_at=left + _PADDING,
        colour=_COLOURS[assessment.level],
    )


def _width(text: str) -> int:
    """About how wide Verdana at 11 pixels is, in pixels."""
    return round(sum(4.2 if c in _NARROW else 9.2 if c in _WIDE else 6.9 for c in text))
