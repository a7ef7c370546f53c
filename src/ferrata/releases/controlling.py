"""Looks at the rollouts of a project again and again, asks the judge, and acts. Several may run: of two acts on one table one is refused.

What it knows it reads from the store: one that was killed comes to the same verdict when it begins anew.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrata.catalog import SHADOWED, RolloutSettings
from ferrata.clock import parse_time
from ferrata.errors import Conflict, FerrataError, UsageError
from ferrata.monitor import Outcome, Said, read_outcomes, read_said
from ferrata.releases.judging import Judge, Row, Verdict
from ferrata.releases.reaching import reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.catalog import Published, RoutingTable
    from ferrata.clock import Clock
    from ferrata.releases.acts import Acts
    from ferrata.store import Store

__all__ = ["Controller"]

_log = logging.getLogger("ferrata.rollouts")
_SECOND = 1_000_000_000
# Spans are in the store about a second after their call; what comes later than this is not compared.
_SETTLE = 5.0
_PAUSE = 1.0
_SHARE = 0.05  # of a processor that the looks may take
_MOST_WAITING = 100_000


class Controller:
    """Looks after the rollouts of one project.

    Args:
        store: where spans and tables lie.
        project: whose.
        clock: tells the time.
        published: the tables.
        acts: on an endpoint, by its name.
        settle: seconds after which a call's span is surely in the store.
    """

    def __init__(
        self,
        store: Store,
        project: str,
        clock: Clock,
        published: Published,
        acts: Callable[[str], Acts],
        *,
        settle: float = _SETTLE,
    ) -> None:
        self._store = store
        self._project = project
        self._clock = clock
        self._published = published
        self._acts = acts
        self._settle = int(settle * _SECOND)
        self._stages: dict[str, _Stage] = {}
        self._told: dict[str, str] = {}

    def look(self) -> float:
        """Look once at every rollout and do what is to be done; how many seconds the next look should wait.

        Raises:
            StoreUnavailable: the store is away; nothing was done.
        """
        began = time.monotonic()
        tables = self._published.newest()
        for name in self._stages.keys() - tables.keys():
            del self._stages[name]
        for name, table in tables.items():
            if table.routing.rollout is None:
                self._stages.pop(name, None)
                continue
            verdict = self.verdict(table)
            if verdict is not None and table.routing.rollout["state"] != "paused":
                self._act(table, verdict)
        return max(_PAUSE, (time.monotonic() - began) / _SHARE)

    def verdict(self, table: RoutingTable) -> Verdict | None:
        """What is known of a table's rollout by now; None where there is nothing to compare.

        Raises:
            StoreUnavailable: the store is away.
        """
        rollout = table.routing.rollout
        if rollout is None or rollout["strategy"] == "blue-green":
            return None
        stage = self._stages.get(table.endpoint)
        if stage is None or stage.key != _key(rollout):
            stage = self._stages[table.endpoint] = _Stage.of(rollout)
        until = int(self._clock.now().timestamp() * _SECOND) - self._settle
        if until > stage.read:
            self._read(table.endpoint, stage, until)
        return stage.judge.verdict(until)

    def _read(self, endpoint: str, stage: _Stage, until: int) -> None:
        span = {"started": stage.begun, "after": stage.read, "until": until}
        names = [endpoint, endpoint + SHADOWED] if stage.shadow else [endpoint]
        outcomes = [one for name in names for one in read_outcomes(self._store, self._project, name, **span)]
        attributes = [metric.attribute for metric in stage.plan.metrics.values() if metric.attribute]
        said = read_said(self._store, self._project, endpoint, attributes, **span) if attributes else []
        stage.take(outcomes, said)
        stage.read = until

    def _act(self, table: RoutingTable, verdict: Verdict) -> None:
        rollout: dict[str, Any] = table.routing.rollout or {}
        plan = RolloutSettings.model_validate(rollout["plan"])
        why = "; ".join(verdict.reasons)
        try:
            if verdict.decision == "rollback":
                if "rollback" in plan.automatic:
                    self._acts(table.endpoint).rollback(why=why, automatic=True, seen=table)
                elif rollout["state"] == "running":
                    self._acts(table.endpoint).pause(why=why, state="waiting", seen=table)
            elif verdict.decision == "advance" and rollout["strategy"] == "canary" and rollout["state"] == "running":
                if problems := self._unloaded(table):
                    self._tell(table.endpoint, f"the rollout waits: {problems[0]}")
                elif "advance" in plan.automatic:
                    self._acts(table.endpoint).advance(table, why=why, automatic=True)
                else:
                    self._acts(table.endpoint).pause(why=why, state="waiting", seen=table)
        except Conflict as error:  # somebody else acted; the next look sees what
            _log.info("%s", error.message)
        except UsageError as error:  # frozen, or the like: until somebody changes it
            self._tell(table.endpoint, error.message)

    def _unloaded(self, table: RoutingTable) -> list[str]:
        """Why a gateway cannot load the candidate; a stage does not go on before all can."""
        found = reached(self._published, self._clock, table.seq)
        candidate = str((table.routing.rollout or {})["candidate"])
        late = [f"{one.holder} does not follow the table yet" for one in found.behind]
        return [*(one for one in found.problems if candidate in one), *late]

    def _tell(self, endpoint: str, text: str) -> None:
        if self._told.get(endpoint) != text:
            self._told[endpoint] = text
            _log.warning("%s: %s", endpoint, text)

    def run(self, wait: Callable[[float], bool], say: Callable[[str], object]) -> None:
        """Look until `wait`, which takes seconds, says that it is to end; `say` takes what is wrong, once."""
        away = ""
        pause = 0.0
        while not wait(pause):
            try:
                pause = self.look()
                away = ""
            except FerrataError as error:
                pause = _PAUSE
                if away != error.message:
                    away = error.message
                    say(f"rollouts are not looked after: {away}")


def _key(rollout: dict[str, Any]) -> tuple[Any, ...]:
    return rollout["candidate"], rollout["stage"], rollout["since"]


@dataclass
class _Stage:
    """A stage that is looked at: its judge, and how far the spans are read."""

    key: tuple[Any, ...]
    plan: RolloutSettings
    judge: Judge
    begun: int
    read: int
    route: str
    shadow: str
    dealt: dict[str, tuple[bool, str]] = field(default_factory=dict[str, "tuple[bool, str]"])
    waiting: list[Said] = field(default_factory=list[Said])

    @classmethod
    def of(cls, rollout: dict[str, Any]) -> _Stage:
        plan = RolloutSettings.model_validate(rollout["plan"])
        begun = int(parse_time(rollout["since"]).timestamp() * _SECOND)
        judge = Judge(plan, rollout["stage"], begun)
        shadow = rollout["candidate"] if rollout["strategy"] == "shadow" else ""
        return cls(_key(rollout), plan, judge, begun, begun, rollout["route"], shadow)

    def take(self, outcomes: list[Outcome], said: list[Said]) -> None:
        """Give the judge what is new."""
        rows: list[Row] = []
        scored = any(metric.attribute for metric in self.plan.metrics.values())
        for one in outcomes:
            arm = self._arm(one)
            if arm is None:
                continue
            if scored:
                self.dealt[one.trace_id] = (arm, one.unit)
            rows.append(self._row(one, candidate=arm))
        waiting, self.waiting = [*self.waiting, *said], []
        for number in waiting:
            of = self.dealt.get(number.trace_id)
            if of is None:
                self.waiting.append(number)  # its call is not over, or is none of the compared
                continue
            values = {
                name: -number.value if metric.better == "higher" else number.value
                for name, metric in self.plan.metrics.items()
                if metric.attribute == number.name
            }
            rows.append(Row(number.ended, of[0], of[1], values, call=False))
        del self.waiting[:-_MOST_WAITING]
        rows.sort(key=lambda row: row.at)
        self.judge.add(rows)

    def _arm(self, one: Outcome) -> bool | None:
        """Whether a call was the candidate's; None: it is not compared. An answer out of a cache says nothing of a release."""
        if one.cached:
            return None
        if self.shadow:
            return one.shadow == self.shadow if one.shadow else False
        return one.drawn == self.route if one.drawn else None

    def _row(self, one: Outcome, *, candidate: bool) -> Row:
        # A call that another route had to answer has failed for the one that it was dealt to.
        failed = one.failed or (bool(one.drawn) and one.route != one.drawn)
        measured = {
            "errors": float(failed),
            "blocked": float(bool(one.blocked)),
            "latency": one.seconds,
            "cost": one.cost,
        }
        values: dict[str, float] = {}
        for name, metric in self.plan.metrics.items():
            value = measured.get(name)
            if value is not None:
                values[name] = float(value > metric.over) if metric.over is not None else value
        return Row(one.ended, candidate, one.unit, values, True, one.seconds, one.cost, failed)
