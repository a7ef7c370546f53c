"""`ferrata flow import`: the runs of promptflow, taken over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ferrata.cli.words import counted, printable

__all__ = ["import_command"]


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Name of the run here, where it is one.  [default: its own]")
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
@click.option("--skip-existing", is_flag=True, help="Pass over runs whose names are taken.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@click.pass_context
def import_command(
    context: click.Context, *, folder: Path, name: str, project: Path, skip_existing: bool, wants_json: bool
) -> None:
    """Take over runs that promptflow made, so that `ferrata flow runs` shows them and `--run NAME` works on them.

    FOLDER is a run's, as ~/.promptflow/.runs/NAME, or that of all runs. A run comes over whole or not at all; where failed rows are in
    it, its status says so here. Exit status: 0 all came, 1 one is damaged or its name is taken.
    """
    from ferrata.cli.flow_runs import runs_folder
    from ferrata.clock import SystemClock
    from ferrata.errors import Conflict, FerrataError, UsageError
    from ferrata.flows import import_run, old_runs

    folders = old_runs(folder)
    if name and len(folders) > 1:
        raise UsageError(f"{str(folder)!r} holds {len(folders)} runs, and --name is for one", hint="leave --name away")
    runs = runs_folder(project, make=True)
    shown: list[dict[str, Any]] = []
    for one in folders:
        try:
            shown.append(import_run(one, runs, clock=SystemClock(), name=name)._asdict())
        except FerrataError as error:
            if len(folders) == 1:
                raise
            if isinstance(error, Conflict) and skip_existing:
                continue
            shown.append({"name": one.name, "error": error.message})
    wrong = [run for run in shown if "error" in run]
    if wants_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        for run in shown:
            if "error" in run:
                click.echo(f"not taken over: {printable(run['name'])}: {printable(run['error'])}", err=True)
            else:
                rows = f"{run['completed']} of {counted(run['completed'] + run['failed'], 'row')} completed"
                click.echo(f"taken over: {printable(run['name'])}: {run['status']}, {rows}")
    context.exit(1 if wrong else 0)
