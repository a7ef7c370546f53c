"""`ferrata judge list` and `ferrata judge show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.judge_words import calibration_lines, confusion_lines, worst_lines
from ferrata.cli.words import aligned, printable
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.app import App
    from ferrata.calibrating import DeclaredJudge
    from ferrata.calibration import JudgeStanding

__all__ = ["list_command", "show"]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command("list")
@_project
def list_command(*, project: Path, wants_json: bool) -> None:
    """List every judge that evaluations declare, and whether it may decide a gate."""
    from ferrata.app import open_app
    from ferrata.calibrating import judges_of

    with open_app(project) as app:
        found = [_about(judge, _standing(app, judge)) for judge in judges_of(app)]
    if wants_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif not found:
        click.echo("no evaluation has a judge")
    else:
        cells = [["judge", "use", "model", "may decide", "why"]]
        for one in found:
            may = "yes" if one["may_decide"] else "no"
            cells.append(
                [printable(str(text or "-")) for text in (one["judge"], one["use"], one["model"], may, one["reason"])]
            )
        click.echo("\n".join(aligned(cells)))


@click.command()
@click.argument("name", metavar="EVAL.ALIAS")
@click.option("--max", "most", type=click.IntRange(1), default=10, show_default=True, help="So many rows.")
@_project
def show(*, name: str, most: int, project: Path, wants_json: bool) -> None:
    """Show a judge's agreement with people, its biases, and the rows on which it errs most."""
    from ferrata.app import open_app
    from ferrata.calibrating import judges_of

    with open_app(project) as app:
        judges = judges_of(app)
        judge = next((one for one in judges if one.name == name), None)
        if judge is None:
            names = ", ".join(one.name for one in judges)
            raise NotFound(f"no judge {name!r}", hint=f"there is {names}" if names else "no evaluation has a judge")
        standing = _standing(app, judge)
    found = standing.calibration
    if wants_json:
        content = None if found is None else found.model_dump(mode="json", exclude={"pairs"})
        worst = [] if found is None else [pair.model_dump(mode="json") for pair in found.worst[:most]]
        about = {**_about(judge, standing), "calibration": content, "worst": worst}
        click.echo(json.dumps(about, ensure_ascii=False, indent=2))
        return
    if found is None:
        click.echo(f"{printable(name)}: may not decide: {printable(standing.reason)}")
        return
    lines = calibration_lines(found, standing)
    for about in (found.agreement, found.verdicts):
        if about is not None:
            lines += ["", *confusion_lines(about)]
    lines += ["", *worst_lines(found, most)]
    click.echo("\n".join(lines))


def _standing(app: App, judge: DeclaredJudge) -> JudgeStanding:
    from ferrata.calibrating import standing_of

    return standing_of(app, judge)


def _about(judge: DeclaredJudge, standing: JudgeStanding) -> dict[str, Any]:
    found = standing.calibration
    evaluator = judge.asked.evaluator if judge.asked else None
    return {
        "judge": judge.name,
        "use": judge.use.use,
        "model": getattr(evaluator, "model_name", None),
        "may_decide": standing.may_decide,
        "current": standing.is_current,
        "kappa": None if found is None else found.kappa,
        "interval": None if found is None else list(found.interval),
        "rows": None if found is None else found.rows,
        "measured": None if found is None else found.created,
        "reason": standing.reason,
    }
