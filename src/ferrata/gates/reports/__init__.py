"""Reports of a gate: JSON, JUnit, SARIF, Markdown, a page, annotations of a pipeline."""

from ferrata.gates.reports.base import Place, place_of
from ferrata.gates.reports.formats import FORMATS, check_ending, render, write_report
from ferrata.gates.reports.github import tell_github

__all__ = ["FORMATS", "Place", "check_ending", "place_of", "render", "tell_github", "write_report"]
