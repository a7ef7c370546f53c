"""`ferrata endpoint list` and `ferrata endpoint status`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.drained import as_time, drained_store
from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from ferrata.catalog import EndpointSettings, RouteSettings

__all__ = ["list_command", "status"]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command("list")
@_project
def list_command(*, project: Path, wants_json: bool) -> None:
    """List the endpoints that the project declares, with their routes."""
    from ferrata.app import open_app
    from ferrata.catalog import read_routes

    with open_app(project) as app:
        endpoints = read_routes(app.settings).endpoints
    if wants_json:
        found = [_about(name, endpoint) for name, endpoint in endpoints.items()]
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif not endpoints:
        click.echo("no endpoint is declared: see `endpoints` in ferrata.yaml")
    else:
        cells = [["endpoint", "route", "goes to", "weight"]]
        for name, endpoint in endpoints.items():
            rows = [(route, f"{route.weight:g}") for route in endpoint.routes]
            rows += [(route, "fallback") for route in endpoint.fallbacks]
            for i, (route, weight) in enumerate(rows):
                cells.append([printable(word) for word in ("" if i else name, route.name, _goes_to(route), weight)])
        click.echo("\n".join(aligned(cells)))


@click.command()
@click.argument("name", required=False)
@click.option("--last", callback=as_time, default="1h", show_default=True, help="So long until now, as 1m, 1h, 1d.")
@_project
def status(*, name: str | None, last: timedelta, project: Path, wants_json: bool) -> None:
    """Show how endpoints do: calls, errors, latencies, tokens and cost, by route. Quantiles are within 2 %."""
    from ferrata.app import open_app
    from ferrata.catalog import read_routes
    from ferrata.monitor import endpoint_status

    with open_app(project) as app:
        declared = list(read_routes(app.settings).endpoints)
        store, now = drained_store(app), app.clock.now()
        found = (
            [] if store is None else endpoint_status(store, app.settings.project, now=now, window=last, endpoint=name)
        )
    if name is not None and not found and name not in declared:
        raise NotFound(
            f"there is no endpoint {name!r}, and none of that name was called", hint="`ferrata endpoint list`"
        )
    about = [one.as_json() for one in found]
    called = {one["endpoint"] for one in about}
    silent = [one for one in declared if one not in called and name in (None, one)]
    if wants_json:
        click.echo(json.dumps({"endpoints": about, "without_calls": silent}, ensure_ascii=False, indent=2))
        return
    if about:
        head = [
            "endpoint",
            "route",
            "calls",
            "failed",
            "cached",
            "p50",
            "p95",
            "p99",
            "first p50",
            "tokens",
            "US dollars",
        ]
        rows = [row for one in about for row in _rows(one)]
        click.echo("\n".join(aligned([head, *rows], right=range(2, 11))))
        for one in about:
            if one["errors"]:
                kinds = sorted(one["errors"].items(), key=lambda kind: (-kind[1], kind[0]))
                text = ", ".join(f"{kind} {number:,}" for kind, number in kinds)
                click.echo(printable(f"errors of {one['endpoint']}: {text}").replace("\n", " "))
    if silent:
        click.echo(printable(f"no calls: {', '.join(silent)}"))
    elif not about:
        click.echo("no calls")


def _about(name: str, endpoint: EndpointSettings) -> dict[str, Any]:
    def shown(route: RouteSettings) -> dict[str, Any]:
        return {"name": route.name, "model": route.model, "flow": route.flow, "weight": route.weight}

    return {
        "endpoint": name,
        "balance": endpoint.balance,
        "routes": [shown(route) for route in endpoint.routes],
        "fallbacks": [shown(route) for route in endpoint.fallbacks],
    }


def _goes_to(route: RouteSettings) -> str:
    return route.model or route.release or f"flow {route.flow}"


def _rows(about: dict[str, Any]) -> Iterator[list[str]]:
    """A line of all routes and, where there are several, one of each."""
    routes: dict[str, Any] = about["routes"]
    alone = next(iter(routes)) if len(routes) == 1 else None
    yield _cells(about["endpoint"], alone if alone is not None else counted(len(routes), "route"), about)
    for route, found in routes.items() if alone is None else ():
        yield _cells("", route or "(none)", found)


def _cells(endpoint: str, route: str, about: dict[str, Any]) -> list[str]:
    latency = about["latency"]
    return [
        printable(endpoint),
        printable(route or "-"),
        f"{about['calls']:,}",
        f"{about['failed']:,} ({about['failed_share']:.1%})",
        f"{about['cached']:,}",
        *[_seconds(latency[name]) for name in ("p50", "p95", "p99")],
        _seconds(about["first"]["p50"]),
        f"{about['input_tokens']:,}+{about['output_tokens']:,}",
        f"{about['cost_usd']:.4f}",
    ]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f} s"
