"""`ferrata models try`: ask several models the same.

Knows nothing of vendors; `app` builds the models.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import open_console, printable
from ferrata.errors import FerrataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.app import App
    from ferrata.cli.trials import Row, TriedModel

__all__ = ["try_models"]

_MAX_TOKENS = 300


@click.command("try")
@click.argument("text", metavar="[TEXT]", required=False)
@click.option(
    "--prompt",
    "file",
    type=click.Path(path_type=Path),
    help="A .prompty file, or a version of the registry, instead of TEXT.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Rows of the prompt's inputs (JSON lines), each with `expected` if you like; its sample if not given.",
)
@click.option(
    "--model", "-m", "names", multiple=True, help="A model of the project, VENDOR/MODEL, or local; repeat it."
)
@click.option("--system", help="A system message before TEXT.")
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    help=f"At most so many of output; {_MAX_TOKENS} for TEXT, as the prompt says for a prompt.",
)
@click.option("--temperature", type=click.FloatRange(0, 2), help="0: the likeliest words.")
@click.option("--seed", type=int, help="For the same answer again, as far as the vendor keeps that.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Rows at a time for each model; the local model takes one.",
)
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
@click.option("--no-save", is_flag=True, help="Write no record to the ledger.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line a model.")
@click.pass_context
def try_models(
    context: click.Context,
    *,
    text: str | None,
    file: Path | None,
    data: Path | None,
    names: tuple[str, ...],
    system: str | None,
    max_tokens: int | None,
    temperature: float | None,
    seed: int | None,
    concurrency: int,
    project: Path,
    no_save: bool,
    as_json: bool,
) -> None:
    """Ask several models the same, side by side: answers, latency, tokens and cost.

    TEXT is what is asked, or - for standard input; or give a prompt with --prompt, and rows of its inputs with --data.
    Where rows have `expected`, the share of answers that contain it, in whatever case, stands beside. Without --model, the
    project's models are asked, or the local one. The trial is noted in the ledger, and `ferrata models compare` shows what
    was measured. Exit status 1 if a model did not answer a row.
    """
    from ferrata.app import open_app
    from ferrata.cli.trials import try_all

    rows = _rows(text, file, data, system, project)
    rows = [row._replace(request=_adjusted(row, max_tokens, temperature, seed)) for row in rows]
    with open_app(project) as app:
        chosen = list(dict.fromkeys(names)) or list(app.settings.file.models) or ["local"]
        tried = asyncio.run(try_all(app, chosen, rows, concurrency=concurrency))
        problem = None if no_save else _note(app, tried, len(rows))
    if as_json:
        for model in tried:
            one = {"model": model.title, **model.trials[0].as_json()}
            click.echo(json.dumps(one if data is None else model.as_json(), ensure_ascii=False))
    else:
        _show(tried, rows=data is not None)
    if problem is not None:
        click.echo(printable(f"not noted in the ledger: {problem}"), err=True)
    context.exit(1 if any(model.failed for model in tried) else 0)


def _rows(text: str | None, file: Path | None, data: Path | None, system: str | None, project: Path) -> list[Row]:
    from ferrata.cli.trials import Row, rows_of_prompt
    from ferrata.messages import ChatRequest, Message

    if file is not None:
        if text is not None or system is not None:
            raise UsageError("either TEXT or --prompt", hint="a prompt has its own system message")
        from ferrata.cli.prompt_render import open_prompt, root_of, rows_of

        inside = not file.exists() or file.absolute().is_relative_to(
            project.absolute()
        )  # a version lies in the project's registry
        return rows_of_prompt(
            open_prompt(str(file), project if inside else root_of(file)), None if data is None else rows_of(data)
        )
    if data is not None:
        raise UsageError("--data gives the inputs of a prompt", hint="name it: --prompt FILE.prompty")
    asked = sys.stdin.read() if text == "-" else text or ""
    if not asked.strip():
        raise UsageError("the prompt is empty", hint='ferrata models try "How long is the warranty?"')
    messages = (Message("system", system),) if system else ()
    return [Row(1, ChatRequest((*messages, Message("user", asked)), max_tokens=_MAX_TOKENS))]


def _adjusted(row: Row, max_tokens: int | None, temperature: float | None, seed: int | None) -> Any:
    given = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
    return replace(row.request, **{name: value for name, value in given.items() if value is not None})


def _note(app: App, tried: Sequence[TriedModel], rows: int) -> FerrataError | None:
    """Note the trial in the ledger; why it could not be. What was answered is shown all the same."""
    answered = [model for model in tried if model.answered]
    if not answered:
        return None
    results = [model.result() for model in answered]
    try:
        app.ledger.append(
            "models.tried", payload={"models": [model.id for model in answered], "rows": rows, "results": results}
        )
    except FerrataError as error:
        return error
    return None


def _show(tried: Sequence[TriedModel], *, rows: bool) -> None:
    heads, lines = _table_of_rows(tried) if rows else _table_of_answers(tried)
    if not sys.stdout.isatty():
        for line in (heads, *lines):
            click.echo("\t".join(cell.replace("\n", " ").replace("\t", " ") for cell in line))
    else:
        from rich.table import Column, Table
        from rich.text import Text

        words = ("model", "answer")
        columns = [Column(head, justify="left" if head in words else "right") for head in heads]
        table = Table(*columns, show_lines=True)
        for line in lines:
            table.add_row(*(Text(cell, overflow="fold") for cell in line))
        open_console().print(table)
    errors = [trial.error for model in tried for trial in model.trials if trial.error is not None]
    if rows:
        for said in dict.fromkeys(f"{error.code}: {error.message}" for error in errors):
            click.echo(printable(said), err=True)
    for hint in dict.fromkeys(error.hint for error in errors if error.hint):
        click.echo(f"hint: {printable(hint)}", err=True)


def _table_of_answers(tried: Sequence[TriedModel]) -> tuple[list[str], list[list[str]]]:
    lines: list[list[str]] = []
    for model in tried:
        trial = model.trials[0]
        found = trial.as_json()
        if trial.error is not None:
            error = f"{trial.error.code}: {printable(trial.error.message)}"
            lines.append([printable(model.title), *[""] * 5, error])
            continue
        seconds = [_number(found[name], 2) for name in ("seconds_to_first_token", "seconds")]
        tokens = [_number(found[name], 0) for name in ("input_tokens", "output_tokens")]
        cost = _number(found["cost_usd"], 6)
        lines.append([printable(model.title), *seconds, *tokens, cost, printable(str(found["text"]))])
    return ["model", "first, s", "whole, s", "tokens in", "out", "USD", "answer"], lines


def _table_of_rows(tried: Sequence[TriedModel]) -> tuple[list[str], list[list[str]]]:
    heads = ["model", "answered", "failed", "has expected", "median, s", "95 %, s", "tokens in", "out", "out/s", "USD"]
    lines = [
        [
            printable(model.title),
            str(model.answered),
            str(model.failed),
            _number(model.quality, 2),
            _number(model.latency, 2),
            _number(model.slow_latency, 2),
            *(_number(count, 0) for count in model.tokens),
            _number(model.rate, 1),
            _number(model.cost, 6),
        ]
        for model in tried
    ]
    return heads, lines


def _number(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else "?"
