"""Reports of a gate: JSON, JUnit, SARIF, Markdown, a page, annotations of a pipeline."""

from ferrata.gates.reports.base import Place
from ferrata.gates.reports.formats import FORMATS, render, write_report
from ferrata.gates.reports.github import tell_github

__all__ = ["FORMATS", "Place", "render", "tell_github", "write_report"]
