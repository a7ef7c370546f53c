"""`ferrata eval list` and `ferrata eval show`."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.eval_words import number, print_summary
from ferrata.cli.words import aligned, printable
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.app import App
    from ferrata.evals import EvalRow

__all__ = ["list_command", "show"]

_MOST_RUNS = 20


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command("list")
@click.argument("what", type=click.Choice(["all", "evaluations", "runs", "evaluators"]), default="all")
@_project
def list_command(*, what: str, project: Path, wants_json: bool) -> None:
    """List the evaluations that ferrata.yaml declares, the latest runs, and the evaluators that there are."""
    from ferrata.app import open_app

    with open_app(project) as app:
        found = {
            "evaluations": _evaluations(app) if what in ("all", "evaluations") else None,
            "runs": _runs(app) if what in ("all", "runs") else None,
            "evaluators": _evaluators() if what in ("all", "evaluators") else None,
        }
    found = {name: rows for name, rows in found.items() if rows is not None}
    if wants_json:
        click.echo(json.dumps(found if what == "all" else found[what], ensure_ascii=False, indent=2))
        return
    for name, rows in found.items():
        if len(found) > 1:
            click.echo(f"{name}:" if rows else f"{name}: none")
        if rows:
            cells = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
            click.echo("\n".join(f"  {line}" if len(found) > 1 else line for line in aligned(cells)))
        elif len(found) == 1:
            click.echo(f"no {name}")


def _text(value: Any) -> str:
    if value is None:
        return ""
    many = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
    return printable(", ".join(map(str, many)))


def _evaluations(app: App) -> list[dict[str, Any]]:
    from ferrata.evals import definitions_of

    return [
        {
            "name": name,
            "target": one.target,
            "data": one.data,
            "evaluators": [use.name or use.use for use in one.evaluators],
        }
        for name, one in definitions_of(app.settings).items()
    ]


def _runs(app: App) -> list[dict[str, Any]]:
    from ferrata.evals import EvalFolder
    from ferrata.evaluating import runs_folder

    rows: list[dict[str, Any]] = []
    for folder in EvalFolder.every(runs_folder(app))[:_MOST_RUNS]:
        summary: dict[str, Any] = folder.document.get("summary") or {}
        means = {name: about["mean"] for name, about in summary.get("metrics", {}).items()}
        rows.append(
            {
                "run": folder.name,
                "status": str(folder.status),
                "rows": summary.get("rows"),
                "failed": summary.get("failed"),
                "created": folder.document.get("created"),
                "scores": [f"{name} {number(mean)}" for name, mean in list(means.items())[:4]],
            }
        )
    return rows


def _evaluators() -> list[dict[str, Any]]:
    from ferrata.evals import known_evaluators

    return [
        {"name": one.name, "kind": one.kind, "needs": list(one.needs), "about": one.about} for one in known_evaluators()
    ]


@click.command()
@click.argument("name")
@click.option("--rows", "wants_rows", is_flag=True, help="The rows, too.")
@click.option("--failed", is_flag=True, help="Only rows that failed, or did not pass, or lack a score.")
@click.option("--max", "most", type=click.IntRange(1), default=20, show_default=True, help="So many rows.")
@_project
def show(*, name: str, wants_rows: bool, failed: bool, most: int, project: Path, wants_json: bool) -> None:
    """Show a run with its rows, or what an evaluator takes and gives. NAME is a run's or an evaluator's."""
    from ferrata.app import open_app
    from ferrata.evals import existing, known_evaluators, rows_of_eval, summary_of
    from ferrata.evaluating import runs_folder

    with open_app(project) as app:
        known = next((one for one in known_evaluators() if one.name == name), None)
        try:
            folder = existing(runs_folder(app), name)
        except NotFound:
            if known is None:
                raise
            _show_evaluator(known._asdict(), wants_json=wants_json)
            return
        with folder:
            summary = summary_of(folder)
            chosen = (row for row in rows_of_eval(folder) if not failed or _is_bad(row))
            rows = list(islice(chosen, most)) if wants_rows or failed else []
            about = {key: folder.document.get(key) for key in ("target", "data", "evaluators", "created", "ended")}
    if wants_json:
        whole = {**summary.as_json(), **about}
        if wants_rows or failed:
            whole["row_results"] = [row.as_json() for row in rows]
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2, default=str))
        return
    print_summary(summary)
    for row in rows:
        _print_row(row)


def _is_bad(row: EvalRow) -> bool:
    if row.error is not None or row.judge_errors:
        return True
    return any(score.passed is False or score.status == "failed" for of in row.scores.values() for score in of)


def _print_row(row: EvalRow) -> None:
    repeat = f" repeat {row.repeat}" if row.repeat else ""
    click.echo(f"\nrow {row.number}{repeat} ({printable(row.place)})")
    for name, value in row.inputs.items():
        click.echo(f"  {printable(name)}: {_short(value)}")
    if row.error is not None:
        click.echo(f"  failed: {printable(row.error['code'])}: {_short(row.error['message'])}")
    for name, value in row.output.items():
        click.echo(f"  -> {printable(name)}: {_short(value)}")
    for alias, scores in row.scores.items():
        for score in scores:
            verdict = {True: " pass", False: " FAIL", None: ""}[score.passed]
            reason = f" ({_short(score.reason)})" if score.reason else ""
            click.echo(f"  {printable(alias)}.{printable(score.key)} = {number(score.value)}{verdict}{reason}")
    for alias, error in row.judge_errors.items():
        click.echo(f"  {printable(alias)}: {printable(str(error['code']))}: {_short(error['message'])}")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = printable(" ".join(text.split()))
    return text if len(text) <= 200 else f"{text[:197]}..."


def _show_evaluator(about: dict[str, Any], *, wants_json: bool) -> None:
    if wants_json:
        click.echo(json.dumps(about, ensure_ascii=False, indent=2))
        return
    for key, value in about.items():
        click.echo(f"{key}: {_text(value)}")
