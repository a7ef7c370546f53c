"""`ferrata data check`. Knows no check; `datasets` does."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from ferrata.cli.data_open import json_option, open_data, project_option
from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ferrata.datasets import CheckedDataset, Finding, Meaning

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
@click.option("--meaning", is_flag=True, help="Find questions that are near in meaning too, by embeddings.")
@click.option(
    "--embeddings", metavar="NAME", help="With --meaning: an embedding model, as VENDOR/MODEL; offline if not given."
)
@click.option(
    "--cosine",
    type=float,
    default=0.7,
    show_default=True,
    help="With --meaning: from which cosine of their embeddings on, to 1, questions are near.",
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
    meaning: bool,
    embeddings: str | None,
    cosine: float,
    fail_on: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find what is wrong with a dataset: a file, a folder, or a version as dataset/support@3.

    Exit status: 0 nothing that --fail-on names, 1 something, 2 the data cannot be read at all.
    """
    from ferrata.datasets import check_dataset

    other = open_data(project, against) if against else None
    if embeddings and not meaning:
        raise UsageError("embeddings are for comparing meanings", hint="add --meaning")
    with _meaning(project, embeddings, cosine) if meaning else nullcontext() as means:
        result = check_dataset(open_data(project, name), against=other, similarity=similarity, meaning=means)
    failing = [finding for what in fail_on for finding in result.failing(what)]
    if as_json:
        click.echo(json.dumps({**result.as_json(), "passed": not failing}, ensure_ascii=False))
    else:
        _print(result)
    context.exit(1 if failing else 0)


@contextmanager
def _meaning(project: Path, model: str | None, least: float) -> Generator[Meaning]:
    """Embeddings by a model of the project, in one event loop, as its connections belong to that."""
    from ferrata.app import open_app
    from ferrata.datasets import Meaning

    with open_app(project) as app, asyncio.Runner() as runner:
        embedding = app.models.embeddings(model)

        def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
            # Not returned by `run`: to take its signal handler off, Python writes out what the task came to, number by number.
            kept: list[Sequence[Sequence[float]]] = []

            async def ask() -> None:
                kept.append((await embedding.embed(texts)).vectors)

            runner.run(ask())
            return kept[0]

        try:
            yield Meaning(embed, embedding.name, least)
        finally:
            runner.run(app.models.__aexit__())


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
