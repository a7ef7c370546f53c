"""`ferrata judge calibrate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ferrata.cli.judge_words import calibration_lines
from ferrata.cli.progress import show_progress

__all__ = ["calibrate_command"]


@click.command("calibrate")
@click.argument("evaluation", metavar="EVAL")
@click.argument("alias", metavar="[ALIAS]", required=False, default="")
@click.option(
    "--labels", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Rows with people's labels."
)
@click.option("--label", default="label", show_default=True, metavar="COLUMN", help="Their labels.")
@click.option("--cluster", metavar="COLUMN", help="What rows share that are not independent, as a conversation.")
@click.option(
    "--model-column", default="model", show_default=True, metavar="COLUMN", help="Which model wrote the response."
)
@click.option("--own-model", default="", metavar="NAME", help="The judge's own model as that column names it.")
@click.option(
    "--floor", type=click.FloatRange(0, 1), default=0.6, show_default=True, help="Least kappa with which it may decide."
)
@click.option("--run", default="", metavar="RUN", help="Take the scores of this run; nobody is asked.")
@click.option("--threshold", type=float, help="From which on rows pass here, in the place of the judge's own.")
@click.option(
    "--score", default="", metavar="KEY", help="Of a judge that gives several scores.  [default: its main one]"
)
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
def calibrate_command(*, evaluation: str, alias: str, labels: Path, wants_json: bool, **options: Any) -> None:
    """Hold a judge's scores against people's labels: kappa, confusion, biases.

    EVAL is an entry of `evals`, ALIAS its judge. Labels are what `ferrata review export` writes, or any rows with the judge's
    inputs and a column of labels: pass and fail, 0 and 1, or numbers of the judge's scale. What comes of it is kept in
    evals/calibrations/, for version control, and decides whether the judge may decide a gate.
    """
    from ferrata.app import open_app
    from ferrata.calibrating import CalibrationRequest, calibrate
    from ferrata.calibration import LabelColumns

    columns = LabelColumns(options["label"], options["cluster"], options["model_column"])
    request = CalibrationRequest(
        evaluation,
        labels,
        alias,
        columns,
        options["floor"],
        options["run"],
        options["threshold"],
        options["score"],
        options["own_model"],
    )
    with open_app(options["project"]) as app, show_progress() as shown:
        done = calibrate(app, request, on_progress=shown.update)
    if wants_json:
        about = {"file": str(done.file), "may_decide": done.standing.may_decide, "reason": done.standing.reason}
        content = done.calibration.model_dump(mode="json", exclude={"pairs"})
        click.echo(json.dumps({**about, **content}, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join(calibration_lines(done.calibration, done.standing)))
    click.echo(f"\nkept in {done.file}; keep it under version control")
    if not done.recorded:
        click.echo("the ledger has no record of it", err=True)
