"""`ferrata key create`, `rotate` and `revoke`."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrata.access import Allowance, Key

__all__ = ["create", "revoke", "rotate"]

_TIME = re.compile(r"([0-9]{1,5})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _time(_context: click.Context, _parameter: click.Parameter, text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"not a time: {text!r}; write 30d, 12h, 30m or 10s")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _budgets(_context: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> list[Allowance]:
    if not texts:
        return []
    from ferrata.access import Allowance

    return [Allowance.parse(text) for text in texts]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command()
@click.argument("name")
@click.option("--team", default="", help="Whose it is; budgets of teams are declared in ferrata.yaml.")
@click.option("--user", default="", help="Likewise.")
@click.option("--endpoint", "endpoints", multiple=True, metavar="NAME", help="That it may call; all, if not given.")
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    metavar="AMOUNT",
    callback=_budgets,
    help="As 5usd/day, 2000000tokens/month or 100requests/minute; may be repeated.",
)
@click.option("--requests-per-minute", type=click.IntRange(1), metavar="N", help="At most so many.")
@click.option("--tokens-per-minute", type=click.IntRange(1), metavar="N", help="At most so many, in and out.")
@click.option("--concurrency", type=click.IntRange(1), metavar="N", help="Calls at a time, in each process.")
@click.option("--expires", callback=_time, metavar="TIME", help="It ends after this time, as 30d or 12h; else never.")
@_project
def create(
    *,
    name: str,
    team: str,
    user: str,
    endpoints: Sequence[str],
    budgets: list[Allowance],
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    concurrency: int | None,
    expires: timedelta | None,
    project: Path,
    wants_json: bool,
) -> None:
    """Make the key NAME and show its secret, which is kept nowhere: only its SHA-256 is."""
    from ferrata.access import Allowance, Draft
    from ferrata.app import open_app

    if requests_per_minute is not None:
        budgets = [*budgets, Allowance("requests", "minute", requests_per_minute)]
    if tokens_per_minute is not None:
        budgets = [*budgets, Allowance("tokens", "minute", tokens_per_minute)]
    with open_app(project) as app:
        draft = Draft(
            name,
            team=team,
            user=user,
            endpoints=tuple(dict.fromkeys(endpoints)),
            budgets=tuple(budgets),
            concurrency=concurrency,
            expires=None if expires is None else app.clock.now() + expires,
        )
        unknown = [name for name in draft.endpoints if name not in (app.settings.file.endpoints or {})]
        made, secret = app.keys.create(draft)
        found = made.as_json(app.clock.now())
    if unknown:
        click.echo(f"ferrata.yaml declares no endpoint {', '.join(unknown)} (yet)", err=True)
    _print(made, secret, found, "made", wants_json=wants_json)


@click.command()
@click.argument("name", metavar="NAME|ID")
@click.option(
    "--grace", callback=_time, default="24h", show_default=True, metavar="TIME", help="The old secret goes on so long."
)
@_project
def rotate(*, name: str, grace: timedelta, project: Path, wants_json: bool) -> None:
    """Give a key another secret and show it; the one that it had goes on for a while, one before that ends at once."""
    from ferrata.app import open_app

    with open_app(project) as app:
        made, secret = app.keys.rotate(name, grace=grace)
        found = made.as_json(app.clock.now())
    _print(made, secret, found, "has another secret", wants_json=wants_json)
    if not wants_json:
        until = found["old_secret_until"]
        click.echo(f"the old one ends {f'at {until}' if until else 'now'}")


@click.command()
@click.argument("name", metavar="NAME|ID")
@_project
def revoke(*, name: str, project: Path, wants_json: bool) -> None:
    """End a key at once; a running gateway follows within about a second."""
    from ferrata.app import open_app

    with open_app(project) as app:
        ended = app.keys.revoke(name)
        found = ended.as_json(app.clock.now())
    if wants_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{ended.name} ({ended.id}) is revoked")


def _print(made: Key, secret: str, found: dict[str, Any], what: str, *, wants_json: bool) -> None:
    if wants_json:
        click.echo(json.dumps({**found, "secret": secret}, ensure_ascii=False, indent=2))
        return
    budgets = f"; {', '.join(found['budgets'])}" if made.budgets else ""
    may = counted(len(made.endpoints), "endpoint") if made.endpoints else "all endpoints"
    click.echo(f"{printable(made.name)} ({made.id}) {what}: {may}{budgets}")
    click.echo(secret)
    click.echo("this is its secret, shown once and kept nowhere")
