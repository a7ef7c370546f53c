"""Self-contained HTML pages: no script, and nothing that a browser would fetch.

Every text that a template writes is escaped and, unless a filter made it lines, made visible on one line. Knows no report.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup, escape

from ferrata.markup import texts

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page_environment"]

_MOST_CHARACTERS, _MOST_BLOCK = 400, 4000


def page_environment(folder: Path) -> Environment:
    """Templates of a folder, with `page.html.jinja` (head, links) and `page.css` of this room beside them.

    Filters: `brief` (400 characters, both ends), `block` (lines kept, 4,000 characters), `counted`, `safe_url`, `when`.
    """
    from jinja2 import (  # here, so that other formats need not wait for it
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    made = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = cast("dict[str, Any]", made.filters)
    filters |= {
        "block": _block,
        "brief": partial(texts.shortened, most=_MOST_CHARACTERS),
        "counted": texts.counted,
        "safe_url": texts.safe_url,
        "when": texts.when,
    }
    return made


def _block(text: str) -> Markup:
    cut = f"{text[:_MOST_BLOCK]} … ({len(text):,} characters)" if len(text) > _MOST_BLOCK else text
    return escape(texts.visible(cut))


def _finalize(value: object) -> object:
    """Every text that the templates write passes here before it is escaped; markup that they made stays."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    before, after = value[:1] == " ", value[-1:] == " "
    return f"{' ' * before}{texts.one_line(value)}{' ' * after}"
