"""`ferrata flow runs`: what runs over data there are, and what came of each. Starts none."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click

from ferrata.cli.words import aligned, counted, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.flows import RunFolder, RunSummary

__all__ = ["first_errors", "print_summary", "runs", "runs_folder", "summary_as_json"]

_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
_name = click.argument("name", metavar="NAME")
_SHOWN_ERRORS = 5
_WIDEST = 40


class _Place(NamedTuple):
    root: Path
    state: Path


def runs_folder(project: Path, *, make: bool = False) -> Path:
    """Where a project's runs are.

    Raises:
        StoreUnavailable: the folder for local state cannot be made, or is not to be trusted.
    """
    from ferrata.state import LocalState

    state = LocalState(_Place(project, project / ".ferrata"))
    if make or (state.usable is None and state.path.exists()):
        state.make()  # says why a folder that is there may not be used
    return state.path / "runs"


@click.group()
def runs() -> None:
    """Runs over data: list them, look into them, remove them."""


@runs.command("list")
@_project
@click.option("--max", "most", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@_json
def list_command(*, project: Path, most: int, wants_json: bool) -> None:
    """List the runs, the newest first."""
    from ferrata.flows import RunFolder

    found = RunFolder.every(runs_folder(project))[:most]
    if wants_json:
        click.echo(json.dumps([_about(run.document, run.status) for run in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("no runs")
        return
    rows = [["run", "status", "completed", "failed", "created", "flow"]]
    for run in found:
        about = _about(run.document, run.status)
        keys = ("run", "status", "completed", "failed", "created", "flow_name")
        rows.append([printable(str("" if about[key] is None else about[key])) for key in keys])
    click.echo("\n".join(aligned(rows, right=(2, 3))))


def _about(document: Mapping[str, Any], status: str) -> dict[str, Any]:
    keys = ("created", "flow", "flow_name", "variant", "display_name", "completed", "failed", "metrics", "tags")
    return {"run": document["name"], "status": status, **{key: document.get(key) for key in keys}}


@runs.command()
@_project
@_name
@_json
def show(*, project: Path, name: str, wants_json: bool) -> None:
    """Show a run: what it was asked for and what came of it."""
    from ferrata.flows import RunFolder, summary_of

    with RunFolder.read(runs_folder(project), name) as folder:
        summary = summary_of(folder)
        errors = first_errors(folder)
        document: dict[str, Any] = {**folder.document, "status": folder.status}
    if wants_json:
        document |= {"completed": summary.completed, "failed": summary.failed, "errors": errors}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    print_summary(summary, errors)
    for key in ("flow", "variant", "run", "resume_from", "display_name", "description", "created", "ended"):
        if document.get(key):
            click.echo(f"{key}: {printable(str(document[key]))}")
    if document.get("data"):
        click.echo(f"data: {printable(document['data']['path'])}")
    for key in ("column_mapping", "tags"):
        for item, value in cast("dict[str, Any]", document.get(key) or {}).items():
            click.echo(f"{key}: {printable(str(item))} = {printable(str(value))}")


@runs.command()
@_project
@_name
@click.option("--failed", "only_failed", is_flag=True, help="Only rows that failed.")
@click.option(
    "--max", "most", type=click.IntRange(1), default=100, show_default=True, help="So many rows of the table."
)
@_json
def details(*, project: Path, name: str, only_failed: bool, most: int, wants_json: bool) -> None:
    """Show a run's rows: inputs, outputs and errors, in the order of the data.

    With --json all rows, a line each.
    """
    from ferrata.flows import RunFolder

    with RunFolder.read(runs_folder(project), name) as folder:
        lines = folder.lines(completed=False if only_failed else None)
        if wants_json:
            for line in lines:
                click.echo(json.dumps(line, ensure_ascii=False))
            return
        shown = list(islice(lines, most))
        total = folder.index.failed if only_failed else len(folder.index)
    click.echo("\n".join(_table(shown)) if shown else "no rows")
    if total > len(shown):
        click.echo(f"{total - len(shown):,} more: see them with --max or --json", err=True)


def _table(lines: list[dict[str, Any]]) -> list[str]:
    inputs = list(dict.fromkeys(key for line in lines for key in line.get("inputs", {})))
    outputs = list(dict.fromkeys(key for line in lines for key in line.get("output", {})))
    failed = any("error" in line for line in lines)
    header = ["line", "status", *(f"inputs.{key}" for key in inputs), *(f"outputs.{key}" for key in outputs)]
    rows = [header + (["error"] if failed else [])]
    for line in lines:
        values = [line.get("inputs", {}).get(key, "") for key in inputs]
        values += [line.get("output", {}).get(key, "(Failed)" if "error" in line else "") for key in outputs]
        row = [str(line["line_number"]), line["status"], *map(_cell, values)]
        rows.append(row + ([_cell(_message(line))] if failed else []))
    return aligned([[printable(cell) for cell in row] for row in rows], right=(0,))


def _message(line: Mapping[str, Any]) -> str:
    return str(cast("dict[str, Any]", line.get("error") or {}).get("message", ""))


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text[: 4 * _WIDEST].split())
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


@runs.command()
@_project
@_name
def metrics(*, project: Path, name: str) -> None:
    """Print a run's metrics as JSON."""
    from ferrata.flows import RunFolder

    with RunFolder.read(runs_folder(project), name) as folder:
        click.echo(json.dumps(folder.document.get("metrics") or {}, ensure_ascii=False, indent=2))


@runs.command()
@_project
@_name
def delete(*, project: Path, name: str) -> None:
    """Remove a run with all that was recorded of it."""
    from ferrata.flows import RunFolder

    RunFolder.delete(runs_folder(project), name)
    click.echo(f"removed: run {name}")


def first_errors(folder: RunFolder, most: int = _SHOWN_ERRORS) -> list[dict[str, Any]]:
    """Number, place and error of the first rows that failed."""
    found: list[dict[str, Any]] = []
    for line in islice(folder.lines(completed=False), most):
        error = cast("dict[str, Any]", line.get("error") or {})
        about = {"line_number": line["line_number"], "place": line.get("place", "")}
        found.append({**about, "code": error.get("code", ""), "message": error.get("message", "")})
    return found


def summary_as_json(summary: RunSummary, errors: list[dict[str, Any]]) -> dict[str, Any]:
    """What came of a run, for machines."""
    return {
        "run": summary.name,
        "status": summary.status,
        "completed": summary.completed,
        "failed": summary.failed,
        "metrics": summary.metrics,
        "errors": errors,
        "error": summary.error,
        "aggregation_error": summary.aggregation_error,
        "seconds": round(summary.seconds, 3),
        "input_tokens": summary.input_tokens,
        "output_tokens": summary.output_tokens,
        "cost_usd": summary.cost,
    }


def print_summary(summary: RunSummary, errors: list[dict[str, Any]]) -> None:
    """What came of a run, for people."""
    click.echo(f"run {summary.name}: {summary.status}")
    tokens = summary.input_tokens + summary.output_tokens
    cost = "" if summary.cost is None else f", ${summary.cost:,.4f}"
    used = f", {counted(tokens, 'token')}{cost}" if tokens else ""
    rows = f"{summary.completed:,} of {counted(summary.total, 'row')} completed, {summary.failed:,} failed"
    click.echo(f"{rows}; {summary.seconds:.1f} s{used}")
    for name, value in summary.metrics.items():
        click.echo(f"{printable(name)}: {printable(str(value))}")
    for error in errors:
        place = f" ({error['place']})" if error["place"] else ""
        click.echo(f"line {error['line_number']}{printable(place)}: {printable(_one_line(error))}")
    if summary.failed > len(errors):
        click.echo(
            f"{summary.failed - len(errors):,} more rows failed: ferrata flow runs details {summary.name} --failed"
        )
    for what, error in (("aggregation failed", summary.aggregation_error), ("stopped", summary.error)):
        if error is not None:
            click.echo(f"{what}: {printable(_one_line(error))}")


def _one_line(error: Mapping[str, Any]) -> str:
    message = " ".join(str(error.get("message", "")).split())
    return f"{error.get('code', '')}: {message if len(message) <= 300 else message[:297] + '...'}"
