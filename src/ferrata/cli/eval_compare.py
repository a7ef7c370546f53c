"""`ferrata eval compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.eval_words import number
from ferrata.cli.words import aligned, printable

if TYPE_CHECKING:
    from ferrata.evals import Compared

__all__ = ["compare"]


@click.command()
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="OTHER")
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
def compare(*, before: str, after: str, project: Path, wants_json: bool) -> None:
    """Compare two runs row by row, over the rows that both have. Rows are the same where their inputs are."""
    from ferrata.app import open_app
    from ferrata.evals import compare_evals, existing
    from ferrata.evaluating import runs_folder

    with open_app(project) as app:
        runs = runs_folder(app)
        with existing(runs, before) as first, existing(runs, after) as second:
            found = compare_evals(first, second)
    if wants_json:
        click.echo(
            json.dumps({"before": before, "after": after, "metrics": [_as_json(one) for one in found]}, indent=2)
        )
        return
    if not found:
        click.echo("the runs have no score in common")
        return
    rows = [["score", before, after, "difference", "better", "worse", "n"]]
    for one in found:
        values = (number(one.before), number(one.after), _signed(one.difference), one.better, one.worse, one.n)
        rows.append([printable(one.metric), *map(str, values)])
    click.echo("\n".join(aligned([[printable(cell) for cell in row] for row in rows], right=range(1, 7))))
    for one in found:
        if one.only_before or one.only_after:
            alone = f"{one.only_before:,} rows only in {before}, {one.only_after:,} only in {after}"
            click.echo(f"{printable(one.metric)}: {printable(alone)}", err=True)
        worst = [change for change in one.changed if (change[2] - change[1]) * _direction(one) < 0]
        if worst:
            shown = ", ".join(f"row {row}: {number(was)} -> {number(now)}" for row, was, now in worst)
            click.echo(f"{printable(one.metric)}: got worse most: {shown}")


def _direction(one: Compared) -> int:
    return 1 if one.higher_is_better else -1


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4g}"


def _as_json(one: Compared) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "n": one.n,
        "before": one.before,
        "after": one.after,
        "difference": one.difference,
        "better": one.better,
        "worse": one.worse,
        "only_before": one.only_before,
        "only_after": one.only_after,
        "changed": [{"row": row, "before": was, "after": now} for row, was, now in one.changed],
    }
