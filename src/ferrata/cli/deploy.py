"""`ferrata deploy`, `promote`, `pause`, `resume`, `rollback`, `freeze`, `thaw` and `status`: acts on an endpoint's routes."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ferrata.app import App
    from ferrata.catalog import RoutingTable
    from ferrata.releases import Acts, Reached, Strategy, Verdict

__all__ = ["deploy", "freeze", "pause", "promote", "resume", "rollback", "status", "thaw"]

_STRATEGIES = ("canary", "blue-green", "shadow", "ab")


def _shares(_context: click.Context, _parameter: click.Parameter, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        shares = [float(part.strip().removesuffix("%")) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"not shares in percent: {text!r}; write 5,25,50,100") from None
    if not all(0 < one <= 100 for one in shares) or sorted(set(shares)) != shares:
        raise click.BadParameter(f"shares must grow, and lie above 0 and up to 100: {text!r}")
    return shares


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


def _why(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--why", default="", metavar="TEXT", help="Why, for the records.")(command)


@contextmanager
def _acting(project: Path, endpoint: str) -> Generator[tuple[App, Acts]]:
    from ferrata.app import open_app

    try:
        with open_app(project) as app:
            yield app, app.acts(endpoint)
    except StoreUnavailable as error:
        raise StoreUnavailable(
            f"nothing was changed: {error.message}",
            hint="gateways go on with the table that they have; a route can be named with x-ferrata-route, and a gateway"
            " that is started with other routes in ferrata.yaml needs the store as well",
        ) from None


def _act(project: Path, endpoint: str, act: Callable[[App, Acts], RoutingTable], *, wants_json: bool) -> None:
    from ferrata.releases import wait_reached

    with _acting(project, endpoint) as (app, acts):
        table = act(app, acts)
        found = wait_reached(app.published, app.clock, table.seq)
    _print(table, found, wants_json=wants_json)


def _print(table: RoutingTable, found: Reached, *, wants_json: bool) -> None:
    if wants_json:
        click.echo(json.dumps(_as_json(table, found), ensure_ascii=False, indent=2))
        return
    click.echo(f"{table.endpoint}: table {table.number}, {table.act or 'as ferrata.yaml declares it'}")
    for line in _routes(table):
        click.echo(f"  {line}")
    if not found.followers:
        click.echo("no gateway runs; the next one that starts follows it")
        return
    there = len(found.followers) - len(found.behind)
    click.echo(
        f"{there} of {counted(len(found.followers), 'gateway')} follow it"
        + (f", after {found.seconds * 1000:.0f} ms" if found.seconds else "")
    )
    for one in found.behind:
        click.echo(f"  behind: {one.holder}, heard of at {one.at}")
    for problem in found.problems:
        click.echo(f"  problem: {printable(problem)}")


def _routes(table: RoutingTable) -> list[str]:
    routing = table.routing
    whole = sum(route.weight for route in routing.routes)
    cells = [
        [printable(route.release or route.model or route.flow or ""), f"{route.weight / whole:.1%}"]
        for route in routing.routes
    ]
    lines = aligned(cells) if cells else []
    lines += [f"shadow: {one.release}, {one.share:.1%} of the calls" for one in routing.shadows]
    rollout = routing.rollout
    if rollout is not None:
        stage = f", stage {rollout['stage'] + 1} of {len(rollout['shares'])}" if rollout["strategy"] == "canary" else ""
        lines.append(
            f"{rollout['strategy']} to {rollout['candidate']}: {rollout['state']}{stage}, since {rollout['since']}"
        )
    if routing.frozen:
        lines.append(f"frozen: {printable(routing.frozen)}")
    return lines


def _judged(verdict: Verdict) -> list[str]:
    """What the judge says now."""
    cells = [["metric", "candidate", "others", "rows", "margin", "p worse", "p not worse"]]
    cells += [
        [
            one.name,
            *("-" if mean is None else f"{abs(mean):.4g}" for mean in (one.candidate, one.baseline)),
            f"{one.rows:,} and {one.baseline_rows:,}",
            f"{one.margin:g}",
            f"{one.p_worse:.2g}",
            f"{one.p_fine:.2g}",
        ]
        for one in verdict.compared
    ]
    return [
        *aligned(cells),
        f"verdict: {verdict.decision}, after {counted(verdict.requests, 'request')} to the candidate in this stage",
        *(f"  {printable(reason)}" for reason in verdict.reasons),
    ]


def _as_json(table: RoutingTable, found: Reached) -> dict[str, Any]:
    return {
        "endpoint": table.endpoint,
        "table": table.number,
        "at": table.at,
        "actor": table.actor,
        "act": table.act,
        "why": table.why,
        "routes": [one.model_dump(mode="json", exclude_none=True) for one in table.routing.routes],
        "shadows": [one.model_dump(mode="json") for one in table.routing.shadows],
        "rollout": table.routing.rollout,
        "frozen": table.routing.frozen,
        "gateways": [
            {"holder": one.holder, "follows": one.seq >= table.seq, "at": one.at, "problems": one.problems}
            for one in found.followers
        ],
        "seconds": round(found.seconds, 6),
    }


@click.command()
@click.argument("endpoint")
@click.argument("release")
@click.option(
    "--strategy", type=click.Choice(_STRATEGIES), default="canary", show_default=True, help="How it gets calls."
)
@click.option(
    "--shares",
    callback=_shares,
    metavar="PERCENT,...",
    help="Of the calls, stage by stage; of a shadow or A/B the first alone.  [default: as the endpoint declares, else 5,25,50]",
)
@click.option("--waive", "waived", default="", metavar="REASON", help="Deploy it without a gate's verdict that passes.")
@_why
@_project
def deploy(
    *,
    endpoint: str,
    release: str,
    strategy: Strategy,
    shares: list[float] | None,
    waived: str,
    why: str,
    project: Path,
    wants_json: bool,
) -> None:
    """Begin to move calls of ENDPOINT to RELEASE, as release/bot@3 or bot."""

    def act(app: App, acts: Acts) -> RoutingTable:
        return acts.deploy(app.releases.read(release), strategy, shares=shares, why=why, waived=waived)

    _act(project, endpoint, act, wants_json=wants_json)


@click.command()
@click.argument("endpoint")
@click.option("--stage", is_flag=True, help="Only to the next stage.")
@_why
@_project
def promote(*, endpoint: str, stage: bool, why: str, project: Path, wants_json: bool) -> None:
    """Give the candidate of ENDPOINT all calls."""

    def act(_app: App, acts: Acts) -> RoutingTable:
        return acts.advance(acts.current, why=why) if stage else acts.promote(why=why)

    _act(project, endpoint, act, wants_json=wants_json)


@click.command()
@click.argument("endpoint")
@_why
@_project
def pause(*, endpoint: str, why: str, project: Path, wants_json: bool) -> None:
    """Keep the shares of ENDPOINT's rollout as they are."""
    _act(project, endpoint, lambda _app, acts: acts.pause(why=why), wants_json=wants_json)


@click.command()
@click.argument("endpoint")
@_why
@_project
def resume(*, endpoint: str, why: str, project: Path, wants_json: bool) -> None:
    """Let ENDPOINT's rollout go on."""
    _act(project, endpoint, lambda _app, acts: acts.pause(why=why, state="running"), wants_json=wants_json)


@click.command()
@click.argument("name", metavar="ENDPOINT|KIND/NAME@ALIAS")
@click.option(
    "--to", type=click.IntRange(0), metavar="N", help="The endpoint's table N (0: as declared), or the version N."
)
@_why
@_project
def rollback(*, name: str, to: int | None, why: str, project: Path, wants_json: bool) -> None:
    """Go back, at once: an endpoint to the routes before its newest release, an alias to where it pointed before.

    Needs no build, no gate and no model, and is recorded with who, why and how long it took.
    """
    asked = time.monotonic()
    if "/" in name:
        from ferrata.cli.asset import roll_back

        roll_back(project, name, to=to, why=why, as_json=wants_json)
        return
    _act(project, name, lambda _app, acts: acts.rollback(to=to, why=why, asked=asked), wants_json=wants_json)


@click.command()
@click.argument("endpoint")
@click.option("--why", required=True, metavar="TEXT", help="What others read when they are refused.")
@_project
def freeze(*, endpoint: str, why: str, project: Path, wants_json: bool) -> None:
    """Let nothing change ENDPOINT's routes but a rollback."""
    _act(project, endpoint, lambda _app, acts: acts.freeze(why), wants_json=wants_json)


@click.command()
@click.argument("endpoint")
@_why
@_project
def thaw(*, endpoint: str, why: str, project: Path, wants_json: bool) -> None:
    """Let ENDPOINT's routes be changed again."""
    _act(project, endpoint, lambda _app, acts: acts.thaw(why=why), wants_json=wants_json)


@click.command()
@click.argument("endpoint")
@click.option("--history", type=click.IntRange(1), metavar="N", help="The last N tables as well.")
@_project
def status(*, endpoint: str, history: int | None, project: Path, wants_json: bool) -> None:
    """Show where the calls of ENDPOINT go, its rollout, and which gateway processes follow."""
    from ferrata.releases import reached

    with _acting(project, endpoint) as (app, acts):
        table = acts.current
        found = reached(app.published, app.clock, table.seq)
        verdict = None
        if table.routing.rollout is not None:
            from ferrata.rollouts import controller_of

            verdict = controller_of(app).verdict(table)
        tables = app.published.history(endpoint, limit=history) if history else []
    if wants_json:
        about = _as_json(table, found)
        about["verdict"] = None if verdict is None else asdict(verdict)
        about["history"] = [
            {"table": one.number, "at": one.at, "actor": one.actor, "act": one.act, "why": one.why} for one in tables
        ]
        click.echo(json.dumps(about, ensure_ascii=False, indent=2))
        return
    _print(table, found, wants_json=False)
    for line in [] if verdict is None else _judged(verdict):
        click.echo(line)
    cells = [[str(one.number), one.at, one.act, printable(one.actor), printable(one.why)] for one in tables]
    if cells:
        click.echo("\n".join(aligned([["table", "at", "act", "by", "why"], *cells])))
