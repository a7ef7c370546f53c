"""`ferrata eval stats`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.eval_scores import Source, scores_in, source_options
from ferrata.cli.eval_words import between, number
from ferrata.cli.words import aligned, printable

if TYPE_CHECKING:
    from ferrata.stats import Estimate, Scores

__all__ = ["CONFIDENCE", "stats"]

CONFIDENCE = click.option(
    "--confidence",
    type=click.FloatRange(0.5, 1, max_open=True),
    default=0.95,
    show_default=True,
    help="Of the intervals.",
)


@click.command()
@click.argument("name", metavar="RUN|FILE")
@CONFIDENCE
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@source_options
def stats(*, name: str, confidence: float, wants_json: bool, **source: Any) -> None:
    """Give each score of a run, or of any tool's file, with its interval.

    Wilson's for rates; Student's for means, widened where scores are skewed; by clusters where --cluster says so. Repeats of a row are
    averaged first. Scores of judges that were calibrated are shown corrected as well.
    """
    from ferrata.stats import estimate

    (found,) = scores_in((name,), Source(**source))
    rows = [
        (of, estimate(of, confidence=confidence) if len(of.keys) else None)
        for of in found.values()
        if len(of.keys) or of.missing
    ]
    if wants_json:
        click.echo(json.dumps({"source": name, "metrics": [_as_json(*row) for row in rows]}, indent=2))
        return
    cells = [["score", "mean", f"{100 * confidence:g} % interval", "n", "missing", "method"]]
    for of, one in rows:
        if one is None:
            cells.append([printable(of.metric), "-", "-", "0", f"{len(of.missing) + len(of.failed):,}", "no value"])
            continue
        clusters = f", {one.clusters:,} clusters" if one.clusters else ""
        lost = f"{len(of.missing) + len(of.failed):,}"
        shown = (number(one.value), between(one.interval), f"{one.n:,}", lost, one.method + clusters)
        cells.append([printable(one.metric), *shown])
    click.echo("\n".join(aligned(cells, right=(1, 3, 4))))
    for _, one in rows:
        for note in one.notes if one else ():
            click.echo(f"{printable(one.metric if one else '')}: {printable(note)}")


def _as_json(scores: Scores, found: Estimate | None) -> dict[str, Any]:
    empty = {"metric": scores.metric, "n": 0, "value": None, "interval": None}
    lost = {"missing": len(scores.missing), "failed": len(scores.failed)}
    return {**(found.as_json() if found else empty), "scale": scores.scale, **lost}
