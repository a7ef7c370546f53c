"""`ferrata models list` and `show`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.catalog import FEATURES, KINDS, STAGES, ModelFilter, canonical_provider, open_catalog
from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import UsageError
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.catalog import Catalog, ModelCard, Price, Rate

__all__ = ["FEATURE_WORDS", "dollars", "list_models", "load_catalog", "project_option", "show", "yes_no"]

project_option = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=".", help="Folder of the project."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

FEATURE_WORDS = {
    "tools": "tools",
    "json_schema": "json",
    "images": "images",
    "logprobs": "logprobs",
    "seed": "seed",
    "streaming": "streaming",
    "reasoning": "reasoning",
    "tunable": "tunable",
}
"""What a table calls the features."""

_ORDERS = ("name", "input-price", "output-price", "context", "retires")


@click.command("list")
@click.argument("text", default="")
@project_option
@click.option("--provider", "providers", multiple=True, help="Only what this provider serves; may be repeated.")
@click.option("--maker", "makers", multiple=True, help="Only models of this maker.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="What it is for; chat if not given.")
@click.option("--state", "stages", multiple=True, type=click.Choice(STAGES), help="Where in its life it is.")
@click.option(
    "--capability", "features", multiple=True, type=click.Choice(FEATURES), help="It can do this; all of them."
)
@click.option("--fine-tunable", is_flag=True, help="The provider offers fine-tuning of it; as --capability tunable.")
@click.option(
    "--licence",
    "licences",
    multiple=True,
    help="Of this licence, as apache-2.0 or proprietary; open: any open weights.",
)
@click.option("--min-context", type=click.IntRange(min=1), metavar="TOKENS", help="At least so many tokens of context.")
@click.option(
    "--max-input-price", type=click.FloatRange(min=0), metavar="USD", help="At most so much per million tokens read."
)
@click.option(
    "--max-output-price",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="At most so much per million tokens written.",
)
@click.option("--pinned", is_flag=True, help="Only names that fix the version.")
@click.option("--all", "everything", is_flag=True, help="Of every provider, of every kind, retired ones too.")
@click.option("--sort", type=click.Choice(_ORDERS), default="name", show_default=True, help="The order.")
@_json
def list_models(
    *,
    text: str,
    project: Path,
    providers: tuple[str, ...],
    makers: tuple[str, ...],
    kinds: tuple[str, ...],
    stages: tuple[str, ...],
    features: tuple[str, ...],
    fine_tunable: bool,
    licences: tuple[str, ...],
    min_context: int | None,
    max_input_price: float | None,
    max_output_price: float | None,
    pinned: bool,
    everything: bool,
    sort: str,
    as_json: bool,
) -> None:
    """List models whose name has TEXT in it, by filters.

    What is unknown of a model does not pass a filter. Without --provider, the makers' own APIs; without --state, what is
    not retired; without --kind, models for chat; --all lifts these three.
    """
    catalog = load_catalog(project)
    _check_licences(catalog, licences)
    chosen = providers or (catalog.providers if everything else catalog.makers)
    wanted = ModelFilter(
        text=text,
        makers=makers,
        kinds=kinds or (() if everything else ("chat",)),
        stages=stages or (() if everything else tuple(stage for stage in STAGES if stage != "retired")),
        features=(*features, "tunable") if fine_tunable else features,
        min_context=min_context,
        max_input_price=max_input_price,
        max_output_price=max_output_price,
        licences=tuple(licence.lower() for licence in licences),
        pinned=pinned,
    )
    cards = [card for provider in dict.fromkeys(map(canonical_provider, chosen)) for card in catalog.cards(provider)]
    found = sorted((card for card in cards if wanted.admits(card)), key=lambda card: _order(card, sort))
    if as_json:
        click.echo(json.dumps([card.as_json() for card in found], indent=2))
        return
    _print(found)
    click.echo(
        f"{counted(len(found), 'model')} of {len(cards):,}; prices: {catalog.book.version}, USD per million tokens",
        err=True,
    )


def _check_licences(catalog: Catalog, asked: Sequence[str]) -> None:
    if not asked:
        return
    known = {card.capabilities.licence or "" for name in catalog.providers for card in catalog.cards(name)} - {""}
    if strange := [licence for licence in asked if licence.lower() not in {*known, "open"}]:
        there = ", ".join(["open", *sorted(known)])
        raise UsageError(f"no model of the catalogue has the licence {strange[0]!r}", hint=f"there are {there}")


@click.command()
@project_option
@click.argument("model")
@_json
def show(*, project: Path, model: str, as_json: bool) -> None:
    """Show all that is known of MODEL, as openai/gpt-4o-mini or gpt-4o-mini."""
    card = load_catalog(project).card(model)
    if as_json:
        click.echo(json.dumps(card.as_json(), indent=2))
        return
    for name, value in _facts(card):
        click.echo(printable(f"{name:<16}{value}"))


def load_catalog(project: Path) -> Catalog:
    """The catalogue of the project in a folder, now."""
    return open_catalog(load_settings(project), datetime.now(UTC))


def yes_no(value: bool | None) -> str:
    """`yes`, `no` or `?`."""
    return "?" if value is None else "yes" if value else "no"


def dollars(rate: Rate | None) -> str:
    """A rate with two decimals or more; `+` where a tier lies above it, `?` where it is unknown."""
    if rate is None:
        return "?"
    text = f"{rate.base:.2f}" if round(rate.base, 2) == rate.base else f"{rate.base:.6f}".rstrip("0")
    return text + ("+" if rate.tiers else "")


def _order(card: ModelCard, sort: str) -> tuple[float, str]:
    far = float("inf")
    price = card.price
    match sort:
        case "input-price":
            return (price.input.base if price and price.input else far, card.id)
        case "output-price":
            return (price.output.base if price and price.output else far, card.id)
        case "context":
            return (-(card.capabilities.context or 0), card.id)
        case "retires":
            return (card.retires.toordinal() if card.retires else far, card.id)
        case _:
            return (0, card.id)


def _print(cards: Sequence[ModelCard]) -> None:
    rows = [("model", "state", "retires", "context", "output", "in $", "out $", "can")]
    for card in cards:
        can = card.capabilities
        rows.append(
            (
                card.id,
                card.stage,
                card.retires.isoformat() if card.retires else "",
                f"{can.context:,}" if can.context else "?",
                f"{can.output:,}" if can.output else "?",
                dollars(card.price.input if card.price else None),
                dollars(card.price.output if card.price else None),
                " ".join(word for name, word in FEATURE_WORDS.items() if getattr(can, name)),
            )
        )
    for line in aligned(rows, right=(3, 4, 5, 6)):
        click.echo(printable(line))


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    can = card.capabilities
    points = f", now {card.points_to}" if card.points_to else ""
    days = [("retires", card.retires), ("deprecated", card.deprecated), ("released", can.released)]
    return [
        ("model", card.id),
        ("maker", card.maker or "unknown"),
        ("for", card.kind),
        ("name", f"{card.pinning or 'unknown'}{points}"),
        ("state", card.stage),
        *((name, day.isoformat()) for name, day in days if day),
        *([("replacement", card.replacement)] if card.replacement else []),
        ("context", f"{can.context:,} tokens" if can.context else "unknown"),
        ("max output", f"{can.output:,} tokens" if can.output else "unknown"),
        *((name.replace("_", " "), _word(getattr(can, name))) for name in FEATURES),
        ("open weights", _word(can.open_weights)),
        ("licence", can.licence or "unknown"),
        *_prices(card.price),
        *(("source", source) for source in card.sources),
    ]


def _word(value: bool | None) -> str:
    return "unknown" if value is None else yes_no(value)


def _prices(price: Price | None) -> list[tuple[str, str]]:
    if price is None:
        return [("price", "unknown")]
    rates = {
        "input": price.input,
        "cached input": price.cached_input,
        "cache write": price.cache_write,
        "output": price.output,
    }
    lines = [(name, f"${_tiers(rate)} per million tokens") for name, rate in rates.items() if rate is not None]
    since = f", since {price.since}" if price.since else ""
    return [*lines, ("price of", f"{price.version}{since}")]


def _tiers(rate: Rate) -> str:
    above = [f"{cost:g} above {start:,} tokens of input" for start, cost in rate.tiers]
    return ", $".join([f"{rate.base:g}", *above])
