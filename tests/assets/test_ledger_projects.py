"""Several projects in one database: one chain, and each record says whose it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from ferrata.assets import GENESIS, Ledger, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.clock import FrozenClock
    from ferrata.store import Store


@pytest.fixture
def old(store: Store) -> list[str]:
    """A ledger of two records as it was before records said whose they are; their hashes."""
    store.migrate("assets", Ledger.migrations[:1])
    hashes = [GENESIS]
    with store.write() as connection:
        for seq in (1, 2):
            fields = {
                "seq": seq,
                "id": f"{seq:032x}",
                "at": "2026-01-01T00:00:00.000000Z",
                "actor": "ann",
                "action": "limits.set",
                "subjects": [],
                "payload": {},
                "previous": hashes[-1],
            }
            hashes.append(hashlib.sha256(canonical_json(fields).encode()).hexdigest())
            columns = {**fields, "subjects": "[]", "payload": "{}", "hash": hashes[-1]}
            values = ", ".join(str(value) if key == "seq" else f"'{value}'" for key, value in columns.items())
            connection.exec_driver_sql(f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({values})")
    return hashes[1:]


@pytest.fixture
def both(store: Store, clock: FrozenClock) -> tuple[Ledger, Ledger]:
    return Ledger(store, clock, "ann", project="bot"), Ledger(store, clock, "ann", project="Bot's 2nd")


def test_a_record_says_whose_it_is_and_its_hash_says_so_too(both: tuple[Ledger, Ledger]) -> None:
    record = both[1].append("limits.set")
    assert record.project == both[1].project == "Bot's 2nd"
    assert both[0].get(1) == record
    fields = record.as_json()
    assert list(fields) == ["seq", "id", "at", "project", "actor", "action", "subjects", "payload", "previous", "hash"]
    digest = fields.pop("hash")
    assert digest == hashlib.sha256(canonical_json(fields).encode()).hexdigest()


def test_projects_share_a_chain_and_are_told_apart(both: tuple[Ledger, Ledger]) -> None:
    bot, other = both
    for ledger in (bot, other, other, bot):
        ledger.append("limits.set")
    assert [record.seq for record in bot.records(project="bot")] == [1, 4]
    assert [record.seq for record in bot.records(project="Bot's 2nd", newest_first=True)] == [3, 2]
    assert [record.seq for record in bot.records(project="BOT")] == []
    assert [record.seq for record in other.records()] == [1, 2, 3, 4]
    assert bot.verify() == other.verify()
    assert bot.verify().count == 4


def test_old_records_verify_and_stand_for_every_project(old: list[str], both: tuple[Ledger, Ledger]) -> None:
    bot, other = both
    assert [record.hash for record in bot.records()] == old
    assert [(record.project, "project" in record.as_json()) for record in bot.records()] == [(None, False)] * 2
    new = other.append("limits.set")
    assert (new.seq, new.previous) == (3, old[1])
    assert bot.verify(f"2:{old[1]}").count == 3
    assert bot.verify().broken is None
    assert [record.seq for record in bot.records(project="bot")] == [1, 2]
    assert [record.seq for record in bot.records(project="Bot's 2nd")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE ledger SET project = 'bot' WHERE seq = 3", 3),
        ("UPDATE ledger SET project = NULL WHERE seq = 3", 3),
        ("UPDATE ledger SET project = 'bot' WHERE seq = 1", 1),
        ("UPDATE ledger SET project = '' WHERE seq = 2", 2),
    ],
)
def test_a_changed_project_is_found(
    old: list[str], both: tuple[Ledger, Ledger], tamper: Callable[[str], None], statement: str, seq: int
) -> None:
    both[1].append("limits.set")
    assert both[0].verify().broken is None
    tamper(statement)
    assert both[0].verify().broken == (seq, "its hash does not match its content")
