"""`ferrata pack`: signed archives of assets with their lineage and evidence, to share between teams.

Knows nothing of how they are made; `assets` does.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.assets import OpenedPack

__all__ = ["pack"]

_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_file = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
_trust = click.option("--trust", "keys", metavar="KEY", multiple=True, help="A key to trust, besides packs.trusted.")


@click.group()
def pack() -> None:
    """Signed archives of assets with their lineage and evidence, to share between teams."""


@pack.command()
@_project
@click.option("--new", is_flag=True, help="Make a key first.")
@_json
def key(*, project: Path, new: bool, as_json: bool) -> None:
    """Print your public key, for those who are to trust your packs.

    The secret half lies in your configuration folder, readable by you alone.
    """
    from ferrata.assets import make_key, public_key

    found = make_key(project) if new else public_key()
    click.echo(json.dumps({"key": found}) if as_json else found)


@pack.command()
@_project
@click.argument("refs", metavar="REF...", nargs=-1, required=True)
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--name", help="The pack's name; the file's without its suffix if not given.")
@click.option("--message", "-m", default="", help="What it is.")
@click.option("--force", is_flag=True, help="Write over the file, if it is there already.")
@_json
def export(
    *, project: Path, refs: tuple[str, ...], output: Path, name: str | None, message: str, force: bool, as_json: bool
) -> None:
    """Write a signed pack of versions, of all that they came from, and of the records about them."""
    from ferrata.assets import name_for
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    chosen = name if name is not None else name_for(Path(output.name), within=Path())
    with open_registry(project) as registry:
        made = registry.packs.make([Ref.parse(ref) for ref in refs], name=chosen, message=message)
        _write(output, made.data, force=force)
        registry.packs.note_export(made)
    if as_json:
        click.echo(json.dumps({"file": str(output), "digest": made.digest, "assets": len(made.document.assets)}))
        return
    count = counted(len(made.document.assets), "version")
    click.echo(f"{output} written: {count}, {counted(len(made.document.evidence), 'record')}, {made.digest[:12]}")


@pack.command()
@_file
@_json
def show(*, file: Path, as_json: bool) -> None:
    """Show what is in a pack, once its digests and its signature fit; writes nothing."""
    _show(file, as_json=as_json)


@pack.command()
@_project
@_file
@_trust
@_json
def verify(*, project: Path, file: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Check a pack's digests, its signature and whether its key is trusted; writes nothing."""
    from ferrata.assets import open_pack

    opened = open_pack(file)
    trusted = opened.key in _trusted(project, keys)
    if as_json:
        click.echo(json.dumps({"digest": opened.digest, "key": opened.key, "trusted": trusted}))
    else:
        click.echo(f"{counted(len(opened.document.assets), 'version')} and the signature fit, {opened.digest[:12]}")
        click.echo(f"signed by {opened.key}, which is {'trusted' if trusted else 'not trusted here'}")
    click.get_current_context().exit(0 if trusted else 1)


@pack.command("import")
@_project
@_file
@_trust
@_json
def install(*, project: Path, file: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Register what is in a pack, all or nothing, if its key is trusted. Nothing of it is run."""
    from ferrata.assets import open_pack
    from ferrata.shortcut import open_registry

    opened = open_pack(file)
    trusted = _trusted(project, keys)
    with open_registry(project) as registry:
        done = registry.packs.install(opened, trusted=trusted)
    if as_json:
        versions = {ref: {"version": str(d.version.ref), "new": d.new} for ref, d in done.versions.items()}
        click.echo(json.dumps({"pack": str(done.pack.ref), "versions": versions}))
        return
    for ref, registered in done.versions.items():
        said = "new" if registered.new else "there already"
        click.echo(f"{ref} is {registered.version.ref} here, {said}")


def _trusted(project: Path, keys: tuple[str, ...]) -> set[str]:
    from ferrata.assets import parse_key
    from ferrata.settings import load_settings

    return {parse_key(text) for text in (*keys, *load_settings(project).file.packs.trusted)}


def _show(file: Path, *, as_json: bool) -> None:
    from ferrata.assets import open_pack

    opened = open_pack(file)
    if as_json:
        click.echo(json.dumps({"key": opened.key, "digest": opened.digest, **opened.document.model_dump()}))
        return
    for line in _lines(opened):
        click.echo(printable(line))


def _lines(opened: OpenedPack) -> list[str]:
    document = opened.document
    lines = [f"pack/{document.name}, made by {document.made_by} in {document.project} at {document.made_at}"]
    lines += [document.message] if document.message else []
    lines.append(f"signed by {opened.key}; digest {opened.digest}")
    for version in document.assets:
        came = ", ".join(f"{parent.role} {parent.ref}" for parent in version.parents)
        files = counted(len(version.files), "file")
        lines.append(
            f"{version.ref}  {version.digest[:12]}  {files}, by {version.author}{f'; from {came}' if came else ''}"
        )
    for record in document.evidence:
        lines.append(
            f"record {record.get('seq')}: {record.get('action')} by {record.get('actor')} at {record.get('at')}"
        )
    return lines


def _write(output: Path, data: bytes, *, force: bool) -> None:
    """Put a whole file in its place at once: a reader never sees half a pack, and two writers never overwrite each other unasked.

    Raises:
        UsageError: there is one already, or it cannot be written.
    """
    partial = output.with_name(f"{output.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        if force:
            partial.replace(output)
        else:
            _place(partial, output)
    except FileExistsError:
        hint = "name another file, or write over it with --force"
        raise UsageError(f"{str(output)!r} is there already", hint=hint) from None
    except OSError as error:
        raise UsageError(f"cannot write {str(output)!r}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _place(partial: Path, output: Path) -> None:
    """Give a file its name if no other has it."""
    try:
        output.hardlink_to(partial)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: whole or not at all, but not both at one moment
        output.touch(exist_ok=False)
        partial.replace(output)
