"""`ferrata key list` and `show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import aligned, printable
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.access import Key
    from ferrata.app import App

__all__ = ["list_command", "show"]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command("list")
@click.option("--all", "wants_all", is_flag=True, help="Those that were revoked as well.")
@_project
def list_command(*, wants_all: bool, project: Path, wants_json: bool) -> None:
    """List the keys of the project, the newest first."""
    from ferrata.app import open_app

    with open_app(project) as app:
        keys = app.keys.list(all=wants_all) if app.has_store else []
        found = [key.as_json(app.clock.now()) for key in keys]
    if wants_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("no keys; make one with `ferrata key create NAME`")
        return
    cells = [["name", "id", "state", "secret", "team", "user", "endpoints", "budgets"]]
    for one in found:
        words = [one["name"], one["id"], one["state"], one["secret"], one["team"] or "-", one["user"] or "-"]
        words += [", ".join(one["endpoints"]) or "all", ", ".join(one["budgets"]) or "-"]
        cells.append([printable(word) for word in words])
    click.echo("\n".join(aligned(cells)))


@click.command()
@click.argument("name", metavar="NAME|ID")
@_project
def show(*, name: str, project: Path, wants_json: bool) -> None:
    """Show a key, and how much of its own budgets is used in the windows that run now, as far as was written down."""
    from ferrata.app import open_app

    with open_app(project) as app:
        if not app.has_store:  # to read, none is made
            raise NotFound(f"no key {name!r}", hint="make one with `ferrata key create NAME`")
        key = app.keys.find(name)
        found = {**key.as_json(app.clock.now()), "used": _used(app, key)}
    if wants_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    lines = [[word.replace("_", " "), _text(value)] for word, value in found.items() if word != "used"]
    lines += [["used", f"{one['used']:,.15g} of {one['budget']}"] for one in found["used"]]
    click.echo("\n".join(aligned([[word, printable(text)] for word, text in lines])))


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return "-" if value is None or value == "" else str(value)


def _used(app: App, key: Key) -> list[dict[str, Any]]:
    from ferrata.access import Leases

    leases = Leases(app.store, project=app.settings.project, holder="")
    used = leases.used(f"key:{key.id}", now=app.clock.now().timestamp())
    return [
        {"budget": str(budget), "used": used.get((budget.unit, budget.window), 0) / budget.atoms_per_unit}
        for budget in key.budgets
    ]
