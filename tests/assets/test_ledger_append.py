from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from ferrata.assets import GENESIS, Head, Ledger
from ferrata.clock import new_id
from ferrata.errors import BrokenChain, Conflict, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.clock import FrozenClock
    from ferrata.store import Store


def test_a_record_says_who_when_what_on_what_with_which_result(ledger: Ledger) -> None:
    record = ledger.append(
        "gate.decided",
        subjects=["prompt/support@3"],
        payload={"verdict": "pass", "subject_kind": "prompt", "baseline": True, "waived": False},
    )
    assert (record.seq, record.at, record.actor, record.action, record.subjects, record.previous) == (
        1,
        datetime(2026, 3, 1, 12, tzinfo=UTC),
        "ann",
        "gate.decided",
        ("prompt/support@3",),
        GENESIS,
    )
    assert record.payload == {"verdict": "pass", "subject_kind": "prompt", "baseline": True, "waived": False}
    assert ledger.get(1) == ledger.get(record.id) == record
    assert list(ledger.records()) == [record]


def test_the_hash_is_sha256_of_the_other_fields_in_canonical_json(ledger: Ledger) -> None:
    """Restated without our code, as an auditor would from an export."""
    ledger.append("limits.set")
    record = ledger.append("objective.set", subjects=["objective/größe@1"], payload={"kpi": "Wert €", "target": 0.1})
    fields = record.as_json()
    digest = fields.pop("hash")
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == digest
    assert record.previous == ledger.get(1).hash
    assert ledger.head() == Head(2, record.hash)


def test_the_head_of_an_empty_ledger(ledger: Ledger) -> None:
    assert str(ledger.head()) == f"0:{GENESIS}"
    assert list(ledger.records()) == []


def test_repeating_an_append_with_its_id_writes_nothing(ledger: Ledger, clock: FrozenClock) -> None:
    key = new_id()
    first = ledger.append("learning.recorded", subjects=["a/b@1"], payload={"topic": "x"}, id=key)
    ledger.append("limits.set")
    clock.advance(timedelta(minutes=5))
    again = ledger.append("learning.recorded", subjects=["a/b@1"], payload={"topic": "x"}, id=key)
    assert again == first
    assert [record.seq for record in ledger.records()] == [1, 2]


@pytest.mark.parametrize(
    ("action", "subjects", "payload"),
    [
        ("lesson.written", ["a/b@1"], {"topic": "x"}),
        ("learning.recorded", ["a/b@2"], {"topic": "x"}),
        ("learning.recorded", ["a/b@1"], {"topic": "y"}),
    ],
)
def test_an_id_taken_by_other_content_is_a_conflict(
    ledger: Ledger, action: str, subjects: list[str], payload: dict[str, object]
) -> None:
    key = new_id()
    ledger.append("learning.recorded", subjects=["a/b@1"], payload={"topic": "x"}, id=key)
    with pytest.raises(Conflict, match=f"record 1 has the id '{key}'"):
        ledger.append(action, subjects=subjects, payload=payload, id=key)
    assert ledger.head().seq == 1


def test_an_id_taken_by_another_actor_is_a_conflict(ledger: Ledger, store: Store, clock: FrozenClock) -> None:
    key = new_id()
    ledger.append("limits.set", id=key)
    with pytest.raises(Conflict):
        Ledger(store, clock, "bob", project="bot").append("limits.set", id=key)


def test_an_id_taken_by_another_project_is_a_conflict(ledger: Ledger, store: Store, clock: FrozenClock) -> None:
    key = new_id()
    ledger.append("limits.set", id=key)
    with pytest.raises(Conflict):
        Ledger(store, clock, "ann", project="other").append("limits.set", id=key)


def test_a_record_is_undone_with_the_callers_transaction(ledger: Ledger, store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        ledger.append_in(connection, "limits.set")
        raise RuntimeError
    assert ledger.head().seq == 0
    with store.write() as connection:
        first = ledger.append_in(connection, "limits.set")
        second = ledger.append_in(connection, "limits.set")
    assert (first.seq, second.seq, second.previous) == (1, 2, first.hash)
    assert ledger.verify().broken is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "gate.decide"}, r"no such action: 'gate.decide'"),
        ({"action": "learning.recorded"}, r"'topic' is missing"),
        ({"action": "limits.set", "payload": {"rate": 1}}, r"'rate' is not declared"),
        ({"action": "feedback.received", "payload": {"count": "3"}}, r"'count' is '3', not int"),
        ({"action": "feedback.received", "payload": {"count": True}}, r"'count' is True, not int"),
        ({"action": "feedback.received", "payload": {"count": None}}, r"'count' is None, not int"),
        ({"action": "limits.set", "id": "7"}, r"not the id of a record: '7'"),
        ({"action": "limits.set", "id": "A" * 32}, r"not the id of a record"),
        ({"action": "limits.set", "subjects": "a/b@1"}, r"subjects is one text"),
        ({"action": "limits.set", "subjects": ["a\tb"]}, r"not a subject: 'a\\tb'"),
        ({"action": "limits.set", "subjects": [""]}, r"not a subject: ''"),
        ({"action": "alert.acknowledged", "payload": {"seconds": float("nan")}}, r"cannot be written as JSON"),
        ({"action": "scout.run", "payload": {"models": [float("inf")]}}, r"cannot be written as JSON"),
        ({"action": "scout.run", "payload": {"models": ["\ud800"]}}, r"cannot be written as JSON"),
        ({"action": "scout.run", "payload": {"models": [{1: 2}]}}, r"the key 1 is not a text"),
        ({"action": "scout.run", "payload": {"models": [b""]}}, r"bytes is not a JSON type"),
    ],
)
def test_a_wrong_append_is_refused(ledger: Ledger, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ledger.append(**arguments)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert ledger.head().seq == 0


def test_all_mistakes_of_a_payload_are_named_at_once_with_what_the_action_takes(ledger: Ledger) -> None:
    with pytest.raises(UsageError) as raised:
        ledger.append("gate.decided", payload={"verdict": "maybe", "subject_kind": 3, "extra": 1, "waived": False})
    assert raised.value.message == (
        "wrong payload of gate.decided: 'baseline' is missing; 'verdict' is 'maybe', not pass|fail|inconclusive; "
        "'subject_kind' is 3, not str; 'extra' is not declared"
    )
    assert raised.value.hint.startswith(
        "it takes verdict: pass|fail|inconclusive, subject_kind: str, baseline: bool, waived: bool, reason: str?"
    )


def test_an_optional_field_that_is_none_is_left_out(ledger: Ledger) -> None:
    assert ledger.append("review.recorded", payload={"rows": 3, "causes": None}).payload == {"rows": 3}


@pytest.mark.parametrize("actor", ["", "a\nb", "\x1b[31mred"])
def test_an_actor_is_a_printable_name(store: Store, clock: FrozenClock, actor: str) -> None:
    with pytest.raises(UsageError, match="not an actor"):
        Ledger(store, clock, actor, project="bot")


@pytest.mark.parametrize("project", ["", "a\nb", "\x1b[31mred"])
def test_a_project_is_a_printable_name(store: Store, clock: FrozenClock, project: str) -> None:
    with pytest.raises(UsageError, match="not a project"):
        Ledger(store, clock, "ann", project=project)


@pytest.mark.parametrize("key", [2, 0, -1, 2**63, 2**80, "", "0" * 32])
def test_a_record_that_does_not_exist(ledger: Ledger, key: int | str) -> None:
    ledger.append("limits.set")
    with pytest.raises(NotFound, match="the ledger has no record"):
        ledger.get(key)


@pytest.fixture
def filled(ledger: Ledger, store: Store, clock: FrozenClock) -> Ledger:
    """Four records an hour apart from noon; the last is bob's."""
    ledger.append("limits.set", subjects=["prompt/a@1", "Prompt/A@1"])
    clock.advance(timedelta(hours=1))
    ledger.append("release.created", subjects=["prompt/a@2"])
    clock.advance(timedelta(hours=1))
    ledger.append("limits.set", subjects=["prompt/a_b@1", "x/prompt/a@1"])
    clock.advance(timedelta(hours=1))
    Ledger(store, clock, "bob", project="bot").append("release.created", subjects=["prompt/a", 'we"ird\\%@1'])
    return ledger


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"newest_first": True}, [4, 3, 2, 1]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 2, "newest_first": True}, [4, 3]),
        ({"limit": 0}, []),
        ({"action": "limits.set"}, [1, 3]),
        ({"action": "limits"}, []),
        ({"actor": "bob"}, [4]),
        ({"actor": "ann", "action": "release.created"}, [2]),
        ({"since": datetime(2026, 3, 1, 13, tzinfo=UTC)}, [2, 3, 4]),
        ({"since": datetime(2026, 3, 1, 13, 0, 0, 1, tzinfo=UTC)}, [3, 4]),
        ({"subject": "prompt/a@1"}, [1]),
        ({"subject": "Prompt/A@1"}, [1]),
        ({"subject": "PROMPT/A@1"}, []),
        ({"subject": "prompt/a"}, [1, 2, 4]),
        ({"subject": "prompt/a_b"}, [3]),
        ({"subject": "prompt/a%b"}, []),
        ({"subject": 'we"ird\\%@1'}, [4]),
        ({"subject": 'we"ird\\%'}, [4]),
    ],
)
def test_records_are_filtered(filled: Ledger, asked: dict[str, object], expected: list[int]) -> None:
    assert [record.seq for record in filled.records(**asked)] == expected  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("newest_first", [False, True])
def test_records_come_whole_over_many_pages(
    ledger: Ledger, store: Store, monkeypatch: pytest.MonkeyPatch, newest_first: bool
) -> None:
    monkeypatch.setattr("ferrata.assets.ledger._PAGE", 7)
    monkeypatch.setattr("ferrata.assets.verify._PAGE", 7)
    with store.write() as connection:
        for n in range(21):
            ledger.append_in(connection, "limits.set", subjects=["a/even@1" if n % 2 else "a/Even@1"])
    whole = sorted(range(1, 22), reverse=newest_first)
    assert [record.seq for record in ledger.records(newest_first=newest_first)] == whole
    even = [seq for seq in whole if seq % 2 == 0]
    found = ledger.records(newest_first=newest_first, subject="a/even", limit=8)
    assert [record.seq for record in found] == even[:8]
    assert ledger.verify().count == 21


def test_a_reader_of_records_may_append_meanwhile(ledger: Ledger) -> None:
    ledger.append("limits.set")
    ledger.append("limits.set")
    for record in ledger.records():
        if record.seq < 3:
            ledger.append("limits.set")
    assert ledger.head().seq == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET actor = 'eve' WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 2",
        "DELETE FROM ledger",
        "UPDATE ledger SET seq = 9 WHERE seq = 2",
    ],
)
def test_the_database_refuses_to_change_a_record(ledger: Ledger, store: Store, statement: str) -> None:
    ledger.append("limits.set")
    ledger.append("limits.set")
    with pytest.raises(IntegrityError, match="the ledger is append-only"), store.write() as connection:
        connection.exec_driver_sql(statement)
    assert ledger.verify().count == 2


def test_the_database_refuses_to_empty_or_replace(ledger: Ledger, store: Store) -> None:
    record = ledger.append("limits.set")
    ledger.append("limits.set")
    with store.read() as connection:
        sqlite = connection.dialect.name == "sqlite"
    copied = "actor, action, subjects, payload, previous, hash, project FROM ledger WHERE seq = 2"
    statements = ["TRUNCATE ledger"]
    if sqlite:
        statements = [
            f"INSERT OR REPLACE INTO ledger SELECT 1, 'x', at, {copied}",
            f"INSERT OR REPLACE INTO ledger SELECT 9, '{record.id}', at, {copied}",
        ]
    for statement in statements:
        with pytest.raises(IntegrityError, match="the ledger is append-only"), store.write() as connection:
            connection.exec_driver_sql(statement)
    assert ledger.get(1) == record


def test_reading_a_record_that_is_no_json_says_so(ledger: Ledger, tamper: Callable[[str], None]) -> None:
    ledger.append("limits.set")
    tamper("UPDATE ledger SET payload = '{' WHERE seq = 1")
    with pytest.raises(BrokenChain, match="record 1 of the ledger cannot be read") as raised:
        list(ledger.records())
    assert "ferrata ledger verify" in raised.value.hint


def test_the_ledger_says_which_actions_it_has(ledger: Ledger) -> None:
    assert ledger.actions() == set()
    ledger.append("ledger.exported", payload={"count": 1, "head": "1:" + "0" * 64})
    assert ledger.actions() == {"ledger.exported"}
