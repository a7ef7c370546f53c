"""`ferrata flow serve`: a flow over HTTP, in the words of Prompt Flow's served app."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.flow_given import (
    Connections,
    flow_place,
    given_connections,
    given_pairs,
    given_values,
    given_variants,
)
from ferrata.cli.pairs import CommandOfPairs
from ferrata.cli.words import printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["serve"]

_INIT = "PF_FLOW_INIT_CONFIG"


@click.command(cls=CommandOfPairs)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--connections",
    multiple=True,
    metavar="FILE|NODE.KEY=VALUE",
    help="YAML file: name -> what a connection holds; or another connection, deployment_name or model for a node.",
)
@click.option("--init", multiple=True, metavar="NAME=VALUE|FILE", help="An argument of a flex flow's class.")
@click.option("--environment-variables", multiple=True, metavar="NAME=VALUE", help="A variable to set for the flow.")
@click.option("--variant", multiple=True, metavar="'${NODE.VARIANT}'", help="A variant instead of the default.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    envvar="PF_LINE_TIMEOUT_SEC",
    help="Seconds for a row.",
)
@click.option("--concurrency", type=click.IntRange(1, 10_000), default=64, show_default=True, help="Rows at a time.")
@click.option("--max-body", type=click.IntRange(1), default=16, show_default=True, help="MB of a request's body.")
@click.option(
    "--drain", type=click.IntRange(1), default=25, show_default=True, help="Seconds for rows to end at SIGTERM."
)
@click.option(
    "--spans", type=click.Path(path_type=Path, dir_okay=False), help="Append spans and feedback to this file."
)
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help="Web pages of this origin may ask; '*' for all.")
@click.option("--strict", is_flag=True, help="What is a warning otherwise is an error.")
@click.pass_context
def serve(
    context: click.Context,
    *,
    path: Path,
    port: int,
    host: str,
    connections: Sequence[str],
    init: Sequence[str],
    environment_variables: Sequence[str],
    variant: Sequence[str],
    timeout: float,
    concurrency: int,
    max_body: int,
    drain: int,
    spans: Path | None,
    allow_origin: Sequence[str],
    strict: bool,
) -> None:
    """Answer POST /score with a flow, until SIGTERM or Ctrl-C.

    PATH is the folder of a flow, its file, or a version, as flow/support@production. Also GET /health, /version and /swagger.json, POST /feedback, and at / a page to try
    the flow on. Exit status: 0 ended by a signal, 2 the flow does not load or the port is taken.
    """
    from ferrata.flows import ServeLimits, listen, open_flow, read_flow, serve_flow
    from ferrata.telemetry import JsonlSink

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("ferrata").setLevel(logging.INFO)
    variants = given_variants(variant)
    asked = given_connections(connections)
    place = context.with_resource(flow_place(path))
    loaded = open_flow(
        place.path.resolve(),
        connections=Connections(asked.file, place.root),
        variants=variants,
        init=given_values(init, "--init") if init else _init_of_environment(),
        environment=given_pairs(environment_variables, "--environment-variables"),
        node_connections=asked.nodes,
        strict=strict,
    )
    sink = None
    try:
        for notice in loaded.flow.notices:
            click.echo(f"warning: {printable(str(notice))}", err=True)
        # A prompt takes its inputs by itself, so only its file says which they are.
        flow = read_flow(place.path.resolve(), variants=variants) if loaded.flow.kind == "prompty" else loaded.flow
        sink = _open_sink(spans, JsonlSink)
        listening = listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"serving {printable(flow.name)} on http://{shown}:{listening.getsockname()[1]}")
        limits = ServeLimits(concurrency=concurrency, timeout=timeout, most_bytes=max_body * 1_000_000, drain=drain)
        serve_flow(loaded, flow, listening, limits=limits, sink=sink, origins=allow_origin)
    finally:
        loaded.close()
        if sink is not None:
            sink.close()


def _open_sink(path: Path | None, kind: Any) -> Any:
    if path is None:
        return None
    try:
        return kind(path)
    except OSError as error:
        raise UsageError(f"--spans: {str(path)!r} cannot be written: {error.strerror}") from None


def _init_of_environment() -> dict[str, Any] | None:
    """Prompt Flow's own way to give the arguments to a container."""
    given = os.environ.get(_INIT)
    if not given:
        return None
    try:
        found: object = json.loads(given)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"the variable {_INIT} is no JSON object", hint='set it as {"name": value}, or use --init')
    return cast("dict[str, Any]", found)
