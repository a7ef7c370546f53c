"""`ferrata data convert` and `ferrata data split`. Know no format."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.data_open import open_data, project_option, rule_of
from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferrata.datasets import Dataset

__all__ = ["convert", "split"]

_replace = click.option("--replace", is_flag=True, help="Write over files that are there.")


@click.command()
@project_option
@click.argument("name", metavar="DATA")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--split", "part", help="Only the rows of this split.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows.")
@click.option("--mask", is_flag=True, help="Put placeholders for personal data, the same for the same value of a row.")
@_replace
def convert(
    *, project: Path, name: str, out: Path, part: str | None, limit: int | None, mask: bool, replace: bool
) -> None:
    """Write the rows of a dataset as JSON lines, JSON, CSV, TSV or Parquet, by the name of OUT.

    What promptfoo, OpenAI and chats wrap around rows is unwrapped. Rows that cannot be read are left out, and counted.
    """
    from ferrata.datasets import write_rows

    found = open_data(project, name)
    broken: list[str] = []
    count = write_rows(out, islice(_values(found, part, broken, mask=mask), limit), replace=replace)
    for place in broken[:10]:
        click.echo(f"left out: {printable(place)}", err=True)
    more = f", {counted(len(broken), 'row')} left out" if broken else ""
    click.echo(printable(f"{out}: {counted(count, 'row')}{more}"))


def _values(found: Dataset, part: str | None, broken: list[str], *, mask: bool) -> Iterator[dict[str, Any]]:
    from ferrata.safety import mask_pii

    for one in found.read():
        if one.problem:
            broken.append(f"{one.place}: {one.problem}")
        elif part in (None, one.split):
            values = dict(one.values)
            # Digits of an id may look like anything, and are needed as they are.
            yield {**values, **mask_pii({k: v for k, v in values.items() if k != "id"})} if mask else values


@click.command()
@project_option
@click.argument("name", metavar="DATA")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--split",
    "shares",
    metavar="COLUMN|NAME=SHARE",
    multiple=True,
    help="The column that says the split, or the share of each; as described if not given.",
)
@click.option("--key", default="", metavar="COLUMN", help="With shares: rows of one value here stay together.")
@_replace
def split(*, project: Path, name: str, folder: Path, shares: Sequence[str], key: str, replace: bool) -> None:
    """Write each split of a dataset as FOLDER/SPLIT.jsonl.

    With shares, the split of a row is a hash of its key (its id, or else its content), so that it stays where it is when
    rows are added: ferrata data split golden.jsonl data --split train=0.8 --split test=0.2 --key customer.
    """
    from ferrata.datasets import write_rows

    found = open_data(project, name)
    rule = rule_of(shares, key)
    if rule is not None:
        found.split_rule = rule
    names = [one for one in found.summary.splits if one]
    if not names:
        raise UsageError(f"{name} has no splits", hint="say how: --split train=0.8 --split test=0.2")
    unfit = next((one for one in names if "/" in one or one.startswith(".")), None)
    if unfit is not None:
        raise UsageError(f"the split {unfit!r} cannot be the name of a file", hint="rename it")
    for one in names:
        out = folder / f"{one}.jsonl"
        count = write_rows(out, (example.values for example in found.rows(one)), replace=replace)
        click.echo(printable(f"{out}: {counted(count, 'row')}"))
    if found.summary.splits.get(""):
        click.echo(f"{counted(found.summary.splits[''], 'row')} of no split left out", err=True)
