"""`ferrata flow test`: one row through a flow. Imports little, so that it starts at once."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.flow_given import (
    Connections,
    flow_place,
    given_connections,
    given_pairs,
    given_values,
    given_variants,
)
from ferrata.cli.flow_stop import end_blocked
from ferrata.cli.words import printable
from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.flows import Aggregation, LineResult, LoadedFlow

__all__ = ["test"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("more", nargs=-1)
@click.option(
    "--inputs",
    "-i",
    multiple=True,
    metavar="NAME=VALUE|FILE",
    help="An input, several times or one after the other; or a file with all of them (JSON, YAML, JSON lines: the first).",
)
@click.option(
    "--variant", multiple=True, metavar="'${NODE.VARIANT}'", help="A variant of a node, instead of its default."
)
@click.option(
    "--connections",
    multiple=True,
    metavar="FILE|NODE.KEY=VALUE",
    help="YAML file: name -> what a connection holds; or another connection, deployment_name or model for a node.",
)
@click.option("--init", multiple=True, metavar="NAME=VALUE|FILE", help="An argument of a flex flow's class.")
@click.option("--environment-variables", multiple=True, metavar="NAME=VALUE", help="A variable to set for the flow.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds after which the flow has failed.")
@click.option("--interactive", is_flag=True, help="A conversation with a chat flow, until an empty line.")
@click.option("--strict", is_flag=True, help="What is a warning otherwise is an error.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON: status, output, nodes, error.")
@click.pass_context
def test(
    context: click.Context,
    *,
    path: Path,
    more: Sequence[str],
    inputs: Sequence[str],
    variant: Sequence[str],
    connections: Sequence[str],
    init: Sequence[str],
    environment_variables: Sequence[str],
    timeout: float | None,
    interactive: bool,
    strict: bool,
    wants_json: bool,
) -> None:
    """Run a flow once, from inputs or as a conversation.

    PATH is the folder of a flow, its file (flow.dag.yaml, flow.flex.yaml or a .prompty), or a version, as
    flow/support@production. Inputs that are not given take
    their defaults. Exit status: 0 completed, 1 failed, 2 the flow does not load.
    """
    from ferrata.flows import open_flow, use_prices

    logging.basicConfig(format="warning: %(message)s", level=logging.WARNING)
    values = given_values([*inputs, *more], "--inputs") if inputs or more else {}
    asked = given_connections(connections)
    place = context.with_resource(flow_place(path))
    known = Connections(asked.file, place.root)
    use_prices(known.price)
    context.call_on_close(known.close)
    try:
        loaded = open_flow(
            place.path.resolve(),
            connections=known,
            variants=given_variants(variant),
            init=given_values(init, "--init") if init else None,
            environment=given_pairs(environment_variables, "--environment-variables"),
            node_connections=asked.nodes,
            strict=strict,
        )
    except FerrataError as error:
        if wants_json:
            from ferrata.flows import error_of

            _print({"status": "Failed", "output": {}, "nodes": {}, "error": error_of(error)})
        raise
    for notice in loaded.flow.notices:
        click.echo(f"warning: {printable(str(notice))}", err=True)
    try:
        if interactive:
            from ferrata.cli.flow_chat import talk

            context.exit(talk(loaded, values, timeout))
        context.exit(_once(loaded, values, timeout, wants_json=wants_json))
    finally:
        loaded.close()


def _once(loaded: LoadedFlow, values: dict[str, Any], timeout: float | None, *, wants_json: bool) -> int:
    from ferrata.flows import GRACE, inside, watch_loop
    from ferrata.runs import run_to_end

    async def both() -> tuple[LineResult, Aggregation | None]:
        result = await loaded.line(values, timeout=timeout)
        if result.error is not None or not loaded.has_aggregation:
            return result, None
        lists = {name: [value] for name, value in result.inputs.items()}
        return result, await loaded.aggregate(lists, {key: [value] for key, value in result.aggregation.items()})

    async def watched() -> tuple[LineResult, Aggregation | None]:
        if timeout is None:
            return await both()
        with watch_loop(timeout + GRACE, loaded.folder, end_blocked):
            return await both()

    with inside(loaded):
        result, aggregation = run_to_end(watched())
    shown = _as_json(
        result, aggregation, vision=loaded.flow.message_format == "openai-vision", graph=loaded.flow.kind == "dag"
    )
    if wants_json:
        _print(shown)
    else:
        _print_for_people(result, aggregation, shown)
    return 1 if {"error", "aggregation_error"} & shown.keys() else 0


def _as_json(result: LineResult, aggregation: Aggregation | None, *, vision: bool, graph: bool) -> dict[str, Any]:
    from ferrata.flows import images_as_data, shown

    nodes = {name: str(node.status) for name, node in result.nodes.items()} if graph else {}
    output: Any = images_as_data(result.output, vision=vision)
    found: dict[str, Any] = {"status": str(result.status), "output": shown(output), "nodes": nodes}
    if aggregation is not None:
        nodes.update({name: str(node.status) for name, node in aggregation.nodes.items()})
        found["metrics"] = shown(aggregation.metrics)
        if aggregation.error is not None:
            found["aggregation_error"] = aggregation.error
    if result.error is not None:
        found["error"] = result.error
    if result.usage is not None:
        found["usage"] = {"input_tokens": result.usage.input_tokens, "output_tokens": result.usage.output_tokens}
    if result.cost is not None:
        found["cost_usd"] = result.cost
    found["seconds"] = round(result.ended - result.started, 6)
    return found


def _print(found: dict[str, Any]) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _print_for_people(result: LineResult, aggregation: Aggregation | None, found: dict[str, Any]) -> None:
    for node in [*result.nodes.values(), *(aggregation.nodes.values() if aggregation else ())]:
        for line in node.logs.splitlines():
            click.echo(f"{printable(node.name)}: {printable(line)}", err=True)
    error = found.get("error") or found.get("aggregation_error")
    if error is not None:
        click.echo(f"{found['status']}: {error['code']}: {printable(error['message'])}", err=True)
        if "\n  File " in error.get("details", {}).get("traceback", ""):  # a place in the user's code
            click.echo(printable(error["details"]["traceback"]).rstrip(), err=True)
        if error.get("hint"):
            click.echo(f"hint: {printable(error['hint'])}", err=True)
        return
    click.echo(json.dumps(found["output"], ensure_ascii=False, indent=2))
    if found.get("metrics"):
        click.echo(f"metrics: {json.dumps(found['metrics'], ensure_ascii=False)}")
    passed = [name for name, status in found["nodes"].items() if status == "Bypassed"]
    if passed:
        click.echo(f"passed over: {', '.join(map(printable, passed))}", err=True)
    if "usage" in found:
        usage = found["usage"]
        cost = f", ${found['cost_usd']:,.6f}" if "cost_usd" in found else ""
        click.echo(f"{usage['input_tokens']} tokens in, {usage['output_tokens']} out{cost}", err=True)
    sys.stdout.flush()
