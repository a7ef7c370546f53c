"""`ferrata assess`: scan, weigh, print, keep."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.app import App
    from ferrata.maturity import Assessment

__all__ = ["assess"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--json", "as_json", is_flag=True, help="Print the whole assessment as JSON; short for --format json.")
@click.option("--format", "form", help="text, html, md, json, sarif, svg, or a plugin's format.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option(
    "--answers", type=click.Path(path_type=Path), help="A file of answers, as `ferrata answer --export` writes it."
)
@click.option("--model", type=click.Path(path_type=Path), help="Your own maturity model (YAML).")
@click.option("--fail-under", type=click.IntRange(1, 4), metavar="LEVEL", help="Exit with 1 below this level.")
@click.option(
    "--fail-on-drop",
    is_flag=True,
    help="Exit with 1 if level or score fell since the last assessment (or the baseline).",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="An earlier assessment as JSON, to compare with instead of the last one.",
)
@click.option("--no-save", is_flag=True, help="Write nothing: no history, no ledger record, no cache.")
@click.option("--verbose", "-v", is_flag=True, help="Print every practice and all its evidence.")
@click.pass_context
def assess(
    context: click.Context,
    *,
    path: Path,
    as_json: bool,
    form: str | None,
    output: Path | None,
    answers: Path | None,
    model: Path | None,
    fail_under: int | None,
    fail_on_drop: bool,
    baseline: Path | None,
    no_save: bool,
    verbose: bool,
) -> None:
    """Measure the repository at PATH (this folder by default).

    Nothing of the repository is run and nothing leaves the machine. Local state is kept in PATH/.ferrata.

    Exit status: 0 done, 1 below what --fail-under or --fail-on-drop asks, 2 a mistake in the request or in a file.
    """
    from ferrata.app import open_app

    app = open_app(path)
    before = _before(app, baseline) if fail_on_drop else None
    assessment = app.assess(model=model, answers=answers, save=not no_save)
    _print(app, assessment, form="json" if as_json else form, output=output, verbose=verbose)
    problems = list(_below(assessment, fail_under, before))
    for problem in problems:
        click.echo(f"ferrata: {problem}", err=True)
    context.exit(1 if problems else 0)


def _before(app: App, baseline: Path | None) -> Assessment | None:
    from ferrata.maturity import read_assessment

    if baseline is not None:
        return read_assessment(baseline)
    rows = app.maturity.assessments(limit=1)
    return app.maturity.assessment(rows[0].id) if rows else None


def _below(assessment: Assessment, fail_under: int | None, before: Assessment | None) -> list[str]:
    problems: list[str] = []
    if assessment.level is None:
        return problems
    if fail_under is not None and assessment.level < fail_under:
        problems.append(f"level {assessment.level} is below {fail_under}")
    if before is not None and ((before.level or 0) > assessment.level or before.score > assessment.score):
        problems.append(
            f"dropped from level {before.level}, score {before.score}, to level {assessment.level}, score {assessment.score}"
        )
    return problems


def _show(app: App, assessment: Assessment, *, verbose: bool) -> None:
    from rich.console import Console

    from ferrata.maturity import print_assessment

    print_assessment(Console(), assessment, app.model(), verbose=verbose, report=app.write_report(assessment))


def _print(app: App, assessment: Assessment, *, form: str | None, output: Path | None, verbose: bool) -> None:
    if output is None and form is None:
        _show(app, assessment, verbose=verbose)
        return
    writers = app.report_formats()
    name = form or (output.suffix.lstrip(".").lower() if output else "text")
    name = {"htm": "html", "markdown": "md", "txt": "text"}.get(name, name)
    if name not in writers:
        raise UsageError(f"no report format {name!r}", hint=f"choose one of {', '.join(sorted(writers))}")
    text = writers[name](assessment, app.model(), app.trend(assessment))
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"cannot write {str(output)!r}: {error.strerror}") from None
    click.echo(f"written: {output}", err=True)
