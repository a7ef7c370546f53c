from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from ferrata.assets import GENESIS, Head, Ledger, Verification
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.store import Store

Tamper = "Callable[[str], None]"


@pytest.fixture
def ten(ledger: Ledger, store: Store) -> Ledger:
    with store.write() as connection:
        for n in range(1, 11):
            ledger.append_in(connection, "ledger.exported", payload={"count": n, "head": "ü"}, id=f"{n:032x}")
    return ledger


def test_an_untouched_ledger_verifies(ten: Ledger) -> None:
    assert ten.verify() == Verification(10, ten.head(), None)


def test_an_empty_ledger_verifies(ledger: Ledger) -> None:
    assert ledger.verify() == Verification(0, Head(0, GENESIS), None)
    assert ledger.verify(f"0:{GENESIS}").broken is None


@pytest.mark.parametrize(
    ("statements", "seq", "why"),
    [
        (['UPDATE ledger SET payload = \'{"count":99,"head":"ü"}\' WHERE seq = 4'], 4, "hash does not match"),
        (["UPDATE ledger SET payload = replace(payload, ',', ', ') WHERE seq = 4"], 4, "payload was changed"),
        (['UPDATE ledger SET payload = \'{"a":1,"a":1}\' WHERE seq = 4'], 4, "payload was changed"),
        (["UPDATE ledger SET payload = '{' WHERE seq = 4"], 4, "payload cannot be read"),
        (["UPDATE ledger SET payload = '{\"a\":1e999}' WHERE seq = 4"], 4, "payload cannot be read"),
        (["UPDATE ledger SET subjects = '[\"a/b@1\"]' WHERE seq = 5"], 5, "hash does not match"),
        (["UPDATE ledger SET actor = 'eve' WHERE seq = 1"], 1, "hash does not match"),
        (["UPDATE ledger SET at = replace(at, '2026', '2025') WHERE seq = 10"], 10, "hash does not match"),
        (["UPDATE ledger SET action = 'limits.set' WHERE seq = 7"], 7, "hash does not match"),
        (["UPDATE ledger SET id = 'x' WHERE seq = 7"], 7, "hash does not match"),
        (["UPDATE ledger SET hash = repeat('0', 64) WHERE seq = 7"], 7, "hash does not match"),
        (
            ["UPDATE ledger SET previous = repeat('0', 64) WHERE seq = 7"],
            7,
            "previous hash is not the hash of record 6",
        ),
        (["UPDATE ledger SET previous = repeat('1', 64) WHERE seq = 1"], 1, "previous hash is not 0"),
        (["DELETE FROM ledger WHERE seq = 4"], 4, "it is missing: record 3 is followed by 5"),
        (["DELETE FROM ledger WHERE seq = 1"], 1, "it is missing: record 0 is followed by 2"),
        (["DELETE FROM ledger WHERE seq IN (3, 8)"], 3, "it is missing: record 2 is followed by 4"),
        (["DELETE FROM ledger WHERE seq = 4", "UPDATE ledger SET seq = 4 WHERE seq = 10"], 4, "previous hash"),
        (
            [f"UPDATE ledger SET seq = {new} WHERE seq = {old}" for old, new in ((3, 99), (6, 3), (99, 6))],
            3,
            "previous hash is not the hash of record 2",
        ),
        (["UPDATE ledger SET seq = 0 WHERE seq = 1"], 0, "there is no such record"),
        (
            ["UPDATE ledger SET actor = 'eve' WHERE seq = 9", "UPDATE ledger SET actor = 'eve' WHERE seq = 2"],
            2,
            "hash does not match",
        ),
    ],
)
def test_tampering_is_named_by_its_first_record(
    ten: Ledger, tamper: Callable[[str], None], store: Store, statements: list[str], seq: int, why: str
) -> None:
    with store.read() as connection:
        sqlite = connection.dialect.name == "sqlite"
    for statement in statements:
        digits = statement.replace("repeat('0', 64)", repr("0" * 64)).replace("repeat('1', 64)", repr("1" * 64))
        tamper(digits if sqlite else statement)
    found = ten.verify()
    assert found.broken is not None
    assert found.broken.seq == seq
    assert why in found.broken.why
    assert found.count == found.head.seq == max(seq - 1, 0)


def test_swapped_contents_are_found(ten: Ledger, tamper: Callable[[str], None]) -> None:
    """Everything but the numbers changes places, as if 3 had happened after 6."""
    for old, new in ((3, 99), (6, 3), (99, 6)):
        tamper(f"UPDATE ledger SET seq = {new} WHERE seq = {old}")
    found = ten.verify()
    assert found.broken is not None
    assert found.broken.seq == 3


@pytest.mark.parametrize("value", ["CAST(x'7bff7d' AS TEXT)", "x'ff'", "7"])
def test_values_that_only_sqlite_can_hold(ten: Ledger, tamper: Callable[[str], None], store: Store, value: str) -> None:
    with store.read() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL checks what a text column holds")
    tamper(f"UPDATE ledger SET payload = {value} WHERE seq = 4")
    found = ten.verify()
    assert found.broken is not None
    assert found.broken.seq == 4


def test_a_cut_tail_is_found_by_the_head_noted_before(ten: Ledger, tamper: Callable[[str], None]) -> None:
    noted = str(ten.head())
    assert ten.verify(noted).broken is None
    tamper("DELETE FROM ledger WHERE seq > 7")
    assert ten.verify().broken is None
    found = ten.verify(noted)
    assert found.broken == (8, "it is missing: the ledger ends at 7 and is expected to reach 10")
    assert found.count == 7


def test_a_rewritten_ledger_is_found_by_the_head_noted_before(ten: Ledger, tamper: Callable[[str], None]) -> None:
    noted = str(ten.head())
    tamper("DELETE FROM ledger WHERE seq > 8")
    for n in (9, 10, 11):
        ten.append("ledger.exported", payload={"count": -n, "head": ""})
    assert ten.verify().broken is None
    found = ten.verify(noted)
    assert found.broken == (10, "its hash is not the expected one: the chain was rewritten")
    assert found.count == 9


def test_a_noted_head_holds_while_the_ledger_grows(ten: Ledger) -> None:
    noted = str(ten.head())
    ten.append("limits.set")
    assert ten.verify(noted) == Verification(11, ten.head(), None)


@pytest.mark.parametrize("expect", ["", "10", "10:", f"x:{GENESIS}", f"-1:{GENESIS}", "1:" + "g" * 64, "0:" + "1" * 64])
def test_a_head_that_cannot_be_one(ledger: Ledger, expect: str) -> None:
    with pytest.raises(UsageError, match="not the head of a ledger"):
        ledger.verify(expect)


def test_verifying_takes_constant_memory(ledger: Ledger, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferrata.assets.verify._PAGE", 50)

    def peak() -> int:
        tracemalloc.start()
        assert ledger.verify().broken is None
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return reached

    def fill(amount: int) -> None:
        with store.write() as connection:
            for _ in range(amount):
                ledger.append_in(connection, "learning.recorded", payload={"topic": "x" * 1000})

    fill(100)
    peak()  # fills caches
    small = peak()
    fill(400)
    assert peak() < 1.3 * small
