"""How endpoints do, over some time until now: from rollups alone, so that it costs the same for ten calls and for ten million.

A window is whole minutes: it may reach up to one minute further back than was asked for. Knows nothing of what is declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.monitor.rollups import Rollup, read_rollups
from ferrata.monitor.tables import table_names

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ferrata.monitor.histogram import Histogram
    from ferrata.store import Transactions

__all__ = ["EndpointStatus", "endpoint_status"]


@dataclass(frozen=True)
class EndpointStatus:
    """An endpoint over some time.

    Attributes:
        endpoint: its name.
        since: the beginning of the first minute, seconds since the epoch.
        until: the end of the last one.
        total: all its calls.
        routes: those by the route that answered; none is the empty name.
    """

    endpoint: str
    since: int
    until: int
    total: Rollup
    routes: dict[str, Rollup]

    def as_json(self) -> dict[str, Any]:
        """The status as data; seconds, US dollars, and shares of 0 to 1."""
        return {
            "endpoint": self.endpoint,
            "since": self.since,
            "until": self.until,
            **_about(self.total),
            "routes": {name: _about(rollup) for name, rollup in sorted(self.routes.items())},
        }


def endpoint_status(
    store: Transactions, project: str, *, now: datetime, window: timedelta, endpoint: str | None = None
) -> list[EndpointStatus]:
    """The endpoints of a project that were called, by name; quantiles are within 2 %.

    Args:
        store: the database.
        project: whose.
        now: the end of the window.
        window: how long it is.
        endpoint: only this one.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    until = (int(now.timestamp()) // 60 + 1) * 60
    since = int((now - window).timestamp()) // 60 * 60
    with store.read() as connection:
        if "rollup" not in table_names(connection):
            return []
        rows = read_rollups(connection, project, since=since, until=until, endpoint=endpoint)
    found: dict[str, EndpointStatus] = {}
    for key, rollup in rows:
        status = found.get(key.endpoint)
        if status is None:
            status = found[key.endpoint] = EndpointStatus(key.endpoint, since, until, Rollup(), {})
        status.total.merge(rollup)
        status.routes.setdefault(key.route, Rollup()).merge(rollup)
    return [found[name] for name in sorted(found)]


def _about(rollup: Rollup) -> dict[str, Any]:
    return {
        "calls": rollup.calls,
        "failed": rollup.failed,
        "failed_share": rollup.failed / rollup.calls if rollup.calls else 0.0,
        "errors": dict(sorted(rollup.errors.items())),
        "cached": rollup.cached,
        "blocked": rollup.blocked,
        "input_tokens": rollup.input_tokens,
        "output_tokens": rollup.output_tokens,
        "cost_usd": rollup.cost,
        "latency": _quantiles(rollup.latency),
        "first": _quantiles(rollup.first),
        "tokens": _quantiles(rollup.tokens),
        "cost_of_a_call": _quantiles(rollup.costs),
    }


def _quantiles(histogram: Histogram) -> dict[str, float | int | None]:
    mean = histogram.total / histogram.count if histogram.count else None
    quantiles = {f"p{round(share * 100)}": histogram.quantile(share) for share in (0.5, 0.95, 0.99)}
    return {"count": histogram.count, "mean": mean, **quantiles}
