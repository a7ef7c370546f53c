"""`ferrata eval compare`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.eval_scores import Source, scores_in, source_options
from ferrata.cli.eval_stats import CONFIDENCE
from ferrata.cli.eval_words import between, number
from ferrata.cli.words import aligned, counted, printable
from ferrata.markup import percent

if TYPE_CHECKING:
    from ferrata.evals import Changed, Compared

__all__ = ["compare"]


@click.command()
@click.argument("before", metavar="RUN|FILE")
@click.argument("after", metavar="OTHER")
@CONFIDENCE
@click.option("--effect", type=click.FloatRange(0, min_open=True), help="The difference that power is told for.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@source_options
def compare(
    *, before: str, after: str, confidence: float, effect: float | None, wants_json: bool, **source: Any
) -> None:
    """Compare two runs, or two files of any tool, row by row: OTHER less RUN.

    Rows are the same where their inputs are, or their --key. Tests by the score's scale: McNemar (mid-p) for 0 and 1, Wilcoxon
    (Pratt) for few levels, paired t or permutation for the rest. Where no row is shared they are compared as unpaired.
    """
    from ferrata.evals import compare_scores

    first, second = scores_in((before, after), Source(**source))
    found = compare_scores(first, second, confidence=confidence, effect=effect)
    if wants_json:
        whole = {"before": before, "after": after, "confidence": confidence}
        click.echo(json.dumps({**whole, "metrics": [one.as_json() for one in found]}, indent=2))
        return
    rows = [["score", before, after, "difference", f"{percent(confidence)} % interval", "p", "test", "n", "verdict"]]
    for one in found:
        of = one.comparison
        ends = of.interval
        means = (
            *(number(mean, ends) for mean in (of.baseline, of.candidate)),
            number(of.difference, ends, sign="+"),
            between(ends),
        )
        rows.append([one.metric, *means, p_text(of.p_value), of.test, f"{of.n:,}", of.verdict])
    click.echo("\n".join(aligned([[printable(cell) for cell in row] for row in rows], right=(1, 2, 3, 5, 7))))
    for one in found:
        _print_more(one, before, after)


def p_text(value: float) -> str:
    """A p-value with two figures; never as 0."""
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"


def _print_more(one: Compared, before: str, after: str) -> None:
    of = one.comparison
    click.echo(f"\n{printable(one.metric)}")
    if of.paired:
        click.echo(
            f"  better in {of.better:,} rows, worse in {of.worse:,}, the same in {of.n - of.better - of.worse:,}"
        )
    if of.power is not None and of.power_for is not None:
        least = "" if of.smallest is None else f"; the smallest that is seen 4 times in 5 is {number(of.smallest)}"
        click.echo(f"  power: a true difference of {number(of.power_for)} is seen with {of.power:.0%}{least}")
    if of.unpaired is not None:
        apart = of.unpaired
        click.echo(f"  as if unpaired: {between(apart.interval)}, p {p_text(apart.p_value)} ({apart.test})")
    if one.only_before or one.only_after:
        alone = f"{counted(one.only_before, 'row')} only in {before}, {one.only_after:,} only in {after}"
        click.echo(f"  {printable(alone)}")
    sign = 1 if of.higher_is_better else -1
    worst = [change for change in one.changed if (change.after - change.before) * sign < 0]
    if worst:
        click.echo(f"  got worse most: {', '.join(_change(change) for change in worst)}")
    for note in of.notes:
        click.echo(f"  {printable(note)}")


def _change(change: Changed) -> str:
    name = printable(change.key) if change.row is None else str(change.row)
    return f"row {name}: {_pair(change)}"


def _pair(change: Changed) -> str:
    ends = sorted((change.before, change.after))
    return f"{number(change.before, ends)} -> {number(change.after, ends)}"
