"""Versions: what makes one, what does not, how they are found, and what they came from."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from registries import open_registry

from ferrata.assets import Draft, Ledger, Parent, Registry
from ferrata.errors import Conflict, NotFound, StoreUnavailable, UsageError
from ferrata.refs import Ref

if TYPE_CHECKING:
    from ferrata.clock import FrozenClock
    from ferrata.store import Store

SUPPORT = Ref("prompt", "support")


def say(text: str) -> dict[str, bytes]:
    return {"support.prompty": text.encode()}


def test_a_version_has_content_author_time_message_labels_and_lineage(registry: Registry) -> None:
    model = registry.register(Ref("model", "gpt"), {"model.json": b"{}"}).version
    done = registry.register(
        SUPPORT,
        {"support.prompty": b"Answer.", "shots/one.txt": b"Yes"},
        message="First try",
        labels={"team": "care"},
        parents=[Parent("model", Ref("model", "gpt", version=1))],
    )
    assert done.new
    version = registry.resolve(Ref("prompt", "support", version=1))
    assert version == done.version
    assert str(version.ref) == "prompt/support@1"
    assert (version.author, version.at, version.message) == ("ann", "2026-03-01T12:00:00.000000Z", "First try")
    assert version.labels == {"team": "care"}
    assert version.parents == (Parent("model", model.ref),)
    assert version.files == {
        "shots/one.txt": hashlib.sha256(b"Yes").hexdigest(),
        "support.prompty": hashlib.sha256(b"Answer.").hexdigest(),
    }
    assert registry.files(version) == {"support.prompty": b"Answer.", "shots/one.txt": b"Yes"}


def test_the_digest_is_over_kind_paths_and_bodies(registry: Registry) -> None:
    version = registry.register(SUPPORT, {"b.txt": b"2", "a.txt": b"1"}).version
    one, two = hashlib.sha256(b"1").hexdigest(), hashlib.sha256(b"2").hexdigest()
    canonical = f'["prompt",[["a.txt","{one}"],["b.txt","{two}"]]]'
    assert version.digest == hashlib.sha256(canonical.encode()).hexdigest()
    assert registry.register(Ref("prompt", "other"), {"a.txt": b"1", "b.txt": b"2"}).version.digest == version.digest
    assert registry.register(Ref("flow", "support"), {"a.txt": b"1", "b.txt": b"2"}).version.digest != version.digest
    assert registry.register(Ref("prompt", "third"), {"a.txt": b"2", "b.txt": b"1"}).version.digest != version.digest


def test_unchanged_content_makes_no_version_and_no_record(registry: Registry, ledger: Ledger) -> None:
    first = registry.register(SUPPORT, say("one"))
    again = registry.register(SUPPORT, say("one"), message="Really?")
    assert (again.new, again.version) == (False, first.version)
    assert len(registry.versions(SUPPORT)) == 1
    assert [record.action for record in ledger.records()] == ["asset.versioned"]


def test_content_of_an_older_version_makes_a_new_version(registry: Registry) -> None:
    for text in ("one", "two", "one"):
        assert registry.register(SUPPORT, say(text)).new
    newest, _, oldest = registry.versions(SUPPORT)
    assert (newest.number, oldest.number) == (3, 1)
    assert newest.digest == oldest.digest


def test_each_version_writes_its_record_in_the_same_transaction(registry: Registry, ledger: Ledger) -> None:
    version = registry.register(SUPPORT, say("one"), message="Begin").version
    (record,) = ledger.records()
    assert (record.actor, record.action, record.subjects) == ("ann", "asset.versioned", ("prompt/support@1",))
    assert record.payload == {"kind": "prompt", "digest": version.digest, "message": "Begin"}
    assert ledger.verify().broken is None


def test_many_are_registered_together_or_not_at_all(registry: Registry, ledger: Ledger) -> None:
    drafts = [Draft(Ref("prompt", f"p{n}"), say(f"text {n}")) for n in range(900)]
    assert all(done.new for done in registry.register_all(drafts))
    assert not any(done.new for done in registry.register_all(drafts))
    assert [done.version.name for done in registry.register_all(drafts)] == [f"p{n}" for n in range(900)]
    head = ledger.head()
    with pytest.raises(Conflict):
        registry.register_all(
            [Draft(Ref("prompt", "new"), say("new")), Draft(Ref("prompt", "p1"), say("other"), expect=7)]
        )
    with pytest.raises(NotFound):
        registry.resolve(Ref("prompt", "new"))
    assert ledger.head() == head


def test_one_asset_twice_in_one_call_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match="twice"):
        registry.register_all([Draft(SUPPORT, say("one")), Draft(SUPPORT, say("two"))])


def test_who_expects_an_older_version_is_told_who_was_first(
    store: Store, registry: Registry, clock: FrozenClock
) -> None:
    registry.register(SUPPORT, say("one"), expect=0)
    clock.advance(timedelta(minutes=5))
    open_registry(store, clock, "bob").register(SUPPORT, say("two"), message="Shorter", expect=1)
    with pytest.raises(Conflict) as raised:
        registry.register(SUPPORT, say("three"), expect=1)
    assert raised.value.message == (
        "prompt/support is at version 2, not version 1: bob wrote it at 2026-03-01T12:05:00.000000Z: Shorter"
    )
    assert "ferrata asset diff prompt/support@1 prompt/support@2" in raised.value.hint
    assert registry.register(SUPPORT, say("three"), expect=2).version.number == 3
    with pytest.raises(Conflict, match="prompt/other has no version yet, not 3"):
        registry.register(Ref("prompt", "other"), say("x"), expect=3)


def test_a_version_is_found_by_number_by_alias_and_as_the_newest(registry: Registry) -> None:
    for text in ("one", "two", "three"):
        registry.register(SUPPORT, say(text))
    registry.move(Ref.parse("prompt/support@production"), to=2)
    assert registry.resolve(SUPPORT).number == 3
    assert registry.resolve(Ref.parse("prompt/support@1")).number == 1
    assert registry.resolve(Ref.parse("prompt/support@production")).number == 2


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("prompt/suport", "no asset prompt/suport"),
        ("flow/support", "no asset flow/support"),
        ("prompt/support@4", "no version 4 of prompt/support: the newest is 1"),
        ("prompt/support@99999999999999999999", "no version 99999999999999999999 of prompt/support: the newest is 1"),
        ("prompt/support@beta", "prompt/support has no alias 'beta': it has production"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(registry: Registry, ref: str, message: str) -> None:
    registry.register(SUPPORT, say("one"))
    registry.move(Ref.parse("prompt/support@production"), to=1)
    with pytest.raises(NotFound) as raised:
        registry.resolve(Ref.parse(ref))
    assert raised.value.message == message
    assert raised.value.hint


def test_assets_are_listed_with_their_newest_version_and_aliases(registry: Registry) -> None:
    registry.register(SUPPORT, say("one"))
    registry.register(SUPPORT, say("two"), message="Shorter")
    registry.register(Ref("model", "gpt"), {"model.json": b"{}"})
    for alias, to in (("production", 1), ("staging", 2), ("production", 2)):
        registry.move(Ref("prompt", "support", alias=alias), to=to)
    model, prompt = registry.assets()
    assert (model.kind, model.name, model.number, model.aliases) == ("model", "gpt", 1, {})
    assert (prompt.number, prompt.message, prompt.aliases) == (2, "Shorter", {"production": 2, "staging": 2})
    assert registry.assets("prompt") == [prompt]
    assert registry.assets(limit=1) == [model]


def test_lineage_goes_both_ways(registry: Registry) -> None:
    registry.register(Ref("dataset", "questions"), {"rows.jsonl": b"{}"})
    registry.register(SUPPORT, say("one"), parents=[Parent("dataset", Ref.parse("dataset/questions@1"))])
    registry.register(Ref("model", "gpt"), {"model.json": b"{}"})
    release = registry.register(
        Ref("release", "bot"),
        {"release.json": b"{}"},
        parents=[Parent("prompt", SUPPORT), Parent("model", Ref.parse("model/gpt@1"))],
    ).version
    assert [f"{role} {ref}" for role, ref in release.parents] == ["model model/gpt@1", "prompt prompt/support@1"]
    assert [f"{role} {ref}" for role, ref in registry.lineage(release.ref)] == [
        "model model/gpt@1",
        "prompt prompt/support@1",
        "dataset dataset/questions@1",
    ]
    assert registry.children(Ref.parse("prompt/support@1")) == [Parent("prompt", release.ref)]
    with pytest.raises(NotFound, match="no version 9 of model/gpt"):
        registry.register(SUPPORT, say("two"), parents=[Parent("model", Ref.parse("model/gpt@9"))])
    assert registry.resolve(SUPPORT).number == 1


def test_projects_in_one_database_do_not_see_one_another(store: Store, registry: Registry, clock: FrozenClock) -> None:
    other = open_registry(store, clock, "bob", project="other")
    registry.register(SUPPORT, say("one"))
    with pytest.raises(NotFound):
        other.resolve(SUPPORT)
    assert other.register(SUPPORT, say("two")).version.number == 1
    assert [row.author for row in registry.assets()] == ["ann"]


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (Draft(SUPPORT, {}), "at least one file"),
        (Draft(SUPPORT, {"../x": b""}), "not a path within an asset: '../x'"),
        (Draft(SUPPORT, {"/x": b""}), "not a path"),
        (Draft(SUPPORT, {"a//b": b""}), "not a path"),
        (Draft(SUPPORT, {"a\\b": b""}), "not a path"),
        (Draft(SUPPORT, {"C:/b": b""}), "not a path"),
        (Draft(SUPPORT, {"a\0b": b""}), "not a path"),
        (Draft(SUPPORT, {"./b": b""}), "not a path"),
        (Draft(SUPPORT, {"a": b"", "a/b": b""}), "both a file and a folder"),
        (Draft(Ref.parse("prompt/support@3"), say("x")), "names a version"),
        (Draft(SUPPORT, say("x"), message="a\x1b[2J"), "printable"),
        (Draft(SUPPORT, say("x"), labels={"a b": "c"}), "not a label"),
        (Draft(SUPPORT, say("x"), labels={"a": "c\0"}), "not a label"),
        (Draft(SUPPORT, say("x"), parents=(Parent("", SUPPORT),)), "not a role"),
        (Draft(SUPPORT, {"big": bytes(64 * 1024 * 1024 + 1)}), "too many for one version"),
    ],
)
def test_what_is_no_version_is_refused(registry: Registry, draft: Draft, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        registry.register_all([draft])
    assert registry.assets() == []


def test_a_damaged_body_is_not_given_out(store: Store, registry: Registry) -> None:
    version = registry.register(SUPPORT, say("one" * 100)).version
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE blob SET packing = ''")
    with pytest.raises(StoreUnavailable, match=f"the body {version.files['support.prompty']} is damaged"):
        registry.files(version)


@pytest.mark.parametrize("parent", ["prompt/new@1", "prompt/new"])
def test_nothing_comes_from_itself(registry: Registry, parent: str) -> None:
    with pytest.raises(UsageError, match="would have come from itself"):
        registry.register(Ref("prompt", "new"), {"a": b"1"}, parents=[Parent("base", Ref.parse(parent))])
    assert registry.assets() == []
