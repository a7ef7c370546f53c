"""`ferrata release create`, `list`, `show`, `diff` and `verify`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.words import aligned, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ferrata.releases import Kept

__all__ = ["create", "diff", "list_command", "show", "verify"]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command()
@click.argument("name")
@click.argument("answers", metavar="flow/NAME@VERSION|model:NAME")
@click.option("--endpoint", metavar="NAME", help="Take the guard that ferrata.yaml declares for it.")
@click.option("--waive", "waived", default="", metavar="REASON", help="Make it without a gate's verdict that passes.")
@click.option("--message", default="", metavar="TEXT", help="Why it was made.")
@_project
def create(
    *, name: str, answers: str, endpoint: str | None, waived: str, message: str, project: Path, wants_json: bool
) -> None:
    """Put the release NAME together: what answers, the models that it may ask, and the gate's verdict on it."""
    from ferrata.app import open_app
    from ferrata.catalog import read_routes
    from ferrata.maturity import head_commit

    with open_app(project) as app:
        guard = {} if endpoint is None else read_routes(app.settings).endpoint(endpoint).guard.model_dump(mode="json")
        kept, new = app.releases.create(
            app.settings,
            name,
            answers,
            guard=guard,
            waived=waived,
            commit=head_commit(app.settings.root) or "",
            message=message,
        )
    if wants_json:
        click.echo(json.dumps(_as_json(kept), ensure_ascii=False, indent=2))
        return
    click.echo(f"{kept.ref} {'made' if new else 'is there already'}: {kept.release.answers}, {kept.digest[:12]}")
    if kept.release.evidence is None:
        click.echo("no gate was ever decided on what it answers with", err=True)


@click.command("list")
@_project
def list_command(*, project: Path, wants_json: bool) -> None:
    """List the releases of the project, the newest version of each."""
    from ferrata.app import open_app

    with open_app(project) as app:
        found = [app.releases.read(f"release/{row.name}") for row in app.releases.names()] if app.has_store else []
    if wants_json:
        click.echo(json.dumps([_as_json(kept) for kept in found], ensure_ascii=False, indent=2))
    elif not found:
        click.echo("there is no release: make one with `ferrata release create`")
    else:
        cells = [["release", "answers with", "gate", "digest", "made"]]
        cells += [[one.ref, one.release.answers, _gate(one), one.digest[:12], one.version.at] for one in found]
        click.echo("\n".join(aligned([[printable(cell) for cell in row] for row in cells])))


def _gate(kept: Kept) -> str:
    evidence = kept.release.evidence
    said = "none" if evidence is None else f"{evidence.gate}: {evidence.verdict}"
    return f"{said} (waived)" if kept.release.waived or (evidence is not None and evidence.waived) else said


def _as_json(kept: Kept) -> dict[str, Any]:
    return {"ref": kept.ref, "digest": kept.digest, **kept.release.model_dump(mode="json", exclude_defaults=True)}


@click.command()
@click.argument("release")
@_project
def show(*, release: str, project: Path, wants_json: bool) -> None:
    """Show what RELEASE holds, as release/bot@3 or bot. Secrets are references."""
    from ferrata.app import open_app

    with open_app(project) as app:
        kept = app.releases.read(release)
    if wants_json:
        click.echo(json.dumps(_as_json(kept), ensure_ascii=False, indent=2))
        return
    cells = [[key, printable(value)] for key, value in _flat(_as_json(kept))]
    click.echo("\n".join(aligned(cells)))


def _flat(about: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in about.items():
        if isinstance(value, dict) and value:
            yield from _flat(cast("dict[str, Any]", value), f"{before}{key}.")
        else:
            yield f"{before}{key}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@click.command()
@click.argument("one")
@click.argument("other")
@_project
def diff(*, one: str, other: str, project: Path, wants_json: bool) -> None:
    """Show what differs between the releases ONE and OTHER; exit status 1 if anything does."""
    from ferrata.app import open_app

    with open_app(project) as app:
        sides = [dict(_flat(_as_json(app.releases.read(name)))) for name in (one, other)]
    old, new = sides
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key) and key not in ("ref", "digest")]
    if wants_json:
        found = {key: {"from": old.get(key), "to": new.get(key)} for key in changed}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        cells = [[key, printable(old.get(key, "-")), "->", printable(new.get(key, "-"))] for key in changed]
        click.echo("\n".join(aligned(cells)) if cells else f"{old['ref']} and {new['ref']} hold the same")
    raise SystemExit(1 if changed else 0)


@click.command()
@click.argument("release")
@_project
def verify(*, release: str, project: Path, wants_json: bool) -> None:
    """Check that RELEASE is what it says and can run here; exit status 1 if not."""
    from ferrata.app import open_app

    with open_app(project) as app:
        kept = app.releases.read(release)
        problems = app.releases.verify(kept, os.environ)
    if wants_json:
        click.echo(json.dumps({"ref": kept.ref, "digest": kept.digest, "problems": problems}, indent=2))
    else:
        for problem in problems:
            click.echo(f"{kept.ref}: {printable(problem)}")
        if not problems:
            click.echo(f"{kept.ref} is what it says, and can run here")
    raise SystemExit(1 if problems else 0)
