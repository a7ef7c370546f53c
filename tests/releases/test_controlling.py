"""Rollouts that are looked after: advance, go back, wait for a person, and the same after a restart; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from test_acts import kept

from ferrata.assets import Ledger
from ferrata.catalog import SHADOWED, EndpointSettings, Follower, Published
from ferrata.clock import format_time
from ferrata.monitor import Drain
from ferrata.releases import Acts, Controller
from ferrata.telemetry import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.clock import FrozenClock
    from ferrata.store import Store

PLAN: dict[str, Any] = {
    "stages": [{"share": 20, "minutes": 1, "requests": 30}, {"share": 50, "minutes": 1, "requests": 30}],
    "metrics": {"errors": 0.15, "latency": {"over": 1.0, "margin": 0.2}},
}


class Rolling:
    """An endpoint with its rollout, and calls that come to it."""

    def __init__(self, store: Store, clock: FrozenClock, folder: Path, **plan: Any) -> None:
        self.store, self.clock = store, clock
        self.published = Published(store, "bot")
        self.ledger = Ledger(store, clock, "ann", project="bot")
        self.declared = EndpointSettings.model_validate({"model": "local/echo", "rollout": {**PLAN, **plan}})
        self.controller = self.another()
        self.spool = Spool(folder, 10_000_000)
        self.drain = Drain(store, folder, "bot")
        self.rng = np.random.default_rng(7)
        self.made = 0

    def another(self) -> Controller:
        return Controller(self.store, "bot", self.clock, self.published, lambda _: self.acts)

    @property
    def acts(self) -> Acts:
        return Acts(self.store, self.clock, self.published, self.ledger, "bot", self.declared, actor="ann")

    def calls(
        self,
        count: int,
        *,
        share: float = 0.5,
        fails: float = 0.02,
        slow: float = 0.0,
        endpoint: str = "bot",
        **more: Any,
    ) -> None:
        """Calls, one each 0.1 s; `fails` and `slow` are those of the candidate."""
        for _ in range(count):
            self.clock.advance(timedelta(seconds=0.1))
            at = int(self.clock.now().timestamp() * 1e9)
            mine = self.rng.random() < share
            failed = self.rng.random() < (fails if mine else 0.02)
            took = 2.0 if mine and self.rng.random() < slow else 0.2
            route = "bot-1" if mine else "local-echo"
            self.made += 1
            span = {
                "trace_id": f"{self.made:032x}",
                "span_id": f"{self.made:016x}",
                "name": "chat",
                "kind": "server",
                "started": at,
                "ended": at + int(took * 1e9),
                "error": "upstream_failed" if failed else None,
                "attributes": {
                    "ferrata.endpoint": endpoint,
                    "ferrata.status": 502 if failed else 200,
                    "ferrata.route": route,
                    "ferrata.drawn": route,
                    **more,
                },
            }
            self.spool.append(orjson.dumps(span, option=orjson.OPT_APPEND_NEWLINE))
        self.spool.rotate()
        while self.drain.step().spans:
            pass

    @property
    def told(self) -> list[str]:
        return [table.act for table in reversed(self.published.history("bot"))]


@pytest.fixture
def rolling(store: Store, clock: FrozenClock, tmp_path: Path) -> Rolling:
    return Rolling(store, clock, tmp_path / "spool")


def test_a_good_candidate_goes_through_its_stages(rolling: Rolling) -> None:
    rolling.acts.deploy(kept(1))
    rolling.controller.look()
    assert rolling.told == ["deploy"], "nothing is known yet"
    rolling.calls(800)
    rolling.clock.advance(timedelta(seconds=6))
    rolling.controller.look()
    assert rolling.told == ["deploy", "advance"]
    rolling.controller.look()
    assert rolling.told == ["deploy", "advance"], "a stage has rows of its own"
    rolling.calls(800)
    rolling.clock.advance(timedelta(seconds=6))
    rolling.another().look()
    assert rolling.told == ["deploy", "advance", "promote"]
    rolling.controller.look()
    decided = [dict(record.payload) for record in rolling.ledger.records() if record.action == "rollout.decided"]
    assert decided == [{"decision": "advance", "automatic": True, "criteria": True}] * 2


@pytest.mark.parametrize("damage", [{"fails": 0.6}, {"slow": 0.8}])
def test_a_worse_one_is_taken_back(rolling: Rolling, damage: dict[str, float]) -> None:
    rolling.acts.deploy(kept(1))
    for _ in range(8):
        rolling.calls(60, **damage)
        rolling.clock.advance(timedelta(seconds=6))
        rolling.another().look()  # each look by another process
    assert rolling.told == ["deploy", "rollback"]
    table = rolling.acts.current
    assert table.routing.releases == []
    assert table.routing.rollout is None
    assert ("errors" if "fails" in damage else "latency") in table.why or "failed" in table.why
    assert [record.payload["automatic"] for record in rolling.ledger.records() if record.action == "rollback.done"] == [
        True
    ]


def test_where_a_person_decides_it_waits(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    rolling = Rolling(store, clock, tmp_path / "spool", automatic=["rollback"])
    rolling.acts.deploy(kept(1))
    rolling.calls(800)
    clock.advance(timedelta(seconds=6))
    for _ in range(3):
        rolling.controller.look()
    assert rolling.told == ["deploy", "wait"]
    assert rolling.acts.current.routing.rollout is not None
    assert "is not worse" in rolling.acts.current.why
    rolling.calls(200, fails=1.0)
    clock.advance(timedelta(seconds=6))
    rolling.controller.look()
    assert rolling.told == ["deploy", "wait", "rollback"]


def test_what_is_paused_or_frozen_stays(rolling: Rolling) -> None:
    rolling.acts.deploy(kept(1))
    rolling.acts.pause()
    rolling.calls(200, fails=1.0)
    rolling.clock.advance(timedelta(seconds=6))
    rolling.controller.look()
    assert rolling.told == ["deploy", "pause"]
    rolling.acts.freeze("the fair")
    rolling.acts.pause(state="running")
    rolling.controller.look()
    assert rolling.told[-1] == "rollback", "a rollback is always allowed"


def test_two_controllers_act_once(rolling: Rolling) -> None:
    rolling.acts.deploy(kept(1))
    rolling.calls(800)
    rolling.clock.advance(timedelta(seconds=6))
    one, two = rolling.another(), rolling.another()
    table = rolling.acts.current
    verdict = one.verdict(table)
    two.look()
    assert verdict is not None
    one._act(table, verdict)  # pyright: ignore[reportPrivateUsage] - as if it had been slow between the two
    assert rolling.told == ["deploy", "advance"]


def test_a_gateway_that_cannot_load_it_holds_the_stage(rolling: Rolling) -> None:
    table = rolling.acts.deploy(kept(1))
    rolling.calls(800)
    rolling.clock.advance(timedelta(seconds=6))
    at = format_time(rolling.clock.now())
    rolling.published.see(Follower("host-1", table.seq, at, "bot: release/bot@1: no such file"))
    rolling.controller.look()
    assert rolling.told == ["deploy"]
    rolling.published.see(Follower("host-1", table.seq, at, ""))
    rolling.controller.look()
    assert rolling.told == ["deploy", "advance"]


def test_answers_of_others_count_as_failures_and_caches_do_not_count(rolling: Rolling) -> None:
    table = rolling.acts.deploy(kept(1))
    rolling.calls(20, share=1.0, **{"ferrata.route": "local-echo"})
    rolling.calls(20, share=1.0, **{"ferrata.cached": "exact"})
    rolling.calls(20, share=1.0, **{"ferrata.drawn": ""})
    rolling.clock.advance(timedelta(seconds=6))
    verdict = rolling.controller.verdict(table)
    assert verdict is not None
    assert verdict.requests == 20
    assert verdict.decision == "rollback"


def test_scores_that_come_late_are_compared(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    metrics = {"rating": {"attribute": "rating", "low": 1, "high": 5, "margin": 0.5}}
    rolling = Rolling(store, clock, tmp_path / "spool", metrics=metrics)
    table = rolling.acts.deploy(kept(1))
    rolling.calls(300)
    clock.advance(timedelta(seconds=6))
    assert (verdict := rolling.controller.verdict(table)) is not None
    assert verdict.decision == "hold"
    for number in range(1, 301):
        clock.advance(timedelta(seconds=0.01))
        at = int(clock.now().timestamp() * 1e9)
        attributes = {"rating": "4" if number % 2 else 5}
        span = {
            "trace_id": f"{number:032x}",
            "span_id": f"{number:016x}f",
            "name": "feedback",
            "started": at,
            "ended": at,
        }
        rolling.spool.append(orjson.dumps({**span, "attributes": attributes}, option=orjson.OPT_APPEND_NEWLINE))
    rolling.calls(1)
    clock.advance(timedelta(seconds=60))
    assert (verdict := rolling.controller.verdict(table)) is not None
    (rating,) = verdict.compared
    assert rating.rows + rating.baseline_rows == 300
    assert rating.candidate == pytest.approx(-4.5, abs=0.2)
    assert verdict.decision == "advance"


def test_copies_are_compared_and_change_nothing(rolling: Rolling) -> None:
    table = rolling.acts.deploy(kept(1), "shadow", shares=(100,))
    rolling.calls(100, share=0.0)
    rolling.calls(100, share=1.0, endpoint="bot" + SHADOWED, fails=0.0, **{"ferrata.shadow": "release/bot@1"})
    rolling.clock.advance(timedelta(seconds=6))
    rolling.controller.look()
    assert rolling.told == ["deploy"]
    assert (verdict := rolling.controller.verdict(table)) is not None
    assert (verdict.compared[0].rows, verdict.compared[0].baseline_rows) == (100, 100)
