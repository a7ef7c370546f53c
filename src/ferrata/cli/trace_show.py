"""`ferrata trace list` and `ferrata trace show`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.drained import as_time, drained_store
from ferrata.cli.words import aligned, printable
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from ferrata.monitor import StoredSpan, TraceNode

__all__ = ["list_command", "show"]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(click.option("--json", "wants_json", is_flag=True, help="Print JSON.")(command))


@click.command("list")
@click.option("--endpoint", default="", metavar="NAME", help="Only calls of this endpoint.")
@click.option("--key", default="", metavar="ID", help="Only calls with this key, by its public id.")
@click.option("--status", type=int, help="Only calls with this HTTP status.")
@click.option("--failed", is_flag=True, help="Only calls that failed.")
@click.option("--last", callback=as_time, help="Only calls of so long until now, as 15m, 1h, 7d.")
@click.option("--slowest", is_flag=True, help="The slowest first, not the newest.")
@click.option(
    "--id",
    "ids",
    default="",
    metavar="TEXT",
    help="Only calls whose trace or span id begins so, or of this request's id.",
)
@click.option("--max", "most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many calls.")
@click.option("--after", default="", metavar="TEXT", help="The page behind the one that named this.")
@_project
def list_command(
    *,
    endpoint: str,
    key: str,
    status: int | None,
    failed: bool,
    last: timedelta | None,
    slowest: bool,
    ids: str,
    most: int,
    after: str,
    project: Path,
    wants_json: bool,
) -> None:
    """List calls: the newest first, or the slowest."""
    from ferrata.app import open_app
    from ferrata.monitor import TraceFilter, TracePage, list_calls, list_slowest

    if slowest and after:
        raise UsageError("the slowest calls have no further page", hint="ask for more of them with --max")
    with open_app(project) as app:
        since = int((app.clock.now() - last).timestamp() * 1e9) if last else 0
        wanted = TraceFilter(endpoint, key, status, failed, since, ids)
        store, name = drained_store(app), app.settings.project
        if store is None:
            page = TracePage([], "")
        elif slowest:
            page = list_slowest(store, name, wanted, limit=most)
        else:
            page = list_calls(store, name, wanted, limit=most, after=after)
    if wants_json:
        found = {"calls": [span.as_json() for span in page.spans], "after": page.after}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif not page.spans:
        click.echo("no calls")
    else:
        head = ["began (UTC)", "id", "endpoint", "route", "status", "seconds", "tokens", "US dollars", "key", "error"]
        click.echo("\n".join(aligned([head, *map(_cells, page.spans)], right=(5, 6, 7))))
        if page.after:
            click.echo(f"and more: --after {page.after}")


@click.command()
@click.argument("ids", metavar="ID")
@_project
def show(*, ids: str, project: Path, wants_json: bool) -> None:
    """Show one call and all that ran in it.

    ID is the beginning of its trace's or span's id, or the id of the request.
    """
    from ferrata.app import open_app
    from ferrata.monitor import read_trace

    with open_app(project) as app:
        store = drained_store(app)
        if store is None:
            raise NotFound(f"there is no trace {ids!r}", hint="nothing has called an endpoint of this project yet")
        roots = read_trace(store, app.settings.project, ids)
    if wants_json:
        click.echo(json.dumps([node.as_json() for node in roots], ensure_ascii=False, indent=2))
        return
    lines = [f"trace {printable(roots[0].span.trace_id)}"]
    for node in roots:
        lines += _lines(node, "")
    click.echo("\n".join(lines))


def _cells(span: StoredSpan) -> list[str]:
    tokens = "-" if span.input_tokens is None and span.output_tokens is None else _tokens(span)
    words = [span.endpoint or span.name, span.route or span.cached or "-"]
    return [
        _time(span.started, "seconds"),
        span.trace_id[:12],
        *[printable(word) for word in words],
        str(span.status or "-"),
        f"{span.seconds:.3f}",
        tokens,
        "-" if span.cost_usd is None else f"{span.cost_usd:.6f}",
        printable(span.key or "-"),
        printable(_error(span) or "-"),
    ]


def _lines(node: TraceNode, margin: str) -> Iterator[str]:
    """A span with its attributes, and those within it."""
    span = node.span
    about = [f"{span.seconds:.3f} s", _time(span.started, "milliseconds")]
    if span.input_tokens is not None or span.output_tokens is not None:
        about.append(f"{_tokens(span)} tokens")
    if span.cost_usd is not None:
        about.append(f"{span.cost_usd:.6f} US dollars")
    if _error(span):
        about.append(f"failed: {_error(span)}")
    yield f"{margin}{printable(span.name)} ({printable(span.kind)} {printable(span.span_id)}): {printable(', '.join(about))}"
    for name, value in sorted(span.attributes.items()):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{margin}  {printable(name)}: {printable(text).replace(chr(10), ' ')[:300]}"
    for child in node.children:
        yield from _lines(child, margin + "    ")


def _time(started: int, timespec: str) -> str:
    return datetime.fromtimestamp(started / 1e9, UTC).replace(tzinfo=None).isoformat(" ", timespec)


def _tokens(span: StoredSpan) -> str:
    return f"{span.input_tokens or 0}+{span.output_tokens or 0}"


def _error(span: StoredSpan) -> str:
    return str(span.attributes.get("error.type") or span.error)
