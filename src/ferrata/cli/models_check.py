"""`ferrata models check` and `refresh`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.models_list import project_option
from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.app import App
    from ferrata.catalog import CheckedModel, OfferedModel

__all__ = ["check", "refresh"]


@click.command()
@project_option
@click.option(
    "--fail-within",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Exit with 1 if one is retired, or will be within so many days.",
)
@click.option("--no-save", is_flag=True, help="Write no record to the ledger.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(context: click.Context, *, project: Path, fail_within: int | None, no_save: bool, as_json: bool) -> None:
    """List the models that the project uses, with what floats, is deprecated or about to retire.

    They are found by a scan and in ferrata.yaml. The check is noted in the ledger.
    """
    from ferrata.app import open_app

    with open_app(project) as app:
        found = app.check_models(save=not no_save)
        problem = app.maturity.store_problem
    soon = [
        model
        for model in found
        if fail_within is not None and model.days_left is not None and model.days_left <= fail_within
    ]
    if as_json:
        click.echo(json.dumps([model.as_json() for model in found], indent=2))
    else:
        _print(found)
    if problem is not None:
        click.echo(printable(f"not noted in the ledger: {problem}"), err=True)
    if soon:
        names = ", ".join(model.facts.name for model in soon)
        click.echo(printable(f"retired, or within {counted(fail_within or 0, 'day')}: {names}"), err=True)
        context.exit(1)


def _print(found: list[CheckedModel]) -> None:
    if not found:
        click.echo("no model is named in this project", err=True)
        return
    rows = [("model", "what", "retires", "days left", "instead", "where")]
    for model in found:
        facts, first = model.facts, model.uses[0]
        more = f" and {len(model.uses) - 1} more" if len(model.uses) > 1 else ""
        instead = facts.replacement or (facts.points_to if facts.pinning == "floating" else None)
        rows.append(
            (
                facts.name,
                ", ".join(model.problems) or "ok",
                facts.retires.isoformat() if facts.retires else "",
                "" if model.days_left is None else f"{model.days_left:,}",
                instead or "",
                f"{first.file}:{first.line}{more}",
            )
        )
    for line in aligned(rows, right=(3,)):
        click.echo(printable(line))


@click.command()
@project_option
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    help="Ask this provider which models it offers, with your key; then no prices are fetched.",
)
@click.option("--url", help="Where the list of prices lies, as on a mirror of your own.")
@click.option(
    "--offer",
    "offers",
    multiple=True,
    metavar="PROVIDER=FILE",
    help="Take in a provider's answer to GET /v1/models, saved to a file; then no prices are fetched.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def refresh(
    *, project: Path, providers: tuple[str, ...], url: str | None, offers: tuple[str, ...], as_json: bool
) -> None:
    """Fetch the newest prices, or ask or take in what a provider offers.

    The only commands here that ask the network are those that say so: this one does. Without it, everything works from the
    facts that Ferrata ships.
    """
    from ferrata.caches import cache_folder
    from ferrata.catalog import keep_offer, refresh_prices

    folder = cache_folder()
    if folder is None:
        raise UsageError("there is no folder to keep it in", hint="set FERRATA_CACHE to a folder")
    now = datetime.now(UTC)
    done: dict[str, object] = {}
    for offer in offers:
        provider, models = _offer(offer)
        keep_offer(folder, provider, models, now)
        done[provider] = len(models)
    for provider in providers:
        models = _ask(project, provider)
        keep_offer(folder, provider, models, now)
        done[provider] = len(models)
    if not offers and not providers:
        book = refresh_prices(folder, now, url=url)
        done = {"prices": book.version}
    if as_json:
        click.echo(json.dumps(done))
        return
    for name, what in done.items():
        click.echo(printable(f"{name}: {what if isinstance(what, str) else counted(int(str(what)), 'model')}"))


def _ask(project: Path, provider: str) -> list[OfferedModel]:
    from ferrata.app import open_app
    from ferrata.catalog import offered_models

    async def answer(app: App) -> dict[str, object]:
        async with app.models as models:
            return await models.offer(provider)

    with open_app(project) as app:
        return offered_models(asyncio.run(answer(app)))


def _offer(said: str) -> tuple[str, list[OfferedModel]]:
    from ferrata.catalog import offered_models

    provider, equals, file = said.partition("=")
    if not (provider and equals and file):
        raise UsageError(f"not PROVIDER=FILE: {said!r}", hint="as --offer openai=models.json")
    try:
        answer = json.loads(Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {file!r}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file!r} is not JSON: {error}") from None
    return provider, offered_models(answer)
