"""Markup: strangers' text made harmless in Markdown, HTML and SARIF, and what pages and logs of all reports share."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.markup.figures import figures, percent
    from ferrata.markup.html import page_environment
    from ferrata.markup.markdown import code, escaped
    from ferrata.markup.sarif import (
        sarif_fingerprints,
        sarif_location,
        sarif_of,
        sarif_roots,
        sarif_rule,
        sarif_text,
    )
    from ferrata.markup.texts import counted, one_line, safe_url, shortened, visible, when
else:
    __getattr__ = door(
        __name__,
        figures=["figures", "percent"],
        html=["page_environment"],
        markdown=["code", "escaped"],
        sarif=["sarif_fingerprints", "sarif_location", "sarif_of", "sarif_roots", "sarif_rule", "sarif_text"],
        texts=["counted", "one_line", "safe_url", "shortened", "visible", "when"],
    )

__all__ = [
    "code",
    "counted",
    "escaped",
    "figures",
    "one_line",
    "page_environment",
    "percent",
    "safe_url",
    "sarif_fingerprints",
    "sarif_location",
    "sarif_of",
    "sarif_roots",
    "sarif_rule",
    "sarif_text",
    "shortened",
    "visible",
    "when",
]
