"""`ferrata data write`. Knows no vendor; `app` builds the model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.data_open import json_option, project_option
from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.app import App
    from ferrata.datasets import WritePlan, Written

__all__ = ["write"]


@click.command()
@project_option
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--from", "paths", type=click.Path(path_type=Path), multiple=True, required=True, help="A document or a folder."
)
@click.option(
    "--model",
    metavar="NAME",
    help="A model of ferrata.yaml, VENDOR/MODEL or local; the project's default if not given.",
)
@click.option("--rows", type=click.IntRange(min=1), required=True, help="How many rows at most.")
@click.option(
    "--task", type=click.Choice(["qa", "situation"]), default="qa", show_default=True, help="What kind of rows."
)
@click.option("--max-calls", type=click.IntRange(min=1), help="Ask at most so often; three times a row if not given.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Stop when so many tokens have been used.")
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Calls at a time.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one takes the passages in another order.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@json_option
def write(
    *,
    project: Path,
    out: Path,
    paths: tuple[Path, ...],
    model: str | None,
    rows: int,
    task: str,
    max_calls: int | None,
    max_tokens: int | None,
    concurrency: int,
    seed: int,
    replace: bool,
    as_json: bool,
) -> None:
    """Let a model write questions and answers from documents into OUT, each with a quote.

    A row whose quote does not stand in the document is dropped and counted. All rows are marked as synthetic. A quote
    shows that a row is about the document, not that its answer is correct: let people look at them.
    """
    from ferrata.app import open_app
    from ferrata.datasets import WritePlan, save_built

    if out.exists() and not replace:  # before a model is paid for rows that cannot be kept
        raise UsageError(f"{str(out)!r} is there already", hint="name another file, or add --replace")
    plan = WritePlan(paths, rows, task, max_calls, max_tokens, concurrency=concurrency, seed=seed)
    with open_app(project) as app:
        done = asyncio.run(_written(app, model, plan))
    save_built(out, done, replace=replace)
    if as_json:
        about = {
            "data": str(out),
            "rows": len(done.rows),
            "calls": done.calls,
            "dropped": done.dropped,
            "ended": done.ended,
        }
        click.echo(json.dumps({**about, "provenance": done.provenance.as_json()}, ensure_ascii=False))
        return
    click.echo(printable(f"{out}: {counted(len(done.rows), 'row')} of {counted(done.calls, 'call')}, all synthetic"))
    for why, count in done.dropped.items():
        click.echo(f"dropped {count:>6,}  {why}")
    if done.ended:
        click.echo(f"ended {done.ended}", err=True)


async def _written(app: App, model: str | None, plan: WritePlan) -> Written:
    from ferrata.datasets import write_synthetic

    async with app.models:
        return await write_synthetic(plan, app.chat_model(model), made_by=app.actor)
