"""`ferrata gate`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.collector import spare_collector
from ferrata.cli.flow_stop import end_blocked, stopped_by_signals
from ferrata.cli.gate_words import print_result
from ferrata.cli.progress import show_progress
from ferrata.cli.words import aligned, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator

    from ferrata.app import App
    from ferrata.cli.progress import ShownProgress
    from ferrata.evals import EvalFolder
    from ferrata.flows import FlowError
    from ferrata.gates import GateResult, Place

__all__ = ["gate"]

_INTERRUPTED = 130
# Seconds that code may keep the event loop to itself.
_LONGEST = 600.0


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--list", "wants_list", is_flag=True, help="The gates that are declared.")
@click.option("--candidate", default="", metavar="RUN|FILE", help="Judge these scores, and evaluate nothing.")
@click.option("--baseline", metavar="RUN|FILE|TARGET", help="In the place of the declared one.")
@click.option("--target", help="In the place of the evaluation's.")
@click.option("--data", help="Likewise.")
@click.option(
    "--output",
    "outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Write the result; the suffix says the format: .html, .json, .md, .sarif, .xml (JUnit).",
)
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    help="Of what is printed: text, html, json, junit, md, sarif.",
)
@click.option("--github", is_flag=True, help="Also print annotations, and add to the step summary of GitHub Actions.")
@click.option("--waive", default="", metavar="WHY", help="Let it pass all the same, and record why.")
@click.option("--alpha", type=click.FloatRange(1e-9, 0.5, max_open=True), help="In the place of the declared one.")
@click.option("--seed", type=int, help="Likewise.")
@click.option(
    "--save-baseline", type=click.Path(dir_okay=False, path_type=Path), help="Write the candidate's scores to a file."
)
@click.option("--no-record", is_flag=True, help="Write no record to the ledger, and keep no result.")
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
@click.pass_context
def gate(context: click.Context, *, name: str | None, wants_list: bool, project: Path, **asked: Any) -> None:
    """Decide a gate: evaluate the candidate, beside its baseline, and hold the gate's rules against the scores.

    NAME is an entry of `gates` in ferrata.yaml. Exit status: 0 pass, or waived; 1 fail; 2 a mistake in the request or in a file;
    3 inconclusive (0 with `inconclusive: pass`); 130 interrupted.
    """
    from ferrata.app import open_app
    from ferrata.gates import gate_of, gates_of, place_of
    from ferrata.gating import Interrupted

    with open_app(project) as app:
        if wants_list:
            print_gates(gates_of(app.settings))
            return
        _check_outputs(asked["form"], asked["outputs"])
        chosen, settings = gate_of(app.settings, name)
        try:
            result = _decide(app, chosen, settings, asked)
        except Interrupted as error:
            click.echo(f"interrupted: {error.message}\nhint: {error.hint}", err=True)
            context.exit(_INTERRUPTED)
        place = place_of(app.settings, result)
    _report(result, place, asked, "" if project == Path() else f" --project {project}")
    context.exit(result.exit_status)


def print_gates(gates: Any) -> None:
    """A table of them."""
    rows = [["gate", "evaluation", "baseline", "rules"]]
    for name, one in gates.items():
        rows.append([name, one.eval, one.baseline or "-", "; ".join(rule.rule.text for rule in one.rules)])
    click.echo(
        "\n".join(aligned([[printable(cell) for cell in row] for row in rows])) if gates else "no gate is declared"
    )


def _decide(app: App, name: str, settings: Any, asked: dict[str, Any]) -> GateResult:
    from ferrata.gates import changed_gate
    from ferrata.gating import Request, run_gate

    shown = show_progress()
    spare_collector()
    request = Request(
        name,
        changed_gate(settings, baseline=asked["baseline"], alpha=asked["alpha"], seed=asked["seed"]),
        target=asked["target"],
        data=asked["data"],
        candidate=asked["candidate"],
        waived=asked["waive"],
        record=not asked["no_record"],
        save_baseline=asked["save_baseline"],
        on_progress=shown.update,
        around=_around(app, shown),
    )
    return run_gate(app, request)


def _around(app: App, shown: ShownProgress) -> Callable[..., Any]:
    from ferrata.flows import GRACE, watch_loop

    @contextmanager
    def around(stop: asyncio.Event, folder: EvalFolder) -> Generator[None]:
        def blocked(error: FlowError) -> None:
            end_blocked(error, f"the run is {folder.name}")

        with shown, stopped_by_signals(stop), watch_loop(_LONGEST + GRACE, app.settings.root.resolve(), blocked):
            yield

    return around


def _check_outputs(form: str, outputs: tuple[Path, ...]) -> None:
    """Before anything is evaluated."""
    from ferrata.gates import FORMATS, check_ending

    if form not in ("text", *FORMATS):
        raise UsageError(f"not a format: {form!r}", hint=f"there is text, {', '.join(FORMATS)}")
    for path in outputs:
        check_ending(path)


def _report(result: GateResult, place: Place, asked: dict[str, Any], project: str) -> None:
    from ferrata.gates import render, tell_github, write_report

    for path in asked["outputs"]:
        write_report(result, path, place=place)
    if asked["form"] == "text":
        print_result(result, project)
    else:
        click.echo(render(result, asked["form"], place=place), nl=False)
    for line in tell_github(result, os.environ, place=place) if asked["github"] else ():
        click.echo(line)
