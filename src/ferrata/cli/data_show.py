"""`ferrata data show` and `ferrata data diff`. Know nothing of where versions lie."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

import click

from ferrata.cli.data_open import json_option, open_data, project_option
from ferrata.cli.words import aligned, counted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ferrata.datasets import Dataset

__all__ = ["diff", "show"]

_MOST_SHOWN = 20


@click.command()
@project_option
@click.argument("name", metavar="DATA")
@click.option("--rows", type=click.IntRange(min=0), default=0, help="Print the first rows as JSON lines as well.")
@click.option("--split", help="Of --rows, only those of this split.")
@json_option
def show(*, project: Path, name: str, rows: int, split: str | None, as_json: bool) -> None:
    """Show what a dataset holds: columns, splits, digest, origin."""
    found = open_data(project, name)
    shown = [{"id": one.id, "split": one.split, "values": one.values} for one in islice(found.rows(split), rows)]
    if as_json:
        about = {"dataset": found.name, "format": found.format, **found.summary.as_json(), "tags": found.tags}
        about |= {"licence": found.description.licence, "provenance": found.provenance.as_json()}
        click.echo(json.dumps({**about, **({"first": shown} if rows else {})}, ensure_ascii=False, default=str))
        return
    _print(found)
    for one in shown:
        click.echo(printable(json.dumps(one["values"], ensure_ascii=False, default=str)))


def _print(found: Dataset) -> None:
    summary, origin = found.summary, found.provenance
    lines = [("rows", f"{summary.count:,}" + (f", {summary.broken:,} broken" if summary.broken else ""))]
    lines += [("format", found.format)] if found.format else []
    lines += [("digest", summary.digest)]
    if summary.splits:
        said = ", ".join(f"{split or '(none)'} {count:,}" for split, count in summary.splits.items())
        lines.append(("splits", said))
    lines += [("tag", f"{key}={value}") for key, value in found.tags.items()]
    lines += [("licence", found.description.licence)] if found.description.licence else []
    lines += [("origin", origin.origin)]
    lines += [("source", f"{one.path} {one.sha256[:12]}".rstrip()) for one in origin.sources]
    lines += [("step", json.dumps(dict(step), ensure_ascii=False)) for step in origin.steps]
    click.echo(printable("\n".join(f"{key:<8} {value}" for key, value in lines)))
    table = [["column", "kinds", "present", "empty", "distinct"]]
    for column in summary.columns:
        kinds = ", ".join(column.kinds)
        many = f"{column.distinct:,}" if column.distinct < 1000 else "1,000 or more"
        table.append([printable(column.name), kinds, f"{column.present:,}", f"{column.empty:,}", many])
    if len(table) > 1:
        click.echo("\n" + "\n".join(aligned(table, right=(2, 3, 4))))


@click.command()
@project_option
@click.argument("before", metavar="DATA")
@click.argument("after", metavar="DATA")
@json_option
def diff(*, project: Path, before: str, after: str, as_json: bool) -> None:
    """Show which rows were added, removed or changed, and which moved to another split.

    Rows are told by their `id`; without that column a row that changes is one removed and one added.
    """
    from ferrata.datasets import compare_datasets

    found = compare_datasets(open_data(project, before), open_data(project, after))
    if as_json:
        click.echo(json.dumps({"before": before, "after": after, **found.as_json()}, ensure_ascii=False))
        return
    click.echo(
        f"{counted(found.same, 'row')} the same, {len(found.added):,} added, {len(found.removed):,} removed, "
        f"{len(found.changed):,} changed, {len(found.moved):,} in another split"
    )
    _print_some("added", found.added)
    _print_some("removed", found.removed)
    _print_some("changed", [f"{id}: {', '.join(columns)}" for id, columns in found.changed.items()])
    _print_some("moved", [f"{id}: {old or '(none)'} -> {new or '(none)'}" for id, (old, new) in found.moved.items()])


def _print_some(what: str, lines: Sequence[str]) -> None:
    for line in lines[:_MOST_SHOWN]:
        click.echo(printable(f"{what:<8} {line}"))
    if len(lines) > _MOST_SHOWN:
        click.echo(f"{what:<8} and {len(lines) - _MOST_SHOWN:,} more")
