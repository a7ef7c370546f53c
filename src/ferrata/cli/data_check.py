"""`ferrata data check`. Knows no check; `datasets` does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ferrata.cli.data_open import json_option, open_data, project_option
from ferrata.cli.words import counted, printable

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.datasets import CheckedDataset, Finding

__all__ = ["check"]


@click.command()
@project_option
@click.argument("name", metavar="DATA")
@click.option("--against", metavar="DATA", help="Other data that may not ask the same, as that of a tuned model.")
@click.option(
    "--similarity",
    type=float,
    default=0.8,
    show_default=True,
    help="From which likeness of words on, 0.5 to 1, two questions are nearly the same.",
)
@click.option(
    "--fail-on",
    metavar="WHAT",
    multiple=True,
    default=("error",),
    show_default=True,
    help="Exit with 1 on findings of this severity (error, warning, note) or worse, or of this check; never. Repeatable.",
)
@json_option
@click.pass_context
def check(
    context: click.Context,
    *,
    project: Path,
    name: str,
    against: str | None,
    similarity: float,
    fail_on: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find what is wrong with a dataset: a file, a folder, or a version as dataset/support@3.

    Exit status: 0 nothing that --fail-on names, 1 something, 2 the data cannot be read at all.
    """
    from ferrata.datasets import check_dataset

    other = open_data(project, against) if against else None
    result = check_dataset(open_data(project, name), against=other, similarity=similarity)
    failing = [finding for what in fail_on for finding in result.failing(what)]
    if as_json:
        click.echo(json.dumps({**result.as_json(), "passed": not failing}, ensure_ascii=False))
    else:
        _print(result)
    context.exit(1 if failing else 0)


def _print(result: CheckedDataset) -> None:
    for finding in result.findings:
        _print_finding(finding)
    numbers = [
        counted(sum(one.severity == severity for one in result.findings), severity)
        for severity in ("error", "warning", "note")
    ]
    broken = f", {result.summary.broken:,} broken" if result.summary.broken else ""
    click.echo(printable(f"{result.name}: {counted(result.summary.count, 'row')}{broken}; {', '.join(numbers)}"))


def _print_finding(finding: Finding) -> None:
    click.echo(printable(f"{finding.severity:<8} {finding.check}: {finding.message}"))
    for place in finding.places:
        click.echo(f"         {printable(place)}")
    if finding.places and finding.count > len(finding.places):
        click.echo(f"         and {finding.count - len(finding.places):,} more")
    if finding.hint:
        click.echo(f"         hint: {printable(finding.hint)}")
