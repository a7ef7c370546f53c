"""The assessment on a terminal, short by default; as plain lines where the output goes elsewhere.

The plain text has no colours, no boxes and no wrapping: one fact a line, so that grep, diff and editors can use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from rich.table import Table
from rich.text import Text

from ferrata.markup import counted, one_line, safe_url, shortened
from ferrata.maturity.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment, FindingResult, RoadmapStep

__all__ = ["plain_text", "print_assessment", "write_text"]

_AGAINST, _CONTRADICTIONS, _STEPS = 5, 3, 3
_MOST = 300
_LEVEL_STYLES = {None: "bold", 1: "bold red", 2: "bold yellow", 3: "bold cyan", 4: "bold green"}


def write_text(assessment: Assessment, model: MaturityModel, _history: Sequence[HistoryPoint]) -> str:
    """The whole plain text."""
    return plain_text(assessment, model, verbose=True)


def print_assessment(
    console: Console, assessment: Assessment, model: MaturityModel, *, verbose: bool = False, report: str | None = None
) -> None:
    """Print the verdict, the dimensions, what speaks against, contradictions and the next steps.

    Args:
        console: where to; plain text where it is no terminal.
        assessment: what to print.
        model: the model that measured it.
        verbose: everything that is left out otherwise: all findings against, all steps, practices, skipped files, notes.
        report: where the full report was written, to be named in the last line.
    """
    if not console.is_terminal:
        console.out(plain_text(assessment, model, verbose=verbose, report=report), end="", highlight=False)
        return
    _print_verdict(console, assessment, model)
    if assessment.llm_use:
        console.print()
        console.print(_dimensions(assessment))
        _print_against(console, assessment, verbose=verbose)
        _print_contradictions(console, assessment, verbose=verbose)
        _print_steps(console, assessment, verbose=verbose)
    if verbose:
        _print_rest(console, assessment)
    if report:
        console.print()
        console.print(Text.assemble(("Report: ", "bold"), one_line(report)), soft_wrap=True)


def plain_text(
    assessment: Assessment, model: MaturityModel, *, verbose: bool = False, report: str | None = None
) -> str:
    """The same as text: no escape codes, and lines as long as they need to be."""
    lines = [f"{one_line(assessment.project)}: {words.verdict(assessment)}"]
    if assessment.llm_use:
        lines.append(words.claim(assessment, model))
        lines += ["", *_plain_dimensions(assessment)]
        lines += [*_part("Evidence against", list(_plain_against(assessment)), most=None if verbose else _AGAINST)]
        lines += [
            *_part("Contradictions", list(_plain_contradictions(assessment)), most=None if verbose else _CONTRADICTIONS)
        ]
        lines += [*_part("Next steps", list(_plain_steps(assessment)), most=None if verbose else _STEPS)]
    else:
        lines += _no_llm_use(assessment)
    if verbose:
        practices = [f"{p.id}: level {p.level}: {p.status}: {one_line(p.statement)}" for p in assessment.practices]
        lines += [*_part("Practices", practices if assessment.llm_use else [])]
        lines += [*_part("Not read", [f"{one_line(s.file)}: {one_line(s.reason)}" for s in assessment.scan.skipped])]
        lines += [*_part("Notes", [one_line(note) for note in assessment.notes])]
    if report:
        lines += ["", f"Report: {one_line(report)}"]
    return "\n".join(lines) + "\n"


def _part(title: str, lines: Sequence[str], *, most: int | None = None) -> Iterable[str]:
    if not lines:
        return
    yield ""
    yield f"{title} ({len(lines)})"
    yield from lines[:most]
    if most is not None and len(lines) > most:
        yield f"and {len(lines) - most} more"


def _plain_dimensions(assessment: Assessment) -> Iterable[str]:
    rows = [("dimension", "points", "claimed", "to next point")]
    rows += [
        (
            one_line(d.title),
            f"{d.points}/4",
            f"{d.claimed_points}/4" if assessment.answered else "-",
            _way(d.points, d.progress),
        )
        for d in assessment.dimensions
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _way(points: int, progress: float) -> str:
    return "top" if points == 4 else f"{progress:.0%}"


def _plain_against(assessment: Assessment) -> Iterable[str]:
    for finding in words.findings_against(assessment):
        yield f"{words.place(finding)}: against {finding.practice}: {one_line(finding.message)}"


def _plain_contradictions(assessment: Assessment) -> Iterable[str]:
    for contradiction in assessment.contradictions:
        yield f"{contradiction.practice}: {one_line(contradiction.message)}"


def _plain_steps(assessment: Assessment) -> Iterable[str]:
    for step in assessment.roadmap:
        gain = f", gains {step.gains}" if step.gains else ""
        missing = "; ".join(one_line(m) for m in step.missing[:2])
        command = f"; run: {step.command}" if step.command else ""
        yield f"{step.order}. {step.practice} ({words.days(step.effort)}{gain}): {step.statement} {missing}{command}".rstrip()


def _no_llm_use(assessment: Assessment) -> Iterable[str]:
    yield f"{counted(assessment.scan.read, 'file')} of {assessment.scan.files:,} read. What would count:"
    yield from (f"- {line}" for line in words.WHAT_COUNTS)


def _print_verdict(console: Console, assessment: Assessment, model: MaturityModel) -> None:
    project = Text(one_line(assessment.project), style="bold")
    console.print(Text.assemble(project, "  ", (words.verdict(assessment), _LEVEL_STYLES[assessment.level])))
    if assessment.llm_use:
        console.print(Text(words.claim(assessment, model), style="dim"))
    else:
        console.print(Text("\n".join(_no_llm_use(assessment))))


def _dimensions(assessment: Assessment) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title_justify="left")
    table.add_column("Dimension")
    table.add_column("Points", no_wrap=True)
    table.add_column("Claimed", no_wrap=True)
    table.add_column("To next", justify="right", no_wrap=True)
    for d in assessment.dimensions:
        claimed = Text(f"{d.claimed_points}", style="yellow" if d.claimed_points > d.points else "dim")
        table.add_row(
            Text(one_line(d.title)),
            Text.assemble((words.bar(d.points), "cyan"), f" {d.points}"),
            claimed if assessment.answered else Text("-", style="dim"),
            Text(_way(d.points, d.progress), style="dim"),
        )
    return table


def _heading(console: Console, title: str, shown: int, whole: int) -> None:
    more = f" ({shown} of {whole})" if shown < whole else f" ({whole})"
    console.print()
    console.print(Text.assemble((title, "bold"), (more, "dim")))


def _print_against(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    found = words.findings_against(assessment)
    shown = found if verbose else found[:_AGAINST]
    if not found:
        return
    _heading(console, "Evidence against", len(shown), len(found))
    for finding in shown:
        console.print(_item(Text("✕", style="red"), _finding_line(finding)))


def _finding_line(finding: FindingResult) -> Text:
    url = safe_url(finding.url) if finding.url else None
    where = shortened(words.place(finding), 100)
    message = shortened(finding.message, _MOST)
    return Text.assemble((where, Style(color="cyan", link=url)), " ", message, (f"  {finding.practice}", "dim"))


def _print_contradictions(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    found = assessment.contradictions
    shown = found if verbose else found[:_CONTRADICTIONS]
    if not found:
        return
    _heading(console, "Contradictions", len(shown), len(found))
    for contradiction in shown:
        message = shortened(contradiction.message, _MOST)
        console.print(_item(Text("!", style="yellow"), Text.assemble((contradiction.practice, "cyan"), f" {message}")))


def _print_steps(console: Console, assessment: Assessment, *, verbose: bool) -> None:
    steps = assessment.roadmap
    shown = steps if verbose else steps[:_STEPS]
    if not steps:
        return
    _heading(console, "Next steps", len(shown), len(steps))
    for step in shown:
        console.print(_item(Text(f"{step.order}.", style="bold"), _step_line(step)))


def _step_line(step: RoadmapStep) -> Text:
    gain = f", gains {step.gains.replace(':', ' point ')}" if step.gains else ""
    line = Text.assemble(
        one_line(step.statement),
        (f"  {step.practice}, {words.days(step.effort)}{gain}", "dim"),
    )
    for missing in step.missing[:2]:
        line.append(f"\n{shortened(missing, _MOST)}")
    if step.command:
        line.append(f"\n{one_line(step.command)}", style="cyan")
    return line


def _print_rest(console: Console, assessment: Assessment) -> None:
    styles = {"met": "cyan", "partly": "blue", "against": "red", "open": "dim"}
    if assessment.llm_use:
        _heading(console, "Practices", len(assessment.practices), len(assessment.practices))
        for p in assessment.practices:
            line = Text.assemble(one_line(p.statement), (f"  {p.id}, level {p.level}", "dim"))
            console.print(_item(Text(words.STATUS_SIGNS[p.status], style=styles[p.status]), line))
    for title, lines in (
        ("Not read", [f"{one_line(s.file)}: {one_line(s.reason)}" for s in assessment.scan.skipped]),
        ("Notes", [one_line(note) for note in assessment.notes]),
    ):
        if lines:
            _heading(console, title, len(lines), len(lines))
            for line in lines:
                console.print(_item(Text(""), Text(line)))


def _item(sign: Text, line: Text) -> Table:
    """A sign and a text beside it; what wraps stays beside it too."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=4, justify="right", no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_row(sign, line)
    return table
