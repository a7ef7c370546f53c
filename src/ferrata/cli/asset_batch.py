"""`ferrata asset lineage|gc` and `register-all`: what concerns several versions at once.

Knows nothing of where they lie; `shortcut` does.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import click

from ferrata.cli.asset_content import content_of
from ferrata.cli.words import counted
from ferrata.errors import UsageError

__all__ = ["gc", "lineage", "register_all"]

_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_AGE = re.compile(r"([0-9]{1,5})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def _age(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"not an age: {text!r}; write 90d, 12h or 30m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.command("register-all")
@_project
@click.argument("words", metavar="[KIND] FOLDER", nargs=-1, required=True)
@click.option("--match", "pattern", help="Only files whose name is like this; '*.prompty' for prompts, else '*'.")
@click.option("--message", "-m", default="", help="Why these versions were made.")
@_json
def register_all(*, project: Path, words: tuple[str, ...], pattern: str | None, message: str, as_json: bool) -> None:
    """Register each file of a folder as an asset of a kind, named by its path without the suffix; all or none.

    The kind is prompt if none is given; a prompt takes along what it includes. As in: ferrata asset register-all prompts.
    """
    from ferrata.assets import Draft, name_for
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    *before, last = words
    if len(before) > 1:
        raise UsageError(f"one kind and one folder are wanted, not {len(words)} words")
    kind, folder = before[0] if before else "prompt", Path(last)
    pattern = pattern or ("*.prompty" if kind == "prompt" else "*")
    if not folder.is_dir():
        raise UsageError(f"not a folder: {str(folder)!r}", hint="register one asset with `ferrata asset register`")
    paths = [path for path in sorted(folder.rglob(pattern)) if path.is_file() and not _hidden(path, folder)]
    if not paths:
        raise UsageError(f"no file in {str(folder)!r} is like {pattern!r}", hint="choose with --match '*.SUFFIX'")
    if out := next((path for path in paths if not path.resolve().is_relative_to(folder.resolve())), None):
        raise UsageError(f"{str(out)!r} leads out of {str(folder)!r}", hint="put a copy in its place")
    names = {path: name_for(path, within=folder) for path in paths}
    if len(set(names.values())) < len(names):
        twice = next(path for path in paths if list(names.values()).count(names[path]) > 1)
        raise UsageError(f"two files would be {kind}/{names[twice]}", hint="choose with --match '*.SUFFIX'")
    drafts = [Draft(Ref.parse(f"{kind}/{names[path]}"), content_of(kind, [path]), message) for path in paths]
    with open_registry(project) as registry:
        done = registry.register_all(drafts)
    new = [str(registered.version.ref) for registered in done if registered.new]
    if as_json:
        click.echo(json.dumps({"new": new, "unchanged": len(done) - len(new)}))
        return
    for ref in new:
        click.echo(ref)
    click.echo(f"{counted(len(new), 'version')} registered, {len(done) - len(new):,} unchanged")


@click.command()
@_project
@click.argument("ref", metavar="REF")
@_json
def lineage(*, project: Path, ref: str, as_json: bool) -> None:
    """Show what a version came from, and what came from it."""
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        version = registry.resolve(Ref.parse(ref))
        ancestors, children = registry.lineage(version.ref), registry.children(version.ref)
    if as_json:
        sides = {"from": ancestors, "to": children}
        found = {side: [{"role": p.role, "ref": str(p.ref)} for p in parents] for side, parents in sides.items()}
        click.echo(json.dumps({"ref": str(version.ref), **found}))
        return
    click.echo(str(version.ref))
    for parent in ancestors:
        click.echo(f"  from {parent.ref} ({parent.role})")
    for child in children:
        click.echo(f"  to   {child.ref} (as its {child.role})")


@click.command()
@_project
@click.option("--older-than", metavar="AGE", default="90d", show_default=True, callback=_age, help="As 90d, 12h, 30m.")
@click.option("--dry-run", is_flag=True, help="Only say how much would go.")
@click.option("--list", "wants_list", is_flag=True, help="Name each version.")
@_json
def gc(*, project: Path, older_than: timedelta, dry_run: bool, wants_list: bool, as_json: bool) -> None:
    """Remove old versions that nothing refers to.

    Kept are the newest of each asset, what an alias points to or ever did, what a record of the ledger names, and what a kept
    version came from.
    """
    from ferrata.assets import GarbageCount
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        if dry_run and not wants_list:
            count, names = registry.garbage(older_than=older_than), list[str]()
        else:
            found = registry.collect(older_than=older_than, dry_run=dry_run)
            count = GarbageCount(len(found.versions), found.bodies, found.size)
            names = [str(ref) for ref in found.versions] if wants_list else []
    if as_json:
        about = {"versions": count.versions, "bodies": count.bodies, "bytes": count.size, "dry_run": dry_run}
        click.echo(json.dumps({**about, "names": names} if wants_list else about))
        return
    if names:
        click.echo("\n".join(names))
    would = "would be removed" if dry_run else "removed"
    bodies = f"{count.bodies:,} {'body' if count.bodies == 1 else 'bodies'}"
    click.echo(f"{counted(count.versions, 'version')} and {bodies} of {count.size:,} bytes {would}")


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
