"""Which formats a gate's result has, and how one is chosen by a file's ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import UsageError
from ferrata.gates.reports.base import Place
from ferrata.gates.reports.document import write_json
from ferrata.gates.reports.html import write_html
from ferrata.gates.reports.junit import write_junit
from ferrata.gates.reports.markdown import write_markdown
from ferrata.gates.reports.sarif import write_sarif

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ferrata.gates.reports.base import ReportWriter
    from ferrata.gates.types import GateResult

__all__ = ["FORMATS", "check_ending", "render", "write_report"]

FORMATS: Mapping[str, ReportWriter] = {
    "html": write_html,
    "json": write_json,
    "junit": write_junit,
    "md": write_markdown,
    "sarif": write_sarif,
}
"""Writers by the name of their format."""

_ALSO = {"htm": "html", "markdown": "md", "xml": "junit"}


def render(result: GateResult, form: str, *, place: Place | None = None) -> str:
    """The result in a format of `FORMATS`, or by a file's ending, as `xml`.

    Args:
        result: the gate's.
        form: the format's name.
        place: where the gate is declared; `ferrata.yaml`, lines unknown, where it is not given.

    Raises:
        UsageError: there is no such format.
    """
    name = _ALSO.get(form, form)
    if name not in FORMATS:
        raise UsageError(f"no report format {form!r}", hint=f"choose one of {', '.join(sorted({*FORMATS, 'xml'}))}")
    return FORMATS[name](result, place or Place())


def write_report(result: GateResult, path: Path, *, place: Place | None = None) -> None:
    """Write the result to a file; its ending (.html, .json, .md, .sarif, .xml) names the format. Its folder is made.

    Raises:
        UsageError: no format has this ending, or the file cannot be written.
    """
    ending = check_ending(path)
    text = render(result, ending, place=place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise UsageError(
            f"cannot write {str(path)!r}: {error.strerror}", hint="name a file that can be written"
        ) from None


def check_ending(path: Path) -> str:
    """The format that a file's ending names.

    Raises:
        UsageError: none has this ending.
    """
    ending = path.suffix.removeprefix(".").lower()
    if _ALSO.get(ending, ending) not in FORMATS or ending == "junit":
        raise UsageError(
            f"no ending names the format of {str(path)!r}", hint="end it in .html, .json, .md, .sarif or .xml"
        )
    return ending
