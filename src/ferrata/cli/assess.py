"""`ferrata assess`: scan, weigh, print, keep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import open_console, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.app import App
    from ferrata.maturity import Assessment, MaturityModel

__all__ = ["assess"]

_ALSO = {"htm": "html", "markdown": "md", "txt": "text"}


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--json", "as_json", is_flag=True, help="Print the whole assessment as JSON; short for --format json.")
@click.option("--format", "form", help="text, html, md, json, sarif, svg, or a plugin's format.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file; its ending names the format, unless --format does.",
)
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

    Exit status: 0 done, 1 below what --fail-under or --fail-on-drop asks, 2 a mistake in the request or in a file, 3 made
    but not kept, because the database cannot be used.
    """
    from ferrata.listing import Listing

    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} are two formats", hint="give one of them")
    if baseline is not None and not fail_on_drop:
        raise UsageError("--baseline is of use with --fail-on-drop only", hint="add --fail-on-drop")
    listing = context.with_resource(Listing(path))
    from ferrata.app import open_app  # git lists the files meanwhile

    with open_app(path) as app:
        name = _format(app, "json" if as_json else form, output)
        kept = app.settings.store_url is not None or app.has_store
        before = _before(app, baseline) if fail_on_drop else None
        assessment = app.maturity.assess(model=model, answers=answers, save=not no_save, listing=listing)
        problems = list(_below(assessment, fail_under, before))
        try:
            if name is None:
                # With --no-save nothing is written.
                report = None if no_save else app.write_report(assessment, model)
                _show(assessment, app.maturity.model(model), verbose=verbose, report=report)
            else:
                _write(
                    app.maturity.report_formats()[name](
                        assessment, app.maturity.model(model), app.maturity.trend(assessment)
                    ),
                    output,
                )
        except BrokenPipeError:
            if not problems:
                raise
        for line in _remarks(app, assessment, gated=fail_under is not None, dropping=fail_on_drop, before=before):
            click.echo(f"ferrata: {printable(line)}", err=True)
        for problem in problems:
            click.echo(f"ferrata: {problem}", err=True)
        lost = app.maturity.store_problem is not None and kept and not no_save
        context.exit(1 if problems else 3 if lost else 0)


def _format(app: App, form: str | None, output: Path | None) -> str | None:
    """The report's format, checked before the work is done; None for the summary on the terminal."""
    if form is None and output is None:
        return None
    asked = form if form is not None else output.suffix.removeprefix(".").lower() if output is not None else ""
    name = _ALSO.get(asked, asked)
    writers = app.maturity.report_formats()
    if name not in writers:
        what = f"no report format {asked!r}" if asked else f"no ending names the format of {str(output)!r}"
        raise UsageError(
            what, hint=f"choose one of {', '.join(sorted(writers))}, with --format or as the file's ending"
        )
    return name


def _before(app: App, baseline: Path | None) -> Assessment | None:
    from ferrata.maturity import read_assessment

    if baseline is not None:
        return read_assessment(baseline)
    rows = app.maturity.history(limit=1)
    return app.maturity.assessment(rows[0].id) if rows else None


def _below(assessment: Assessment, fail_under: int | None, before: Assessment | None) -> Iterator[str]:
    if assessment.level is None:
        return
    if fail_under is not None and assessment.level < fail_under:
        yield f"level {assessment.level} is below {fail_under}"
    if before is not None and ((before.level or 0) > assessment.level or before.score > assessment.score):
        yield (
            f"dropped from level {before.level}, score {before.score}, to level {assessment.level}, "
            f"score {assessment.score}"
        )


def _remarks(
    app: App, assessment: Assessment, *, gated: bool, dropping: bool, before: Assessment | None
) -> Iterator[str]:
    """What is to be known beside the report: what could not be measured, compared or kept."""
    if assessment.level is None and (gated or dropping):
        yield "no LLM use found, so there is nothing to measure and no gate to fail"
    elif dropping and before is None:
        yield "no earlier assessment to compare with"
    elif before is not None and before.model.digest != assessment.model.digest:
        yield "the earlier assessment was made by another maturity model, so a drop may come from that"
    if app.maturity.store_problem is not None:
        hint = f"; {app.maturity.store_problem.hint}" if app.maturity.store_problem.hint else ""
        yield f"no history and no ledger: {app.maturity.store_problem}{hint}"


def _show(assessment: Assessment, model: MaturityModel, *, verbose: bool, report: str | None) -> None:
    from ferrata.maturity import print_assessment

    print_assessment(open_console(), assessment, model, verbose=verbose, report=report)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"cannot write {str(output)!r}: {error.strerror}") from None
    click.echo(f"written: {printable(str(output))}", err=True)
