"""What people and the controller do to the routes of an endpoint: each act is one table and its records, in one transaction, or nothing."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from ferrata.catalog import RouteSettings, Routing, Shadow
from ferrata.clock import format_time
from ferrata.errors import Conflict, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sqlalchemy import Connection

    from ferrata.assets import Ledger
    from ferrata.catalog import EndpointSettings, Published, RolloutSettings, RoutingTable
    from ferrata.clock import Clock
    from ferrata.releases.bundle import Kept
    from ferrata.store import Store

__all__ = ["STRATEGIES", "Acts", "Strategy"]

Strategy = Literal["canary", "blue-green", "shadow", "ab"]
STRATEGIES: tuple[Strategy, ...] = ("canary", "blue-green", "shadow", "ab")


class Acts:
    """The acts on one endpoint.

    Args:
        store: where all of it is written.
        clock: dates it.
        published: the tables.
        ledger: keeps the records.
        endpoint: its name.
        declared: what the project's file says of it.
        actor: who acts.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        published: Published,
        ledger: Ledger,
        endpoint: str,
        declared: EndpointSettings,
        *,
        actor: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._published = published
        self._ledger = ledger
        self._endpoint = endpoint
        self._declared = declared
        self._actor = actor

    @property
    def current(self) -> RoutingTable:
        """The newest table."""
        return self._published.current(self._endpoint)

    def deploy(
        self,
        release: Kept,
        strategy: Strategy = "canary",
        *,
        shares: Sequence[float] | None = None,
        why: str = "",
        waived: str = "",
    ) -> RoutingTable:
        """Begin to move calls to a release.

        `canary`: in stages, the first at once. `ab`: the first share, until somebody promotes or rolls back. `blue-green`: no calls but
        those that ask for it, until it is promoted. `shadow`: copies of calls, of the first share.

        Args:
            release: the candidate.
            strategy: as above.
            shares: percent of the calls in each stage; None: as the endpoint declares. 100 at the end is the same as nothing.
            why: for the records.
            waived: why no verdict that passes is needed.

        Raises:
            UsageError: the endpoint is frozen or already moves to a release, the release has no verdict that passes and nobody waives it,
                or it answers all calls already.
            Conflict: another act came first.
        """
        table = self.current
        self._must_be_open(table)
        self._must_be_still(table)
        waived = waived or release.release.waived
        _must_be_proven(release, waived)
        routes = self._routes(table)
        if any(route.release == release.ref and route.weight for route in routes):
            raise UsageError(f"{release.ref} answers calls of {self._endpoint} already")
        plan = _plan(self._declared.rollout, strategy, shares)
        first = plan.stages[0].share if strategy in ("canary", "ab") else 0.0
        candidate = RouteSettings(release=release.ref)
        rollout = {**_moving(candidate, strategy, plan), "before": table.number, **self._begun(0)}
        shadows = [Shadow(release=release.ref, share=plan.stages[0].share / 100)] if strategy == "shadow" else []
        routing = Routing(routes=_split(routes, candidate, first), shadows=shadows, rollout=rollout)
        with self._act(table, routing, "deploy", why, [release.ref]) as (connection, new):
            self._ledger.append_in(
                connection,
                "rollout.staged",
                subjects=self._subjects(release.ref),
                payload={
                    "stages": len(plan.stages),
                    "strategy": strategy,
                    "number": new.number,
                    "why": why or None,
                    "waived": waived or None,
                },
            )
        return new

    def advance(self, table: RoutingTable, *, why: str = "", automatic: bool = False) -> RoutingTable:
        """Go to the next stage of a rollout, after the last one to the candidate alone.

        Args:
            table: as it was seen.
            why: for the records.
            automatic: a verdict says so, not a person.

        Raises:
            UsageError: there is no rollout, or the endpoint is frozen.
            Conflict: another act came first.
        """
        rollout = self._rollout(table)
        stage = int(rollout["stage"]) + 1
        if rollout["strategy"] != "canary" or stage >= len(rollout["shares"]) or rollout["shares"][stage] >= 100:
            return self.promote(table, why=why, automatic=automatic)
        self._must_be_open(table)
        moved = {**rollout, **self._begun(stage)}
        others = [route for route in table.routing.routes if route.name != rollout["route"]]
        candidate = RouteSettings(release=rollout["candidate"])
        routing = Routing(routes=_split(others, candidate, rollout["shares"][stage]), rollout=moved)
        return self._decide(table, routing, "advance", why, automatic)

    def promote(self, table: RoutingTable | None = None, *, why: str = "", automatic: bool = False) -> RoutingTable:
        """Give all calls to the candidate; errors as of `advance`."""
        table = table or self.current
        rollout = self._rollout(table)
        self._must_be_open(table)
        kept = [route for route in self._routes(table) if route.when is not None]
        routing = Routing(routes=[RouteSettings(release=rollout["candidate"]), *kept])
        return self._decide(table, routing, "promote", why, automatic)

    def pause(
        self,
        *,
        why: str = "",
        state: Literal["paused", "running", "waiting"] = "paused",
        seen: RoutingTable | None = None,
    ) -> RoutingTable:
        """Keep the shares as they are until somebody acts; with `running` go on, with `waiting` ask for a person.

        Args:
            why: for the records.
            state: as above.
            seen: act only if this is still the newest table; None: whatever there is.

        Raises:
            UsageError: there is no rollout.
            Conflict: another act came first.
        """
        table = seen or self.current
        rollout = self._rollout(table)
        routing = table.routing.model_copy(update={"rollout": {**rollout, "state": state}})
        act = {"paused": "pause", "running": "resume", "waiting": "wait"}[state]
        return self._only(table, routing, act, why)

    def freeze(self, why: str) -> RoutingTable:
        """Let nothing be changed but by a rollback, until `thaw`.

        Raises:
            UsageError: nobody says why.
        """
        if not why:
            raise UsageError("nobody says why", hint="give a reason; it is what others read when they are refused")
        table = self.current
        return self._only(table, table.routing.model_copy(update={"frozen": why}), "freeze", why)

    def thaw(self, *, why: str = "") -> RoutingTable:
        """Let it be changed again."""
        table = self.current
        return self._only(table, table.routing.model_copy(update={"frozen": ""}), "thaw", why)

    def rollback(
        self,
        *,
        to: int | None = None,
        why: str = "",
        automatic: bool = False,
        seen: RoutingTable | None = None,
        asked: float | None = None,
    ) -> RoutingTable:
        """Go back: out of a rollout to what was before it, else to the routes that were before the newest ones.

        Needs no build, no gate and no model, and is allowed while the endpoint is frozen.

        Args:
            to: number of the table whose routes are to hold again; 0: what the project declares.
            why: for the records.
            automatic: a verdict says so, not a person.
            seen: act only if this is still the newest table; None: whatever there is.
            asked: when it was asked for, by `time.monotonic`.

        Raises:
            NotFound: there is no such table.
            UsageError: there is nothing to go back to, or that table is one of a rollout.
            Conflict: another act came first; without `seen` only one in the very same moment.
        """
        asked = time.monotonic() if asked is None else asked
        while True:
            table = seen or self.current
            try:
                return self._back(table, to, why, automatic, asked)
            except Conflict:
                # A promotion in the same moment does not keep a rollback off; a second rollback would go one release too far.
                if seen is not None or self.current.act == "rollback":
                    raise

    def _back(self, table: RoutingTable, to: int | None, why: str, automatic: bool, asked: float) -> RoutingTable:
        history = self._published.history(self._endpoint)
        number = _target(history, table) if to is None else to
        routes: list[RouteSettings] = []
        if number:
            old = next((one for one in history if one.number == number), None)
            if old is None:
                raise NotFound(f"{self._endpoint} has no table {number}", hint=f"its newest is {table.number}")
            if old.routing.rollout is not None:
                before = old.routing.rollout["before"]
                raise UsageError(f"table {number} is one of a rollout", hint=f"take {before}, which was before it")
            routes = old.routing.routes
        now = table.routing
        if now.rollout is None and now.routes == routes:
            raise UsageError(f"{self._endpoint} is there already: table {table.number} has the routes of {number}")
        routing = Routing(routes=routes, back_to=number, frozen=now.frozen)
        gone = [one for one in now.releases if one not in routing.releases]
        with self._act(table, routing, "rollback", why, gone) as (connection, new):
            subjects = self._subjects(*gone)
            payload = {
                "seconds": round(time.monotonic() - asked, 6),
                "number": new.number,
                "to": number,
                "why": why or None,
                "automatic": automatic,
            }
            self._ledger.append_in(connection, "rollback.done", subjects=subjects, payload=payload)
            if now.rollout is not None:
                decided = {"decision": "rollback", "automatic": automatic, "criteria": automatic}
                self._ledger.append_in(connection, "rollout.decided", subjects=subjects, payload=decided)
        return new

    def _decide(self, table: RoutingTable, routing: Routing, act: str, why: str, automatic: bool) -> RoutingTable:
        candidate = str(self._rollout(table)["candidate"])
        with self._act(table, routing, act, why, [candidate]) as (connection, new):
            decided = {"decision": "advance", "automatic": automatic, "criteria": automatic}
            self._ledger.append_in(connection, "rollout.decided", subjects=self._subjects(candidate), payload=decided)
        return new

    def _only(self, table: RoutingTable, routing: Routing, act: str, why: str) -> RoutingTable:
        with self._act(table, routing, act, why) as (_, new):
            return new

    @contextmanager
    def _act(
        self, table: RoutingTable, routing: Routing, act: str, why: str, releases: Sequence[str] = ()
    ) -> Generator[tuple[Connection, RoutingTable]]:
        """A transaction in which the next table is written, and what the block writes."""
        with self._store.write() as connection:
            new = self._published.publish_in(
                connection, table, routing, at=format_time(self._clock.now()), actor=self._actor, act=act, why=why
            )
            yield connection, new
            self._ledger.append_in(
                connection,
                "routing.changed",
                subjects=self._subjects(*releases),
                payload={"act": act, "number": new.number, "why": why or None},
            )

    def _subjects(self, *releases: str) -> list[str]:
        return [f"endpoint/{self._endpoint}", *releases]

    def _begun(self, stage: int) -> dict[str, Any]:
        return {"stage": stage, "since": format_time(self._clock.now()), "state": "running"}

    def _routes(self, table: RoutingTable) -> list[RouteSettings]:
        return table.routing.routes or self._declared.routes

    def _rollout(self, table: RoutingTable) -> dict[str, Any]:
        if table.routing.rollout is None:
            raise UsageError(f"{self._endpoint} is not moving to any release", hint="begin with `ferrata deploy`")
        return table.routing.rollout

    def _must_be_still(self, table: RoutingTable) -> None:
        if table.routing.rollout is not None:
            raise UsageError(
                f"{self._endpoint} is moving to {table.routing.rollout['candidate']} already",
                hint="promote it or roll it back first",
            )

    def _must_be_open(self, table: RoutingTable) -> None:
        if table.routing.frozen:
            raise UsageError(
                f"{self._endpoint} is frozen: {table.routing.frozen}",
                hint="`ferrata thaw` it; a rollback is always allowed",
            )


def _moving(candidate: RouteSettings, strategy: str, plan: RolloutSettings) -> dict[str, Any]:
    return {
        "candidate": candidate.release,
        "route": candidate.name,
        "strategy": strategy,
        "shares": [stage.share for stage in plan.stages],
        "plan": plan.model_dump(mode="json", exclude_defaults=True),
    }


def _plan(declared: RolloutSettings, strategy: str, shares: Sequence[float] | None) -> RolloutSettings:
    """What is declared, with other shares where some are given; `ab` and `shadow` have one stage."""
    stages = list(declared.stages)
    if shares is not None:
        given = list(shares)[:-1] if len(shares) > 1 and shares[-1] >= 100 else list(shares)
        stages = [
            stages[min(place, len(stages) - 1)].model_copy(update={"share": share}) for place, share in enumerate(given)
        ]
    if strategy != "canary":
        del stages[1:]
    return declared.model_copy(update={"stages": stages})


def _split(others: Sequence[RouteSettings], candidate: RouteSettings, percent: float) -> list[RouteSettings]:
    """The candidate with its share, and the others with the rest as they were beside each other; conditions take theirs first."""
    whole = sum(route.weight for route in others if route.when is None)
    rest = (100.0 - percent) / whole
    kept = [
        route if route.when is not None else route.model_copy(update={"weight": route.weight * rest})
        for route in others
        if route.name != candidate.name
    ]
    return [*kept, candidate.model_copy(update={"weight": percent})]


def _must_be_proven(release: Kept, waived: str) -> None:
    evidence = release.release.evidence
    if not waived and (evidence is None or not evidence.passes):
        raise UsageError(
            f"{release.ref} has no gate's verdict that passes",
            hint="decide a gate on what it answers with and make the release again, or say with --waive why not",
        )


def _target(history: Sequence[RoutingTable], table: RoutingTable) -> int:
    """The number of the table to go back to."""
    rollout = table.routing.rollout
    if rollout is not None:
        return int(rollout["before"])
    known = {one.number: one for one in history}
    place, back_to = table.number, table.routing.back_to
    while back_to is not None:  # what was left by a rollback is not gone back to
        place = back_to
        back_to = known[place].routing.back_to if place in known else None
    if not place:
        raise UsageError("there is nothing to go back to: the endpoint is as the project declares it")
    routes = known[place].routing.routes if place in known else []
    for one in history:
        if one.number < place and one.routing.rollout is None and one.routing.routes != routes:
            return one.number
    if not routes:
        raise UsageError("there is nothing to go back to: the endpoint is as the project declares it")
    return 0
