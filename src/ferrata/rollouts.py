"""Rollouts of a project looked after beside its gateway: composes the controller, and loads it only where there is a rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.app import open_app
from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event

    from ferrata.app import App
    from ferrata.releases import Controller

__all__ = ["controller_of", "controlling"]

_POLL = 1.0


def controller_of(app: App) -> Controller:
    """What looks after the rollouts of a project.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    from ferrata.releases import Controller

    return Controller(app.store, app.settings.project, app.clock, app.published, app.acts)


def controlling(root: Path, stop: Event, say: Callable[[str], object]) -> None:
    """Look after the rollouts of a project until `stop` is set; for a thread. What is wrong is said once."""
    away = ""
    while not stop.wait(_POLL):
        try:
            with open_app(root) as app:
                seq = -1
                while not stop.wait(_POLL):
                    found = app.published.seq()
                    if found == seq:
                        continue
                    seq = found
                    away = ""
                    # The libraries of statistics are loaded only where they are needed.
                    if any(table.routing.rollout is not None for table in app.published.newest().values()):
                        controller_of(app).run(stop.wait, say)
        except FerrataError as error:
            if away != error.message:
                away = error.message
                say(f"rollouts are not looked after: {away}")
