"""`ferrata scout`."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.collector import spare_collector
from ferrata.cli.flow_stop import end_blocked, stopped_by_signals
from ferrata.cli.progress import show_progress
from ferrata.cli.scout_words import print_plan, print_result
from ferrata.cli.words import printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator

    from ferrata.app import App
    from ferrata.evals import EvalFolder
    from ferrata.flows import FlowError
    from ferrata.scouting import Request
    from ferrata.scouts import Plan, ScoutSettings

__all__ = ["scout"]

_INTERRUPTED = 130
# Seconds that code may keep the event loop to itself.
_LONGEST = 600.0


@click.command()
@click.argument("names", metavar="[USE_CASE]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say who would be asked, why and for how much; ask nobody.")
@click.option("--yes", is_flag=True, help="Ask them. A section `scout` in ferrata.yaml is the same, up to its budget.")
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="US dollars for all that is asked.")
@click.option("--max", "most", type=click.IntRange(1, 50), help="Models to try for each use case.  [default: 5]")
@click.option("--vendor", "vendors", multiple=True, help="Only models of this provider; repeat it.")
@click.option("--include", multiple=True, metavar="NAME", help="Try it whatever the rules say: a model, or an entry.")
@click.option("--exclude", multiple=True, metavar="TEXT", help="Leave out models with this in their id; repeat it.")
@click.option("--within", type=click.IntRange(0), help="Days before the incumbent's retirement.  [default: 180]")
@click.option("--metric", default="", help="What quality is; the gate's first if not given.")
@click.option(
    "--model", default="", help="The entry of `models` that is in question, where the target does not say it."
)
@click.option("--rows", type=click.IntRange(1), help="So many rows of the data, drawn; all if not given.")
@click.option("--prefer", type=click.Choice(["cost", "latency", "quality"]), help="Among those that are not worse.")
@click.option("--if-older-than", "older", metavar="SPAN", help="Do nothing where the last run is younger, as 7d.")
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@click.pass_context
def scout(context: click.Context, *, names: tuple[str, ...], project: Path, **asked: Any) -> None:
    """Try other models on your own data: successors, newer, cheaper and faster ones, those that the project declares.

    USE_CASE is a gate or an evaluation whose target is a prompt or a flow on a declared model; all gates if not given. Without
    --yes, or a section `scout` in ferrata.yaml, nobody is asked. Exit status: 0 done, or nothing due; 2 a mistake in the request or
    in a file; 130 interrupted, and what was answered is used again.
    """
    from ferrata.app import open_app
    from ferrata.scouting import Interrupted, plan_scout
    from ferrata.scouts import scout_settings

    with open_app(project) as app:
        declared = scout_settings(app.settings)
        cases = _due(app, names, declared, asked)
        if not cases:
            return
        request = _request(declared, asked)
        plans = [plan for name in cases if (plan := _planned(plan_scout, app, name, request, named=bool(names)))]
        if not plans:
            raise UsageError("no use case asks a declared model", hint="name an evaluation of a prompt or a flow")
        if asked["dry_run"] or not (asked["yes"] or declared):
            print_plan(plans, wants_json=asked["wants_json"])
            if not asked["dry_run"]:
                click.echo("nobody was asked; ask them with --yes", err=True)
            return
        try:
            _run(app, plans, request, asked)
        except Interrupted as error:
            click.echo(f"interrupted: {error.message}\nhint: {error.hint}", err=True)
            context.exit(_INTERRUPTED)


def _due(app: App, names: tuple[str, ...], declared: ScoutSettings | None, asked: dict[str, Any]) -> list[str]:
    """The use cases, but for those that were looked at not long ago."""
    from ferrata.gates import gates_of
    from ferrata.scouting import last_scouted
    from ferrata.scouts import parse_span

    cases = list(dict.fromkeys(names or (declared.use_cases if declared else ()) or gates_of(app.settings)))
    if not cases:
        raise UsageError("no gate is declared", hint="name an evaluation: ferrata scout EVALUATION")
    by_hand = asked["yes"] or asked["dry_run"]
    span = asked["older"] or (declared.every if declared and not by_hand else None)
    if span is None:
        return cases
    oldest = app.clock.now() - parse_span(span)
    due: list[str] = []
    for name in cases:
        last = last_scouted(app, name)
        if last is not None and last > oldest:
            click.echo(f"{name}: looked at on {last:%Y-%m-%d %H:%M} UTC, less than {span} ago; nothing to do", err=True)
        else:
            due.append(name)
    return due


def _request(declared: ScoutSettings | None, asked: dict[str, Any]) -> Request:
    from ferrata.scouting import Request

    given: dict[str, Any] = {
        "budget": asked["budget"] or (declared.budget if declared else None),
        "most": asked["most"] or (declared.max if declared else None),
        "vendors": asked["vendors"] or (tuple(declared.vendors) if declared else None),
        "within": asked["within"] if asked["within"] is not None or declared is None else declared.within,
        "prefer": asked["prefer"] or (declared.prefer if declared else None),
        **{name: asked[name] for name in ("include", "exclude", "metric", "model", "rows")},
    }
    return Request(environment=os.environ.get, **{name: value for name, value in given.items() if value is not None})


def _planned(plan: Callable[..., Plan], app: App, name: str, request: Request, *, named: bool) -> Plan | None:
    """A plan; of a gate that nobody named, none where its target is no prompt and no flow on a declared model."""
    try:
        return plan(app, name, request)
    except UsageError as error:
        if named:
            raise
        click.echo(f"passed over: {error.message}", err=True)
        return None


def _run(app: App, plans: list[Plan], request: Request, asked: dict[str, Any]) -> None:
    from ferrata.scouting import keep, run_scout

    spare_collector()
    left, said = request.budget, list[Any]()
    for plan in plans:
        shown = show_progress()
        asking = replace(
            request,
            budget=left,
            on_progress=shown.update,
            on_model=_say_model,
            around=_around(app),
        )
        try:
            result = run_scout(app, plan, asking)
        except UsageError as error:
            if len(plans) == 1:
                raise
            click.echo(f"{error.message}{f' ({error.hint})' if error.hint else ''}", err=True)
            continue
        left = None if left is None else max(left - (result.cost or 0.0), 1e-9)
        folder, result = keep(app, result)
        said.append(result.as_json() | {"folder": str(folder)})
        if not asked["wants_json"]:
            print_result(result, folder)
    if asked["wants_json"]:
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))


def _say_model(title: str) -> None:
    click.echo(printable(f"asking {title}"), err=True)


def _around(app: App) -> Callable[..., Any]:
    from ferrata.flows import GRACE, watch_loop

    @contextmanager
    def around(stop: asyncio.Event, folder: EvalFolder) -> Generator[None]:
        def blocked(error: FlowError) -> None:
            end_blocked(error, f"the run is {folder.name}")

        with stopped_by_signals(stop), watch_loop(_LONGEST + GRACE, app.settings.root.resolve(), blocked):
            yield

    return around
