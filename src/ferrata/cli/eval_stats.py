"""`ferrata eval stats`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.eval_scores import Source, scores_in, source_options
from ferrata.cli.eval_words import between, number
from ferrata.cli.words import aligned, printable
from ferrata.markup import percent

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
    corrected = [] if Path(name).is_file() else _corrected(name, Source(**source), confidence)
    if wants_json:
        content = {"source": name, "metrics": [_as_json(*row) for row in rows]}
        click.echo(json.dumps(content | ({"corrected": corrected} if corrected else {}), indent=2))
        return
    cells = [["score", "mean", f"{percent(confidence)} % interval", "n", "missing", "method"]]
    for of, one in rows:
        if one is None:
            cells.append([printable(of.metric), "-", "-", "0", f"{len(of.missing) + len(of.failed):,}", "no value"])
            continue
        clusters = f", {one.clusters:,} clusters" if one.clusters else ""
        lost = f"{len(of.missing) + len(of.failed):,}"
        shown = (number(one.value, one.interval), between(one.interval), f"{one.n:,}", lost, one.method + clusters)
        cells.append([printable(one.metric), *shown])
    click.echo("\n".join(aligned(cells, right=(1, 3, 4))))
    for _, one in rows:
        for note in one.notes if one else ():
            click.echo(f"{printable(one.metric if one else '')}: {printable(note)}")
    for line in _corrected_lines(corrected):
        click.echo(line)


def _corrected(run: str, source: Source, confidence: float) -> list[dict[str, Any]]:
    """The scores of the run's calibrated judges, corrected by people's labels; those that cannot be, with the reason."""
    from ferrata.app import open_app
    from ferrata.calibrating import corrected_scores

    rows: list[dict[str, Any]] = []
    with open_app(source.project) as app:
        for metric, standing, found in corrected_scores(app, run, cluster=source.cluster):
            if source.names and not any(metric.startswith(name.removesuffix(".pass_rate")) for name in source.names):
                continue
            one = found.inference
            rows.append(
                {
                    "metric": metric,
                    "value": None if one is None else one.estimate,
                    "interval": None if one is None else list(one.interval(confidence)),
                    "n": None if one is None else one.n,
                    "method": None if one is None else one.method,
                    "reason": found.reason,
                    "judge": standing.reason,
                    "may_decide": standing.may_decide,
                    "notes": list(found.notes),
                }
            )
    return rows


def _corrected_lines(rows: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for one in rows:
        if one["value"] is None:
            lines.append(f"{printable(one['metric'])} is not corrected by people's labels: {printable(one['reason'])}")
            continue
        figures = f"{number(one['value'], one['interval'])} ({between(one['interval'])}) on {one['n']:,} unlabelled rows, {one['method']}"
        lines.append(f"{printable(one['metric'])} corrected by people's labels: {figures}")
        lines += [f"  {printable(note)}" for note in one["notes"]]
        lines.append(
            f"  the judge {'may decide' if one['may_decide'] else 'may not decide'}: {printable(one['judge'])}"
        )
    return lines


def _as_json(scores: Scores, found: Estimate | None) -> dict[str, Any]:
    empty = {"metric": scores.metric, "n": 0, "value": None, "interval": None}
    lost = {"missing": len(scores.missing), "failed": len(scores.failed)}
    return {**(found.as_json() if found else empty), "scale": scores.scale, **lost}
