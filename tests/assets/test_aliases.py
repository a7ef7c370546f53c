"""Aliases, their history, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from registries import open_registry

from ferrata.assets import Ledger, Move, Registry
from ferrata.errors import Conflict, NotFound, UsageError
from ferrata.refs import Ref

if TYPE_CHECKING:
    from ferrata.clock import FrozenClock
    from ferrata.store import Store

PRODUCTION = Ref.parse("prompt/support@production")


@pytest.fixture
def with_versions(registry: Registry) -> Registry:
    for n in range(1, 6):
        registry.register(Ref("prompt", "support"), {"a.prompty": str(n).encode()})
    return registry


def targets(registry: Registry) -> list[int | None]:
    return [move.to for move in reversed(registry.moves(PRODUCTION))]


def test_a_move_says_who_when_from_to_and_why(store: Store, with_versions: Registry, clock: FrozenClock) -> None:
    with_versions.move(PRODUCTION, to=1, why="first")
    clock.advance(timedelta(hours=1))
    open_registry(store, clock, "bob").move(PRODUCTION, to=3, why="better on refunds")
    assert with_versions.moves(PRODUCTION) == [
        Move("prompt/support@production", 1, 3, "bob", "2026-03-01T13:00:00.000000Z", "better on refunds", False),
        Move("prompt/support@production", None, 1, "ann", "2026-03-01T12:00:00.000000Z", "first", False),
    ]


def test_a_move_is_recorded(with_versions: Registry, ledger: Ledger) -> None:
    with_versions.move(PRODUCTION, to=1)
    with_versions.move(PRODUCTION, to=3, why="better")
    with_versions.rollback(PRODUCTION, why="worse")
    rolled, moved, first = ledger.records(subject="prompt/support@production", newest_first=True)
    assert (first.action, first.payload) == ("alias.moved", {"to": 1, "why": ""})
    assert (moved.action, moved.payload) == ("alias.moved", {"from": 1, "to": 3, "why": "better"})
    assert moved.subjects == ("prompt/support@production", "prompt/support@3")
    assert (rolled.action, rolled.payload) == ("alias.rolled_back", {"from": 3, "to": 1, "why": "worse"})


def test_rollbacks_go_further_back_and_not_forth_again(with_versions: Registry) -> None:
    for to in (1, 2, 4):
        with_versions.move(PRODUCTION, to=to)
    assert with_versions.rollback(PRODUCTION).to == 2
    assert with_versions.rollback(PRODUCTION).to == 1
    with pytest.raises(NotFound, match="nothing to go back to"):
        with_versions.rollback(PRODUCTION)
    with_versions.move(PRODUCTION, to=5)
    assert with_versions.rollback(PRODUCTION).to == 1
    assert targets(with_versions) == [1, 2, 4, 2, 1, 5, 1]
    assert [move.back for move in with_versions.moves(PRODUCTION)][:3] == [True, False, True]


def test_a_rollback_reaches_any_earlier_target(with_versions: Registry) -> None:
    for to in (1, 2, 4):
        with_versions.move(PRODUCTION, to=to)
    assert with_versions.rollback(PRODUCTION, to=1).to == 1
    # What was rolled back from was a target as well.
    assert with_versions.rollback(PRODUCTION, to=4).to == 4
    with pytest.raises(UsageError, match="has never pointed to version 3") as raised:
        with_versions.rollback(PRODUCTION, to=3)
    assert "it pointed to 1, 2; to go anywhere else, `ferrata asset alias prompt/support production --to 3`" in str(
        raised.value.hint
    )
    with pytest.raises(UsageError, match="is at 4"):
        with_versions.rollback(PRODUCTION, to=4)


def test_who_expects_another_target_is_told_who_was_first(
    store: Store, with_versions: Registry, clock: FrozenClock
) -> None:
    with_versions.move(PRODUCTION, to=1, expect=0)
    open_registry(store, clock, "bob").move(PRODUCTION, to=2, why="quicker", expect=1)
    with pytest.raises(Conflict) as raised:
        with_versions.move(PRODUCTION, to=3, expect=1)
    assert raised.value.message == (
        "prompt/support@production is at version 2, not 1: bob moved it at 2026-03-01T12:00:00.000000Z: quicker"
    )
    with pytest.raises(Conflict, match="does not exist yet"):
        with_versions.move(Ref.parse("prompt/support@beta"), to=3, expect=1)
    assert targets(with_versions) == [1, 2]


@pytest.mark.parametrize(
    ("ref", "to", "error", "message"),
    [
        ("prompt/support", 1, UsageError, "names no alias"),
        ("prompt/support@2", 1, UsageError, "names no alias"),
        ("prompt/support@production", 1, UsageError, "points to version 1 already"),
        ("prompt/support@production", 6, NotFound, "no version 6 of prompt/support: the newest is 5"),
        ("prompt/other@production", 1, NotFound, "no asset prompt/other"),
    ],
)
def test_what_is_no_move_is_refused(
    with_versions: Registry, ref: str, to: int, error: type[Exception], message: str
) -> None:
    with_versions.move(PRODUCTION, to=1)
    with pytest.raises(error, match=message):
        with_versions.move(Ref.parse(ref), to=to)
    assert targets(with_versions) == [1]


def test_the_history_of_an_asset_is_that_of_all_its_aliases(with_versions: Registry) -> None:
    with_versions.move(PRODUCTION, to=1)
    with_versions.move(Ref.parse("prompt/support@staging"), to=2)
    assert [move.alias for move in with_versions.moves(Ref("prompt", "support"))] == [
        "prompt/support@staging",
        "prompt/support@production",
    ]
    assert len(with_versions.moves(Ref("prompt", "support"), limit=1)) == 1
    with pytest.raises(NotFound, match="has no alias 'beta': it has production, staging"):
        with_versions.moves(Ref.parse("prompt/support@beta"))


def test_a_removed_alias_is_gone_and_its_history_stays(
    store: Store, with_versions: Registry, clock: FrozenClock, ledger: Ledger
) -> None:
    with_versions.move(PRODUCTION, to=3)
    with_versions.move(Ref.parse("prompt/support@beta"), to=4)
    clock.advance(timedelta(hours=1))
    gone = open_registry(store, clock, "bob").remove_alias(PRODUCTION, why="the bot is switched off")
    assert gone == Move(
        "prompt/support@production", 3, None, "bob", "2026-03-01T13:00:00.000000Z", "the bot is switched off", False
    )
    assert with_versions.moves(PRODUCTION)[0] == gone
    assert targets(with_versions) == [3, None]
    assert with_versions.assets()[0].aliases == {"beta": 4}
    removed = next(iter(ledger.records(subject="prompt/support@production", newest_first=True)))
    assert (removed.action, removed.payload) == ("alias.removed", {"from": 3, "why": "the bot is switched off"})
    assert removed.subjects == ("prompt/support@production", "prompt/support@3")
    for ask in (with_versions.resolve, with_versions.rollback, with_versions.remove_alias):
        with pytest.raises(NotFound) as caught:
            ask(PRODUCTION)
        assert caught.value.message == (
            "prompt/support has no alias 'production': bob removed it from version 3 at 2026-03-01T13:00:00.000000Z: "
            "the bot is switched off"
        )
        assert caught.value.hint == "set it with `ferrata asset alias prompt/support production --to 3`"
    with pytest.raises(NotFound, match="no alias 'gamma': it has beta$"):
        with_versions.remove_alias(Ref.parse("prompt/support@gamma"))


def test_a_removed_alias_can_be_set_again_and_goes_back_to_where_it_was(with_versions: Registry) -> None:
    for to in (1, 3):
        with_versions.move(PRODUCTION, to=to)
    with_versions.remove_alias(PRODUCTION, expect=3)
    assert with_versions.move(PRODUCTION, to=3, expect=0).before is None
    with_versions.remove_alias(PRODUCTION)
    with_versions.move(PRODUCTION, to=4)
    assert with_versions.resolve(PRODUCTION).number == 4
    assert with_versions.rollback(PRODUCTION).to == 3
    assert targets(with_versions) == [1, 3, None, 3, None, 4, 3]
    assert with_versions.rollback(PRODUCTION, to=1).to == 1


def test_an_alias_that_was_moved_meanwhile_is_not_removed(with_versions: Registry) -> None:
    with_versions.move(PRODUCTION, to=3, why="better")
    with pytest.raises(Conflict, match=r"is at version 3, not 2: ann moved it at .*: better"):
        with_versions.remove_alias(PRODUCTION, expect=2)
    assert with_versions.resolve(PRODUCTION).number == 3
    with_versions.remove_alias(PRODUCTION)
    with pytest.raises(Conflict, match=r"is gone \(ann removed it from version 3 at .*\), so it is not at version 3"):
        with_versions.move(PRODUCTION, to=4, expect=3)
    with pytest.raises(UsageError, match="names no alias"):
        with_versions.remove_alias(Ref.parse("prompt/support@3"))


def test_versions_of_a_removed_alias_are_no_garbage(with_versions: Registry, clock: FrozenClock) -> None:
    with_versions.move(PRODUCTION, to=2)
    with_versions.remove_alias(PRODUCTION)
    clock.advance(timedelta(days=1000))
    gone = with_versions.collect(older_than=timedelta(days=1))
    assert [ref.version for ref in gone.versions] == [1, 3, 4]
