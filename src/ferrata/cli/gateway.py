"""`ferrata gateway` and `ferrata up`: endpoints answered on a port, until a signal ends it."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

__all__ = ["gateway", "up"]

_APPLICATION = "ferrata.serving:application"
_MOST_BY_DEFAULT = 4

_OPTIONS = (
    click.option(
        "--project",
        "root",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        help="Project's folder.  [default: here]",
    ),
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all."),
    click.option("--port", type=click.IntRange(0, 65535), default=4000, show_default=True, help="0 takes a free one."),
    click.option(
        "--workers",
        type=click.IntRange(1, 256),
        help=f"Processes that answer.  [default: one for each processor, at most {_MOST_BY_DEFAULT}]",
    ),
    click.option(
        "--drain",
        type=click.FloatRange(0, 86_400),
        default=25.0,
        show_default=True,
        help="Seconds for running requests when a signal ends it.",
    ),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@_with_options
@click.pass_context
def gateway(context: click.Context, **given: Any) -> None:
    """Answer calls to the endpoints that ferrata.yaml declares.

    SIGTERM or Ctrl-C ends it after the running requests, a second Ctrl-C at once; SIGHUP reads ferrata.yaml anew, and where that is wrong, what
    was read before goes on and /ready says why. Exit status: 0 ended by a signal; 1 requests had to be cut off, or no worker starts; 2 ferrata.yaml
    is wrong or the port is taken; 3 the store is needed and cannot be used.
    """
    context.exit(_serve(**given))


@click.command()
@_with_options
@click.pass_context
def up(context: click.Context, **given: Any) -> None:
    """Start what the project has to serve, in one group of processes.

    That is the gateway now, as by `ferrata gateway`.
    """
    context.exit(_serve(**given))


def _serve(*, root: Path, host: str, port: int, workers: int | None, drain: float) -> int:
    from ferrata.gateway import GatewayPlan, supervise

    root = root.resolve()
    plan = GatewayPlan(root, _APPLICATION, host, port, workers or _processors(), drain)

    def drain_spools(stop: Event) -> None:
        # Loaded once the workers answer: the database library takes a while.
        from ferrata.serving import draining

        if (
            sys.platform == "linux"
        ):  # where a thread has a priority of its own: calls go first, spans can wait in their files
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        draining(root, stop)

    def look_after_rollouts(stop: Event) -> None:
        from ferrata.rollouts import controlling

        controlling(root, stop, _say)

    return supervise(plan, background=[drain_spools, look_after_rollouts], say=_say)


def _say(line: str) -> None:
    print(printable(line), flush=True)


def _processors() -> int:
    """How many this process may use, which in a container is less than there are."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(_MOST_BY_DEFAULT, count))
