"""Which report formats Ferrata itself has. A format more is a file beside this one and a line here, or a plugin's hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.maturity.reports.badge import write_badge
from ferrata.maturity.reports.document import write_json
from ferrata.maturity.reports.html import write_html
from ferrata.maturity.reports.markdown import write_markdown
from ferrata.maturity.reports.sarif import write_sarif
from ferrata.maturity.reports.terminal import write_text

if TYPE_CHECKING:
    from ferrata.maturity.reports.base import ReportWriter

__all__ = ["formats"]


def formats() -> dict[str, ReportWriter]:
    """Report writers by the name that `ferrata assess --format` takes."""
    return {
        "html": write_html,
        "json": write_json,
        "md": write_markdown,
        "sarif": write_sarif,
        "svg": write_badge,
        "text": write_text,
    }
