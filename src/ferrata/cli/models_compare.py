"""`ferrata models compare`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ferrata.catalog import FEATURES, Workload, compare_models, measured_in
from ferrata.cli.models_list import dollars, load_catalog, project_option, yes_no
from ferrata.cli.words import aligned, printable
from ferrata.errors import UsageError
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ferrata.catalog import ComparedModel, Measured

__all__ = ["compare"]


@click.command()
@project_option
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option("--requests", type=click.IntRange(1, 10**12), default=1000, show_default=True, help="How many requests.")
@click.option(
    "--input-tokens", type=click.IntRange(min=0), help="Tokens that a request reads; as in recorded runs, or 1000."
)
@click.option("--output-tokens", type=click.IntRange(min=0), help="Tokens that it writes; as in recorded runs, or 300.")
@click.option(
    "--cached-share", type=click.FloatRange(0, 1), default=0.0, help="Share of the input from the provider's cache."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    *,
    project: Path,
    names: tuple[str, ...],
    requests: int,
    input_tokens: int | None,
    output_tokens: int | None,
    cached_share: float,
    as_json: bool,
) -> None:
    """Compare any number of models: abilities, dates, and what your workload costs on each.

    A model is named as vendors name it, or as the project does. Quality and latency come from the runs that the ledger has
    recorded.
    """
    if cached_share != cached_share:  # click lets "nan" pass
        raise UsageError("the share is no number", hint="give one from 0 to 1")
    catalog = load_catalog(project)
    own = load_settings(project).file.models
    spelled = [f"{own[name].vendor}/{own[name].model}" if name in own else name for name in names]
    cards = list({card.id: card for card in map(catalog.card, spelled)}.values())
    if len(cards) < 2:
        raise UsageError(
            "one model is no comparison", hint=f"name another, as `ferrata models compare {names[0]} claude-haiku-4-5`"
        )
    measured = _measured(project)
    ran = [found for card in cards if (found := measured.get(card.id))]
    workload = Workload(
        requests,
        input_tokens if input_tokens is not None else _mean([found.input_tokens for found in ran], 1000),
        output_tokens if output_tokens is not None else _mean([found.output_tokens for found in ran], 300),
        cached_share,
    )
    found = compare_models(cards, workload, measured)
    if as_json:
        answer = {"workload": workload._asdict(), "models": [model.as_json() for model in found]}
        click.echo(json.dumps(answer, indent=2))
        return
    for line in aligned(_rows(found, workload)):
        click.echo(printable(line))
    for model in found:
        for note in model.notes:
            click.echo(printable(f"note: {model.card.id}: {note}"))
    click.echo(
        f"prices: {', '.join(sorted({m.card.price.version for m in found if m.card.price}))}; ? is unknown", err=True
    )


def _measured(project: Path) -> Mapping[str, Measured]:
    """What the project's runs have shown; nothing where there is no ledger yet. To load what opens one takes time."""
    settings = load_settings(project)
    if settings.store_url is None and not settings.state.is_dir():
        return {}
    from ferrata.app import open_app

    with open_app(project) as app:
        return measured_in(app.ledger, app.settings.project) if app.has_store else {}


def _mean(values: list[float | None], otherwise: int) -> int:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known)) if known else otherwise


def _rows(found: Sequence[ComparedModel], workload: Workload) -> list[tuple[str, ...]]:
    def row(name: str, cells: list[str]) -> tuple[str, ...]:
        return (name, *cells)

    cards = [model.card for model in found]
    runs = [model.measured for model in found]
    rows = [
        row("", [card.id for card in cards]),
        row("state", [card.stage for card in cards]),
        row("released", [str(card.capabilities.released or "?") for card in cards]),
        row("retires", [str(card.retires or "-") for card in cards]),
        row("replacement", [card.replacement or "-" for card in cards]),
        row("name", [card.pinning or "?" for card in cards]),
        row("context", [_tokens(card.capabilities.context) for card in cards]),
        row("max output", [_tokens(card.capabilities.output) for card in cards]),
        *(
            row(name.replace("_", " "), [yes_no(getattr(card.capabilities, name)) for card in cards])
            for name in FEATURES
        ),
        row("licence", [card.capabilities.licence or "?" for card in cards]),
        row("in $/M", [dollars(card.price.input if card.price else None) for card in cards]),
        row("out $/M", [dollars(card.price.output if card.price else None) for card in cards]),
        row("$ a request", [_money(model.request) for model in found]),
        row(f"$ for {workload.requests:,}", [_money(model.total) for model in found]),
    ]
    if any(runs):
        rows += [
            row("quality", ["?" if run is None or run.quality is None else f"{run.quality:.2f}" for run in runs]),
            row("latency", ["?" if run is None or run.latency is None else f"{run.latency:.2f} s" for run in runs]),
            row("rows", ["-" if run is None else f"{run.rows:,}" for run in runs]),
        ]
    return rows


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "?"


def _money(amount: float | None) -> str:
    return "?" if amount is None else f"{amount:.4g}" if amount < 1 else f"{amount:,.2f}"
