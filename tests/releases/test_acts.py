"""Acts on an endpoint's routes: what each one writes, who may do what when, and that two at once never half-apply."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.assets import Ledger, Registered, Version
from ferrata.catalog import EndpointSettings, Published
from ferrata.errors import Conflict, FerrataError, NotFound, UsageError
from ferrata.releases import Acts, Evidence, Kept, Release

if TYPE_CHECKING:
    from ferrata.clock import FrozenClock
    from ferrata.store import Store

PASS = Evidence(gate="quality", verdict="pass")


def kept(number: int, evidence: Evidence | None = PASS) -> Kept:
    version = Version("release", "bot", number, f"{number:064x}", {}, "ann", "", "", {}, ())
    assert Registered(version, True).new
    return Kept(version, Release(model="main", evidence=evidence))


@pytest.fixture
def ledger(store: Store, clock: FrozenClock) -> Ledger:
    return Ledger(store, clock, "ann", project="bot")


@pytest.fixture
def acts(store: Store, clock: FrozenClock, ledger: Ledger) -> Acts:
    return acts_of(store, clock, ledger)


def acts_of(store: Store, clock: FrozenClock, ledger: Ledger, actor: str = "ann") -> Acts:
    declared = EndpointSettings.model_validate("local/echo")
    return Acts(store, clock, Published(store, "bot"), ledger, "bot", declared, actor=actor)


def weights(acts: Acts) -> dict[str, float]:
    return {route.name: round(route.weight, 3) for route in acts.current.routing.routes}


def told(ledger: Ledger) -> list[tuple[str, dict[str, Any]]]:
    return [(record.action, dict(record.payload)) for record in ledger.records()]


def test_a_canary_goes_through_its_stages(acts: Acts, ledger: Ledger) -> None:
    acts.deploy(kept(1), shares=(5, 25, 100), why="better answers")
    assert weights(acts) == {"local-echo": 95.0, "bot-1": 5.0}
    acts.advance(acts.current)
    assert weights(acts) == {"local-echo": 75.0, "bot-1": 25.0}
    acts.advance(acts.current, automatic=True)
    assert weights(acts) == {"bot-1": 1.0}
    assert acts.current.routing.rollout is None
    assert [action for action, _ in told(ledger)] == [
        "rollout.staged",
        "routing.changed",
        "rollout.decided",
        "routing.changed",
        "rollout.decided",
        "routing.changed",
    ]
    assert told(ledger)[0][1]["why"] == "better answers"


def test_a_rollback_ends_a_rollout_and_then_goes_back_release_by_release(acts: Acts, ledger: Ledger) -> None:
    for number in (1, 2, 3):
        acts.deploy(kept(number))
        acts.promote()
    acts.deploy(kept(4))
    assert weights(acts) == {"bot-3": 95.0, "bot-4": 5.0}
    assert acts.rollback(why="slow").routing.back_to == 6
    assert weights(acts) == {"bot-3": 1.0}
    acts.rollback()
    assert weights(acts) == {"bot-2": 1.0}
    acts.rollback()  # not to 3 or 4, which were left
    assert weights(acts) == {"bot-1": 1.0}
    acts.rollback()
    assert weights(acts) == {}
    with pytest.raises(UsageError, match="nothing to go back to"):
        acts.rollback()
    done = [payload for action, payload in told(ledger) if action == "rollback.done"]
    assert len(done) == 4
    assert done[0]["why"] == "slow"
    assert 0 <= done[0]["seconds"] < 5


def test_a_rollback_to_a_table(acts: Acts) -> None:
    for number in (1, 2):
        acts.deploy(kept(number))
        acts.promote()
    acts.rollback(to=0)
    assert weights(acts) == {}
    acts.rollback(to=4)
    assert weights(acts) == {"bot-2": 1.0}
    with pytest.raises(UsageError, match="one of a rollout"):
        acts.rollback(to=3)
    with pytest.raises(NotFound, match="no table 99"):
        acts.rollback(to=99)
    with pytest.raises(UsageError, match="there already"):
        acts.rollback(to=4)


@pytest.mark.parametrize(
    ("strategy", "routes", "shadows"),
    [
        ("canary", {"local-echo": 90.0, "bot-1": 10.0}, {}),
        ("ab", {"local-echo": 90.0, "bot-1": 10.0}, {}),
        ("blue-green", {"local-echo": 100.0, "bot-1": 0.0}, {}),
        ("shadow", {"local-echo": 100.0, "bot-1": 0.0}, {"release/bot@1": 0.1}),
    ],
)
def test_strategies(acts: Acts, strategy: Any, routes: dict[str, float], shadows: dict[str, float]) -> None:
    acts.deploy(kept(1), strategy, shares=(10, 100))
    assert weights(acts) == routes
    assert {one.release: one.share for one in acts.current.routing.shadows} == shadows
    acts.promote()
    assert weights(acts) == {"bot-1": 1.0}
    assert acts.current.routing.shadows == []


def test_a_release_without_a_verdict_needs_a_reason(acts: Acts) -> None:
    with pytest.raises(UsageError, match="no gate's verdict that passes"):
        acts.deploy(kept(1, None))
    with pytest.raises(UsageError, match="no gate's verdict that passes"):
        acts.deploy(kept(1, Evidence(gate="quality", verdict="fail")))
    assert acts.current.number == 0
    acts.deploy(kept(1, None), waived="a hot fix")
    assert acts.current.number == 1


def test_what_is_frozen_takes_a_rollback_only(acts: Acts) -> None:
    acts.deploy(kept(1))
    acts.freeze("the shop is full")
    for act in (acts.promote, lambda: acts.advance(acts.current), lambda: acts.deploy(kept(2))):
        with pytest.raises(UsageError, match="frozen: the shop is full"):
            act()
    acts.rollback()
    assert acts.current.routing.frozen
    acts.thaw()
    acts.deploy(kept(1))
    with pytest.raises(UsageError, match="moving to release/bot@1 already"):
        acts.deploy(kept(2))


def test_pause_keeps_the_shares(acts: Acts) -> None:
    with pytest.raises(UsageError, match="not moving"):
        acts.pause()
    acts.deploy(kept(1))
    before = weights(acts)
    acts.pause(why="lunch")
    assert weights(acts) == before
    assert acts.current.routing.rollout is not None
    assert acts.current.routing.rollout["state"] == "paused"
    acts.pause(state="running")
    assert acts.current.routing.rollout["state"] == "running"


def test_an_act_on_a_table_that_is_not_the_newest_changes_nothing(acts: Acts, ledger: Ledger) -> None:
    seen = acts.deploy(kept(1))
    acts.pause()
    count = len(told(ledger))
    for act in (lambda: acts.advance(seen), lambda: acts.promote(seen), lambda: acts.rollback(seen=seen)):
        with pytest.raises(Conflict, match="number 2, written by ann at"):
            act()
    assert len(told(ledger)) == count
    assert acts.current.number == 2


def test_two_operators_who_promote_and_roll_back_at_the_same_moment(
    store: Store, clock: FrozenClock, ledger: Ledger
) -> None:
    acts = acts_of(store, clock, ledger)
    for turn in range(1, 9):
        acts.deploy(kept(turn))
        start, refused = threading.Barrier(3), list[FerrataError]()

        def act(does: str, start: threading.Barrier = start, refused: list[FerrataError] = refused) -> None:
            mine = acts_of(store, clock, ledger, does)
            start.wait()
            try:
                mine.promote() if does == "promote" else mine.rollback(why=does)
            except FerrataError as error:
                refused.append(error)

        threads = [threading.Thread(target=act, args=(does,)) for does in ("promote", "rollback", "rollback")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Whoever came first: the candidate is gone in the end, and what was before answers alone.
        assert f"bot-{turn}" not in weights(acts)
        assert acts.current.routing.rollout is None
    numbers = [payload["number"] for action, payload in told(ledger) if action == "routing.changed"]
    assert numbers == list(range(1, acts.current.number + 1))
