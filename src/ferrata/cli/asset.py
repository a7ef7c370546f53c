"""`ferrata asset`: versions of prompts, models, flows, datasets and everything else, and the aliases that point to them.

Knows nothing of where they lie; `shortcut` does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.asset_batch import gc, lineage, register_all
from ferrata.cli.asset_content import content_of, named
from ferrata.cli.asset_diff import diff
from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.assets import Move, Registered, Version

__all__ = ["asset", "roll_back"]

_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_limit = click.option(
    "--limit", type=click.IntRange(0, 1_000_000_000), default=50, show_default=True, help="At most so many; 0: all."
)


@click.group()
def asset() -> None:
    """Versions of prompts, models, flows, datasets and everything else, with lineage and aliases."""


for _command in (register_all, diff, lineage, gc):
    asset.add_command(_command)


@asset.command()
@_project
@click.argument("words", metavar="[KIND/NAME] PATH...", nargs=-1, required=True)
@click.option("--message", "-m", default="", help="Why this version was made.")
@click.option("--label", "labels", metavar="NAME=VALUE", multiple=True, help="A label; may be repeated.")
@click.option("--parent", "parents", metavar="ROLE=REF", multiple=True, help="A version that it came from; repeatable.")
@click.option(
    "--expect", metavar="N", type=click.IntRange(min=0), help="Refuse unless the newest version is N (0: none)."
)
@_json
def register(
    *,
    project: Path,
    words: tuple[str, ...],
    message: str,
    labels: tuple[str, ...],
    parents: tuple[str, ...],
    expect: int | None,
    as_json: bool,
) -> None:
    """Make a version of an asset from files or a folder; none where the content is the newest version's.

    A prompt alone, as prompts/support.prompty, is prompt/support if no name is given, and takes along what it includes.
    As in: ferrata asset register flow/answer flows/answer --parent prompt=prompt/support@3.
    """
    from ferrata.assets import Parent
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    came_from = [Parent(role, Ref.parse(text)) for role, text in _pairs(parents, "--parent")]
    ref, paths = named(words)
    files = content_of(ref.kind, paths)
    with open_registry(project) as registry:
        done = registry.register(
            ref,
            files,
            message=message,
            labels=_labels(labels),
            parents=came_from,
            expect=expect,
        )
    own = done.version
    lost = {
        "labels": not _labels(labels).items() <= own.labels.items(),
        "parents": not set(came_from) <= set(own.parents),
    }
    not_added = [name for name, is_lost in lost.items() if is_lost]
    if as_json:
        click.echo(json.dumps({**own.as_json(), "new": done.new, "not_added": not_added}))
    else:
        click.echo(_said(done, not_added=not_added))


@asset.command("list")
@_project
@click.option("--kind", help="Only assets of this kind, as prompt.")
@_limit
@_json
def list_assets(*, project: Path, kind: str | None, limit: int, as_json: bool) -> None:
    """List assets with their newest version and their aliases."""
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        found = registry.assets(kind, limit=limit or None)
    if as_json:
        click.echo(json.dumps([row.as_json() for row in found]))
        return
    lines = [
        (
            f"{row.kind}/{row.name}@{row.number}",
            " ".join(f"{alias}={number}" for alias, number in row.aliases.items()),
            _day(row.at),
            row.author,
            _first_line(row.message),
        )
        for row in found
    ]
    _print_columns(lines)


@asset.command()
@_project
@click.argument("ref", metavar="REF")
@click.option("--file", "path", help="Print this file of it instead.")
@_json
def show(*, project: Path, ref: str, path: str | None, as_json: bool) -> None:
    """Show a version: by number, by alias, or the newest where REF names neither."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        version = registry.resolve(Ref.parse(ref))
        bodies = registry.files(version) if path is not None else {}
    if path is not None:
        if path not in bodies:
            raise UsageError(f"{version.ref} has no file {path!r}", hint=f"it has {', '.join(bodies)}")
        click.echo(bodies[path], nl=False)
        return
    if as_json:
        click.echo(json.dumps(version.as_json()))
        return
    _print_version(version)


@asset.command()
@_project
@click.argument("ref", metavar="KIND/NAME")
@_limit
@_json
def versions(*, project: Path, ref: str, limit: int, as_json: bool) -> None:
    """List the versions of an asset, the newest first."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        found = registry.versions(Ref.parse(ref), limit=limit or None)
    if as_json:
        click.echo(json.dumps([version.as_json() for version in found]))
        return
    _print_columns((str(v.ref), v.digest[:12], _day(v.at), v.author, _first_line(v.message)) for v in found)


@asset.command()
@_project
@click.argument("ref", metavar="KIND/NAME")
@click.argument("name", metavar="ALIAS")
@click.option("--to", metavar="N", type=click.IntRange(min=1), help="The version.")
@click.option("--remove", is_flag=True, help="Take the alias away instead; its history stays.")
@click.option("--why", default="", help="The reason, for the history.")
@click.option(
    "--expect", metavar="N", type=click.IntRange(min=0), help="Refuse unless it points to N now (0: it is new)."
)
@_json
def alias(
    *, project: Path, ref: str, name: str, to: int | None, remove: bool, why: str, expect: int | None, as_json: bool
) -> None:
    """Point an alias to a version, as in: ferrata asset alias prompt/support production --to 3; or remove it."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    if (to is not None) == remove:
        raise UsageError("an alias is either pointed somewhere or removed", hint="give one of --to NUMBER and --remove")
    wanted = Ref.parse(f"{ref}@{name}")
    with open_registry(project) as registry:
        if to is None:
            move = registry.remove_alias(wanted, why=why, expect=expect)
        else:
            move = registry.move(wanted, to=to, why=why, expect=expect)
    _print_move(move, as_json=as_json)


@asset.command()
@_project
@click.argument("ref", metavar="KIND/NAME[@ALIAS]")
@_limit
@_json
def history(*, project: Path, ref: str, limit: int, as_json: bool) -> None:
    """List where an alias (or each alias of an asset) has pointed, the newest move first."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        moves = registry.moves(Ref.parse(ref), limit=limit or None)
    if as_json:
        click.echo(json.dumps([move.as_json() for move in moves]))
        return
    _print_columns(
        (
            _moment(m.at),
            m.alias,
            f"{m.before or 'new'} -> {m.to or 'none'}",
            "removal" if m.to is None else "rollback" if m.back else "move",
            m.actor,
            _first_line(m.why),
        )
        for m in moves
    )


@asset.command()
@_project
@click.argument("ref", metavar="REF")
@click.option("--message", "-m", default="", help="Why.")
@_json
def restore(*, project: Path, ref: str, message: str, as_json: bool) -> None:
    """Make an earlier version the newest again: a new version with its content.

    To change what is in use, roll the alias back instead.
    """
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        done = registry.restore(Ref.parse(ref), message=message)
    click.echo(json.dumps({**done.version.as_json(), "new": done.new}) if as_json else _said(done))


def roll_back(project: Path, ref: str, *, to: int | None, why: str, as_json: bool) -> None:
    """Point an alias back to where it pointed before, or to any earlier target; part of `ferrata rollback`."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        move = registry.rollback(Ref.parse(ref), to=to, why=why)
    _print_move(move, as_json=as_json)


def _labels(words: Iterable[str]) -> dict[str, str]:
    pairs = _pairs(words, "--label")
    if len(dict(pairs)) < len(pairs):
        raise click.BadParameter("one label has two values", param_hint="--label")
    return dict(pairs)


def _pairs(words: Iterable[str], option: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{word!r} is not NAME=VALUE", param_hint=option)
        found.append((name, value))
    return found


def _said(done: Registered, *, not_added: Sequence[str] = ()) -> str:
    version = done.version
    if not done.new:
        more = f"; the {' and '.join(not_added)} were not added to it, as a version stays as it is" if not_added else ""
        return f"{version.ref} has this content already{more}"
    return f"{version.ref} registered, {counted(len(version.files), 'file')}, {version.digest[:12]}"


def _print_move(move: Move, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(move.as_json()))
        return
    if move.to is None:
        click.echo(f"{move.alias} is removed (it was at {move.before})")
        return
    came = "new" if move.before is None else f"it was at {move.before}"
    click.echo(f"{move.alias} points to version {move.to} ({came})")


def _print_version(version: Version) -> None:
    lines: list[tuple[str, str]] = [
        ("version", str(version.ref)),
        ("digest", version.digest),
        ("author", version.author),
        ("time (UTC)", _moment(version.at)),
    ]
    lines += [("message", version.message)] if version.message else []
    lines += [("label", f"{name}={value}") for name, value in version.labels.items()]
    lines += [("from", f"{parent.role}: {parent.ref}") for parent in version.parents]
    lines += [("file", f"{digest[:12]}  {path}") for path, digest in version.files.items()]
    for name, value in lines:
        click.echo(f"{name:<11} {printable(value)}")


def _print_columns(rows: Iterable[tuple[str, ...]]) -> None:
    """Columns under one another; what is empty in all rows is left out. Without Rich, which takes longer than the query."""
    listed = [tuple(printable(cell) for cell in row) for row in rows]
    if not listed:
        return
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True) if width).rstrip())


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _moment(at: str) -> str:
    return at[:19].replace("T", " ")


def _day(at: str) -> str:
    return at[:10]
