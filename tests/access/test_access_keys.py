"""Virtual keys in the database and in memory, on SQLite and PostgreSQL."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ferrata.access import Allowance, Draft, KeyRing, Keys
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from ferrata.access import Key
    from ferrata.assets import Ledger
    from ferrata.clock import FrozenClock
    from ferrata.store import Store

DAY = Allowance("usd", "day", 5.0)


def ring_of(keys: Keys, clock: FrozenClock) -> KeyRing:
    ring = KeyRing(lambda: clock.now().timestamp())
    snapshot = keys.snapshot()
    assert snapshot is not None
    ring.load(snapshot)
    return ring


def dumped(store: Store) -> str:
    """Every value of every table, as text."""
    with store.read() as connection:
        if connection.dialect.name == "sqlite":
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        else:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        tables = list(connection.scalars(text(query)))
        assert {"access_key", "ledger"} <= set(tables)
        return "\n".join(
            str(tuple(row)) for name in tables for row in connection.execute(text(f"SELECT * FROM {name}"))
        )


def test_a_key_is_kept_without_its_secret(keys: Keys, store: Store, clock: FrozenClock, ledger: Ledger) -> None:
    draft = Draft(
        "ci",
        team="shop",
        user="ann@example.com",
        endpoints=("chat", "embed"),
        budgets=(DAY, Allowance("requests", "minute", 60)),
        concurrency=4,
        expires=clock.now() + timedelta(days=30),
    )
    key, secret = keys.create(draft)
    assert re.fullmatch(r"key_[0-9a-f]{12}", key.id)
    assert re.fullmatch(r"sk-fe-[A-Za-z0-9_-]{43}", secret)
    assert key.shown == f"{secret[:11]}…{secret[-4:]}"
    assert keys.find("ci") == keys.find(key.id) == key
    assert keys.list() == [key]
    assert (key.team, key.user, key.endpoints, key.budgets) == (draft.team, draft.user, draft.endpoints, draft.budgets)
    assert (key.concurrency, key.expires, key.created, key.created_by) == (4, draft.expires, clock.now(), "ann")
    (limits, made) = ledger.records(newest_first=True)
    assert (made.action, made.subjects, limits.action) == ("key.created", (f"key/{key.id}",), "limits.set")
    assert made.payload["budgets"] == ["5usd/day", "60requests/minute"]
    assert secret[6:] not in dumped(store)
    assert secret[6:] not in repr(key) + str(key.as_json(clock.now()))
    assert key.sha256 not in str(key.as_json(clock.now()))


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "a b"},
        {"team": "x\n"},
        {"user": "a\x1b[31m"},
        {"user": "u" * 201},
        {"endpoints": ("chat", "")},
        {"concurrency": 0},
        {"budgets": (DAY, Allowance("usd", "day", 7))},
    ],
)
def test_what_is_no_key_is_refused(keys: Keys, change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        keys.create(replace(Draft("ci"), **change))  # pyright: ignore[reportArgumentType]
    assert keys.list() == []


def test_a_key_that_would_have_ended_is_refused(keys: Keys, clock: FrozenClock) -> None:
    with pytest.raises(UsageError, match="expired already"):
        keys.create(Draft("ci", expires=clock.now()))


def test_a_name_is_free_again_once_its_key_is_revoked(keys: Keys, clock: FrozenClock, ledger: Ledger) -> None:
    first, _ = keys.create(Draft("ci"))
    with pytest.raises(UsageError, match="a key 'ci' already"):
        keys.create(Draft("ci"))
    assert keys.revoke("ci").revoked == clock.now()
    with pytest.raises(UsageError, match="was revoked at"):
        keys.revoke(first.id)
    with pytest.raises(UsageError, match="was revoked at"):
        keys.rotate(first.id, grace=timedelta())
    assert keys.find("ci").id == first.id
    clock.advance(timedelta(seconds=1))
    second, _ = keys.create(Draft("ci"))
    assert keys.find("ci") == second
    assert [key.id for key in keys.list()] == [second.id]
    assert [key.id for key in keys.list(all=True)] == [second.id, first.id]
    with pytest.raises(NotFound, match="no key 'other'"):
        keys.find("other")
    assert [record.action for record in ledger.records()] == ["key.created", "key.revoked", "key.created"]


def test_keys_of_another_project_are_not_seen(keys: Keys, store: Store, clock: FrozenClock, ledger: Ledger) -> None:
    key, _ = keys.create(Draft("ci"))
    other = Keys(store, clock, project="shop", actor="ann", ledger=lambda: ledger)
    assert other.list(all=True) == []
    with pytest.raises(NotFound):
        other.find(key.id)
    with pytest.raises(NotFound):
        other.revoke(key.id)
    snapshot = other.snapshot()
    assert snapshot is not None
    assert (snapshot.version, snapshot.keys) == (0, ())
    assert other.snapshot(0) is None


def test_of_two_keys_of_one_name_made_at_once_one_is_refused(keys: Keys) -> None:
    together = threading.Barrier(4)
    made: list[Key] = []
    refused: list[str] = []

    def make() -> None:
        together.wait()
        try:
            made.append(keys.create(Draft("ci"))[0])
        except UsageError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 3)
    assert keys.list() == made


def test_a_ring_finds_keys_by_their_secrets(keys: Keys, clock: FrozenClock) -> None:
    key, secret = keys.create(Draft("ci", expires=clock.now() + timedelta(hours=1)))
    other, others = keys.create(Draft("app"))
    ring = ring_of(keys, clock)
    assert (ring.find(secret), ring.find(others), len(ring)) == (key, other, 2)
    for wrong in (
        "",
        secret[:-1],
        secret + "A",
        key.id,
        key.sha256,
        "sk-fe-" + "\ud800" * 43,
        "é" * 49,
        secret.upper(),
    ):
        assert ring.find(wrong) is None
    clock.advance(timedelta(minutes=59, seconds=59))
    assert ring.find(secret) == key
    clock.advance(timedelta(seconds=1))
    assert ring.find(secret) is None
    assert ring.find(others) == other


def test_a_ring_follows_every_change(keys: Keys, clock: FrozenClock) -> None:
    ring = ring_of(keys, clock)
    assert (ring.version, len(ring), keys.snapshot(ring.version)) == (0, 0, None)
    key, secret = keys.create(Draft("ci"))
    changes = [lambda: keys.rotate("ci", grace=timedelta(hours=1)), lambda: keys.revoke("ci")]
    for change in [lambda: keys.create(Draft("app")), *changes]:
        snapshot = keys.snapshot(ring.version)
        assert snapshot is not None
        ring.load(snapshot)
        assert keys.snapshot(ring.version) is None
        found = ring.find(secret)
        assert found is not None
        assert found.id == key.id
        change()
    ring.load(keys.snapshot(ring.version) or pytest.fail("nothing changed"))
    assert ring.find(secret) is None
    assert ring.version == 4


def test_a_rotated_key_keeps_its_secret_for_the_grace(keys: Keys, clock: FrozenClock, ledger: Ledger) -> None:
    key, first = keys.create(Draft("ci"))
    rotated, second = keys.rotate("ci", grace=timedelta(hours=1))
    assert (rotated.id, rotated.name) == (key.id, "ci")
    assert rotated.shown == f"{second[:11]}…{second[-4:]}"
    assert [record.payload for record in ledger.records(action="key.rotated")] == [
        {"name": "ci", "grace_seconds": 3600.0}
    ]
    ring = ring_of(keys, clock)
    assert ring.find(first) == ring.find(second) == rotated
    clock.advance(timedelta(hours=1))
    assert ring.find(first) is None
    assert ring.find(second) == rotated
    _, third = keys.rotate("ci", grace=timedelta(minutes=1))
    _, fourth = keys.rotate("ci", grace=timedelta())
    ring = ring_of(keys, clock)
    assert [ring.find(secret) for secret in (first, second, third)] == [None, None, None]
    assert ring.find(fourth) is not None
    with pytest.raises(UsageError, match="not a time"):
        keys.rotate("ci", grace=timedelta(seconds=-1))


def test_the_grace_of_a_secret_does_not_outlast_its_key(keys: Keys, clock: FrozenClock) -> None:
    _, first = keys.create(Draft("ci", expires=clock.now() + timedelta(minutes=1)))
    keys.rotate("ci", grace=timedelta(hours=1))
    ring = ring_of(keys, clock)
    clock.advance(timedelta(minutes=1))
    assert ring.find(first) is None
