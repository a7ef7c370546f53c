"""`ferrata data register` and `ferrata data list`. Know nothing of what a version of a dataset is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.data_open import json_option, project_option, rule_of
from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["list_datasets", "register"]


@click.command()
@project_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the dataset, as support-golden; it becomes dataset/NAME.")
@click.option(
    "--split",
    "shares",
    metavar="COLUMN|NAME=SHARE",
    multiple=True,
    help="The column that says the split, or the share of each: --split train=0.8 --split test=0.2.",
)
@click.option("--key", default="", metavar="COLUMN", help="With shares: rows of one value here stay together.")
@click.option("--tag", "tags", metavar="NAME=VALUE", multiple=True, help="A tag; may be repeated.")
@click.option("--parent", "parents", metavar="ROLE=REF", multiple=True, help="A version that it came from; repeatable.")
@click.option("--message", "-m", default="", help="Why this version was made.")
@json_option
def register(
    *,
    project: Path,
    file: Path,
    name: str,
    shares: Sequence[str],
    key: str,
    tags: Sequence[str],
    parents: Sequence[str],
    message: str,
    as_json: bool,
) -> None:
    """Make a version of a dataset from a file, with what the description beside it says.

    Data of 16 MiB and more is copied to .ferrata/datasets, and the version holds its SHA-256. Rows that cannot be read
    are counted and stay in the file.
    """
    from ferrata.app import open_app
    from ferrata.assets import Parent
    from ferrata.datasets import open_file, register_dataset
    from ferrata.refs import Ref

    came_from = tuple(Parent(role, Ref.parse(ref)) for role, ref in _pairs(parents, "--parent").items())
    dataset, rule, given = open_file(file), rule_of(shares, key), _pairs(tags, "--tag")
    with open_app(project) as app:
        done = register_dataset(
            dataset,
            name.removeprefix("dataset/"),
            app.registry,
            bodies=app.bodies,
            split=rule,
            tags=given,
            message=message,
            parents=came_from,
        )
        version = done.registered.version
        if done.registered.new:
            payload = {"origin": done.origin, "rows": done.rows}
            app.ledger.append("dataset.versioned", subjects=[str(version.ref)], payload=payload)
    if as_json:
        about = {**version.as_json(), "new": done.registered.new, "rows": done.rows, "broken": done.broken}
        click.echo(json.dumps(about))
        return
    if not done.registered.new:
        click.echo(f"{version.ref} has this content already")
        return
    broken = f" and {done.broken:,} that cannot be read" if done.broken else ""
    click.echo(f"{version.ref} registered, {counted(done.rows, 'row')}{broken}, {version.digest[:12]}")


@click.command("list")
@project_option
@json_option
def list_datasets(*, project: Path, as_json: bool) -> None:
    """List the datasets of the registry with rows, origin and aliases of their newest version."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        found = [(row, registry.resolve(Ref("dataset", row.name))) for row in registry.assets("dataset")]
    if as_json:
        click.echo(json.dumps([{**row.as_json(), "labels": dict(version.labels)} for row, version in found]))
        return
    table = [["dataset", "rows", "origin", "aliases", "message"]]
    for row, version in found:
        aliases = " ".join(f"{alias}={number}" for alias, number in row.aliases.items())
        labels = version.labels
        cells = [
            str(version.ref),
            labels.get("rows", ""),
            labels.get("origin", ""),
            aliases,
            row.message.partition("\n")[0],
        ]
        table.append([printable(cell) for cell in cells])
    click.echo("\n".join(aligned(table, right=(1,))) if found else "no datasets")


def _pairs(words: Sequence[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or name in found:
            raise UsageError(f"{option} {word!r} is not NAME=VALUE, or stands twice", hint=f"write {option} NAME=VALUE")
        found[name] = value
    return found
