"""Reports: an assessment as a page, Markdown, JSON, SARIF, a badge or text."""

from ferrata.maturity.reports.base import HistoryPoint, ReportWriter
from ferrata.maturity.reports.formats import formats
from ferrata.maturity.reports.terminal import print_assessment

__all__ = ["HistoryPoint", "ReportWriter", "formats", "print_assessment"]
