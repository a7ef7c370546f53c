"""What goes and what stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ferrata.assets import Ledger, Parent, Registry
from ferrata.errors import NotFound
from ferrata.refs import Ref

if TYPE_CHECKING:
    from ferrata.clock import FrozenClock
    from ferrata.store import Store

SUPPORT = Ref("prompt", "support")
DAY = timedelta(days=1)


@pytest.fixture
def six_old(registry: Registry, clock: FrozenClock) -> Registry:
    """Six versions of a prompt, made a hundred days ago."""
    for n in range(1, 7):
        registry.register(SUPPORT, {"a.prompty": f"text {n}".encode(), "shared.txt": b"shared"})
    clock.advance(100 * DAY)
    return registry


def gone(registry: Registry, *, older_than: timedelta = 90 * DAY) -> list[int | None]:
    """What is removed; counted and listed before as it then is."""
    count = registry.garbage(older_than=older_than)
    listed = registry.collect(older_than=older_than, dry_run=True)
    assert (count.versions, count.bodies, count.size) == (len(listed.versions), listed.bodies, listed.size)
    return [ref.version for ref in registry.collect(older_than=older_than).versions]


def bodies(store: Store) -> int:
    with store.read() as connection:
        return connection.exec_driver_sql("SELECT COUNT(*) FROM blob").scalar_one()


def test_old_versions_go_with_the_bodies_that_only_they_had(store: Store, six_old: Registry, ledger: Ledger) -> None:
    assert bodies(store) == 7
    found = six_old.collect(older_than=90 * DAY)
    assert [str(ref) for ref in found.versions] == [f"prompt/support@{n}" for n in range(1, 6)]
    assert (found.bodies, found.size) == (5, 5 * len("text 1"))
    assert bodies(store) == 2
    assert six_old.files(six_old.resolve(SUPPORT)) == {"a.prompty": b"text 6", "shared.txt": b"shared"}
    (record,) = ledger.records(action="asset.collected")
    assert record.payload == {"versions": 5, "bodies": 5, "bytes": 30}
    with pytest.raises(NotFound, match="no version 2 of prompt/support: it was removed as garbage"):
        six_old.resolve(Ref.parse("prompt/support@2"))


def test_numbers_are_not_given_again(six_old: Registry) -> None:
    assert gone(six_old) == [1, 2, 3, 4, 5]
    assert six_old.register(SUPPORT, {"a.prompty": b"text 1"}).version.number == 7


def test_a_dry_run_only_says_what_would_go(store: Store, six_old: Registry, ledger: Ledger) -> None:
    head = ledger.head()
    found = six_old.collect(older_than=90 * DAY, dry_run=True)
    assert (len(found.versions), found.bodies) == (5, 5)
    assert (bodies(store), ledger.head()) == (7, head)
    assert six_old.collect(older_than=90 * DAY) == found


def test_what_is_young_stays(six_old: Registry, clock: FrozenClock) -> None:
    assert gone(six_old, older_than=101 * DAY) == []
    six_old.register(SUPPORT, {"a.prompty": b"7"})
    clock.advance(DAY)
    six_old.register(SUPPORT, {"a.prompty": b"8"})
    assert gone(six_old) == [1, 2, 3, 4, 5, 6]


def test_what_an_alias_points_to_or_ever_did_stays(six_old: Registry) -> None:
    alias = Ref.parse("prompt/support@production")
    for to in (2, 4, 5):
        six_old.move(alias, to=to)
    six_old.rollback(alias)
    assert gone(six_old) == [1, 3]
    assert six_old.rollback(alias, to=5).to == 5
    assert six_old.rollback(alias, to=2).to == 2


@pytest.mark.parametrize(
    "named",
    [
        {"subjects": ["prompt/support@3"], "payload": {"dataset": "dataset/x@1"}},
        {"subjects": [], "payload": {"dataset": "prompt/support@3"}},
        {"subjects": [], "payload": {"dataset": "see https://example.com/prompt/support@3, please"}},
    ],
)
def test_what_a_record_names_stays(six_old: Registry, ledger: Ledger, named: dict) -> None:
    payload = {"rows": 1, "metrics": [], "evaluators": [], "intervals": True, **named["payload"]}
    ledger.append("eval.completed", subjects=named["subjects"], payload=payload)
    assert gone(six_old) == [1, 2, 4, 5]


def test_what_a_record_names_by_its_digest_stays(six_old: Registry, ledger: Ledger) -> None:
    digest = six_old.resolve(Ref.parse("prompt/support@2")).digest
    ledger.append("tuning.rejected", payload={"why": f"made with {digest}"})
    assert gone(six_old) == [1, 3, 4, 5]


def test_what_a_kept_version_came_from_stays_and_goes_with_it(six_old: Registry, clock: FrozenClock) -> None:
    answer = Ref("flow", "answer")
    six_old.register(answer, {"flow.json": b"1"}, parents=[Parent("prompt", Ref.parse("prompt/support@2"))])
    six_old.register(Ref("release", "bot"), {"r.json": b"1"}, parents=[Parent("flow", Ref.parse("flow/answer@1"))])
    six_old.register(answer, {"flow.json": b"2"})
    clock.advance(100 * DAY)
    # The newest release came from flow/answer@1, which came from prompt/support@2.
    assert gone(six_old) == [1, 3, 4, 5]
    six_old.register(Ref("release", "bot"), {"r.json": b"2"})
    assert [str(ref) for ref in six_old.collect(older_than=90 * DAY).versions] == [
        "prompt/support@2",
        "flow/answer@1",
        "release/bot@1",
    ]


def test_what_a_file_of_a_kept_version_names_stays(six_old: Registry, clock: FrozenClock) -> None:
    digest = six_old.resolve(Ref.parse("prompt/support@4")).digest
    files = {
        "release.yaml": b"prompt: prompt/support@2\nflow: flow/answer@1\n",
        "locked.txt": digest.encode(),
        "x": b"\xff@1",
    }
    six_old.register(Ref("release", "spring"), files)
    six_old.register(Ref("flow", "answer"), {"flow.dag.yaml": b"prompt: prompt/support@3\n"})
    six_old.register(Ref("flow", "answer"), {"flow.dag.yaml": b"{}"})
    six_old.register(Ref("dataset", "large"), {"rows.jsonl": b"prompt/support@5" + b" " * 1_000_000})
    clock.advance(100 * DAY)
    assert gone(six_old) == [1, 5]  # 3 is named by a flow that only the release names
    six_old.register(Ref("release", "spring"), {"release.yaml": b"prompt: prompt/support@2\n"})
    clock.advance(100 * DAY)
    assert [str(ref) for ref in six_old.collect(older_than=90 * DAY).versions] == [
        "prompt/support@3",
        "prompt/support@4",
        "release/spring@1",
        "flow/answer@1",
    ]


def test_bodies_that_another_version_has_stay(store: Store, six_old: Registry) -> None:
    six_old.register(Ref("prompt", "copy"), {"other-name": b"text 2"})
    six_old.register(SUPPORT, {"a.prompty": b"text 3", "shared.txt": b"shared"})
    assert gone(six_old) == [1, 2, 3, 4, 5, 6]
    assert six_old.files(six_old.resolve(Ref("prompt", "copy"))) == {"other-name": b"text 2"}
    assert six_old.files(six_old.resolve(SUPPORT)) == {"a.prompty": b"text 3", "shared.txt": b"shared"}
    assert bodies(store) == 3


def test_many_names_in_records_protect_as_few_do(six_old: Registry, ledger: Ledger) -> None:
    names = [f"prompt/other@{n}" for n in range(1, 600)]
    ledger.append("portfolio.reviewed", subjects=[*names, "prompt/support@3"])
    assert gone(six_old) == [1, 2, 4, 5]
    assert gone(six_old) == []
