"""Packs: made here, installed there, and refused where anything is wrong."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest
from registries import open_registry

from ferrata.assets import Ledger, Parent, Registry, canonical_json, make_key, open_pack, public_key
from ferrata.assets.pack_document import signed_text
from ferrata.assets.signing import key_file, sign
from ferrata.errors import FerrataError, NotFound, UsageError
from ferrata.refs import Ref
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ferrata.clock import FrozenClock

SUPPORT = Ref("prompt", "support")


@pytest.fixture
def ledger(store: Store, clock: FrozenClock) -> Ledger:
    """The ledger of the registry's own project."""
    return Ledger(store, clock, "ann", project="support-bot")


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return make_key(tmp_path / "project")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    # Packs ask nothing of a database that the registry's tests do not; so SQLite alone.
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as opened:
        yield opened


@pytest.fixture
def there(tmp_path: Path, clock: FrozenClock) -> Iterator[Registry]:
    """Another team's registry."""
    with Store.open(f"sqlite:///{tmp_path}/there.db") as opened:
        yield open_registry(opened, clock, "bob", project="other")


@pytest.fixture
def packed(registry: Registry, ledger: Ledger, tmp_path: Path) -> Path:
    registry.register(Ref("model", "gpt"), {"model.json": b'{"id": "gpt"}'})
    registry.register(SUPPORT, {"a.prompty": b"one"})
    registry.register(
        SUPPORT, {"a.prompty": b"two"}, labels={"team": "care"}, parents=[Parent("model", Ref.parse("model/gpt@1"))]
    )
    ledger.append("feedback.received", subjects=["prompt/support@2"], payload={"count": 7})
    path = tmp_path / "support.pack"
    path.write_bytes(registry.packs.make([SUPPORT], name="support", message="Answers").data)
    return path


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in entries.items():
            file.writestr(name, body)


def signed_anew(path: Path, change: Callable[[dict], None]) -> None:
    """Change `pack.json` as whoever has a key could, and sign it with that."""
    entries = entries_of(path)
    document = json.loads(entries["pack.json"])
    change(document)
    entries["pack.json"] = canonical_json(document).encode()
    signature = {"key": public_key(), "signature": sign(signed_text(entries["pack.json"]))}
    entries["signature.json"] = canonical_json(signature).encode()
    write(path, entries)


def test_a_pack_holds_versions_with_lineage_and_evidence(packed: Path, key: str) -> None:
    opened = open_pack(packed)
    document = opened.document
    assert opened.key == key
    assert [(asset.ref, asset.wanted) for asset in document.assets] == [
        ("model/gpt@1", False),
        ("prompt/support@2", True),
    ]
    assert document.assets[1].labels == {"team": "care"}
    assert opened.files_of(document.assets[1]) == {"a.prompty": b"two"}
    assert [(record["action"], record["subjects"]) for record in document.evidence] == [
        ("asset.versioned", ["model/gpt@1"]),
        ("asset.versioned", ["prompt/support@2"]),
        ("feedback.received", ["prompt/support@2"]),
    ]


def test_the_same_content_makes_the_same_file(packed: Path, registry: Registry) -> None:
    assert registry.packs.make([SUPPORT], name="support", message="Answers").data == packed.read_bytes()


def test_installing_keeps_author_labels_lineage_and_origin(packed: Path, there: Registry, key: str) -> None:
    there.register(SUPPORT, {"a.prompty": b"our own"})
    done = there.packs.install(open_pack(packed), trusted=[key])
    version = done.versions["prompt/support@2"].version
    assert there.resolve(SUPPORT) == version
    assert (version.number, version.author) == (2, "ann")
    assert version.labels == {"team": "care", "origin": "support-bot: prompt/support@2"}
    assert [f"{role} {ref}" for role, ref in version.parents] == ["model model/gpt@1", "pack pack/support@1"]
    assert there.files(version) == {"a.prompty": b"two"}
    assert there.files(done.pack).keys() == {"pack.json", "signature.json"}


def test_installing_writes_one_record_and_again_nothing(
    packed: Path, tmp_path: Path, clock: FrozenClock, key: str
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/there.db") as store:
        there = open_registry(store, clock, "bob", project="other")
        there.packs.install(open_pack(packed), trusted=[key])
        ledger = Ledger(store, clock, "bob", project="support-bot")
        (record,) = ledger.records(action="pack.installed")
        assert record.payload == {
            "source": "support-bot, ann",
            "digest": open_pack(packed).digest,
            "assets": 2,
            "key": key,
        }
        head = ledger.head()
        again = there.packs.install(open_pack(packed), trusted=[key])
        assert not any(registered.new for registered in again.versions.values())
        assert ledger.head() == head


def test_several_versions_of_an_asset_keep_their_order(
    registry: Registry, packed: Path, there: Registry, tmp_path: Path, key: str
) -> None:
    path = tmp_path / "both.pack"
    refs = [Ref.parse("prompt/support@1"), Ref.parse("prompt/support@2")]
    path.write_bytes(registry.packs.make(refs, name="both").data)
    for _ in range(2):
        there.packs.install(open_pack(path), trusted=[key])
        assert [there.files(version)["a.prompty"] for version in there.versions(SUPPORT)] == [b"two", b"one"]


def test_a_key_that_is_not_trusted_installs_nothing(packed: Path, there: Registry, key: str) -> None:
    with pytest.raises(UsageError, match=f"signed by {key}, which is not trusted") as raised:
        there.packs.install(open_pack(packed), trusted=["ed25519:" + "0" * 64])
    assert f"--trust {key}" in raised.value.hint
    assert there.assets() == []


def test_what_fails_on_the_way_leaves_nothing(
    packed: Path, there: Registry, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferrata.assets.actions.checked_payload", lambda action, payload: _refuse(action, payload))
    with pytest.raises(UsageError, match="no installing"):
        there.packs.install(open_pack(packed), trusted=[key])
    assert there.assets() == []


def _refuse(action: str, payload: dict) -> dict:
    if action == "pack.installed":
        raise UsageError("no installing")
    return dict(payload)


def forge_body(path: Path) -> None:
    entries = entries_of(path)
    name = next(name for name in entries if name.startswith("bodies/"))
    write(path, {**entries, name: b"another"})


def forge_document(path: Path) -> None:
    entries = entries_of(path)
    write(path, {**entries, "pack.json": entries["pack.json"].replace(b"Answers", b"Answerz")})


def add(name: str, body: bytes = b"x") -> Callable[[Path], None]:
    return lambda path: write(path, {**entries_of(path), name: body})


def drop(prefix: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        entries = entries_of(path)
        entries.pop(next(name for name in entries if name.startswith(prefix)))
        write(path, entries)

    return run


def twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as file:
        file.writestr("pack.json", "{}")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def cut_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def prefixed(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04#!/bin/sh\n" + path.read_bytes())


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(bytes(data))


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("pack.json", "w") as entry:
        for _ in range(300):
            entry.write(bytes(1024 * 1024))


def lying_bomb(path: Path) -> None:
    """A bomb whose index says that it is small."""
    bomb(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 300 * 1024 * 1024), struct.pack("<L", 10)))


def many_entries(path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for n in range(20_001):
            file.writestr(f"bodies/{n:064x}", b"")
    path.write_bytes(out.getvalue())


def other_key(path: Path) -> None:
    entries = entries_of(path)
    signature = json.loads(entries["signature.json"])
    write(path, {**entries, "signature.json": canonical_json({**signature, "key": "ed25519:" + "1" * 64}).encode()})


def altered(**changes: object) -> Callable[[Path], None]:
    def change(document: dict) -> None:
        document["assets"][1] |= changes

    return lambda path: signed_anew(path, change)


def altered_evidence(path: Path) -> None:
    signed_anew(path, lambda document: document["evidence"][-1]["payload"].update(count=7000))


def children_first(path: Path) -> None:
    signed_anew(path, lambda document: document["assets"].reverse())


def same_twice(path: Path) -> None:
    signed_anew(path, lambda document: document["assets"].append(document["assets"][0]))


def nothing_in_it(path: Path) -> None:
    signed_anew(path, lambda document: document.update(assets=[], evidence=[]))


def unknown_field(path: Path) -> None:
    signed_anew(path, lambda document: document.update(run="rm"))


def no_json(path: Path) -> None:
    write(path, {**entries_of(path), "pack.json": b"[" * 100_000})


def key_twice(path: Path) -> None:
    entries = entries_of(path)
    entries["pack.json"] = entries["pack.json"].replace(b'"name":', b'"name":"other","name":', 1)
    signature = {"key": public_key(), "signature": sign(signed_text(entries["pack.json"]))}
    write(path, {**entries, "signature.json": canonical_json(signature).encode()})


def renamed(**changes: str) -> Callable[[Path], None]:
    return lambda path: signed_anew(path, lambda document: document.update(changes))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (forge_body, "is another body: its digest is"),
        (forge_document, "altered after it was signed"),
        (add("../../etc/passwd"), "'../../etc/passwd', which is no part of a pack"),
        (add("bodies/../x"), "which is no part of a pack"),
        (add("/bodies/" + "0" * 64), "which is no part of a pack"),
        (add("bodies/" + "A" * 64), "which is no part of a pack"),
        (add("hook.py"), "which is no part of a pack"),
        (add("bodies/2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"), "a body that no version has"),
        (drop("bodies/"), "is missing"),
        (drop("signature"), "it has no signature.json"),
        (drop("pack"), "it has no pack.json"),
        (twice, "it holds 'pack.json' twice"),
        (cut, "cut off"),
        (cut_half, "cut off"),
        (prefixed, "something was added"),
        (flipped, "refused"),
        (bomb, "unpacked it is larger than 256 MiB"),
        (lying_bomb, "refused"),
        (many_entries, "more than 20,000 files"),
        (other_key, "altered after it was signed"),
        (altered(digest="0" * 64), "its digest is not that of its files"),
        (altered(files={"../x": "0" * 64}), "not a path within an asset"),
        (altered(ref="prompt/support"), "names no version"),
        (altered(ref="prompt/support@02"), "names no version"),
        (altered(ref="../../x"), "not a reference"),
        (children_first, "which does not stand before it"),
        (same_twice, "is there twice"),
        (key_twice, "the key 'name' stands there twice"),
        (renamed(name="../x"), "'../x' is no name"),
        (renamed(made_by="a\x1b[2J"), "is no name of a person"),
        (altered(author="x" * 5000), "is no name of a person"),
        (altered_evidence, "the record 4 of its evidence was altered"),
        (nothing_in_it, "holds no assets"),
        (unknown_field, "run"),
        (no_json, "is no JSON"),
        (lambda path: path.write_bytes(b""), "it is no pack"),
        (lambda path: path.write_bytes(b"<html>"), "it is no pack"),
    ],
)
def test_a_harmful_pack_is_refused(packed: Path, harm: Callable[[Path], None], said: str) -> None:
    harm(packed)
    with pytest.raises(FerrataError) as raised:
        open_pack(packed)
    assert said in raised.value.message


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_pack(tmp_path / "none.pack")
    with pytest.raises(NotFound):
        open_pack(tmp_path)


def test_the_key_is_the_users_alone(tmp_path: Path, key: str) -> None:
    path = key_file()
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_key() == key
    with pytest.raises(UsageError, match="there is a key already"):
        make_key(tmp_path / "project")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="others can read the key"):
        public_key()
    path.chmod(0o600)
    path.write_text("hello")
    with pytest.raises(UsageError, match="holds no key") as raised:
        public_key()
    assert "hello" not in raised.value.message
    path.unlink()
    with pytest.raises(NotFound, match="no key to sign packs"):
        public_key()


def test_a_key_is_never_made_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "project" / "config"))
    with pytest.raises(UsageError, match="lies in the project"):
        make_key(tmp_path / "project")
    assert not (tmp_path / "project").exists()


def test_a_pack_holds_no_record_of_another_project(registry: Registry, store: Store, clock: FrozenClock) -> None:
    registry.register(SUPPORT, {"a.prompty": b"ours"})
    theirs = open_registry(store, clock, "bob", project="other")
    theirs.register(SUPPORT, {"a.prompty": b"theirs"}, message="for client X")
    made = registry.packs.make([SUPPORT], name="support", message="")
    assert [record["project"] for record in made.document.evidence] == ["support-bot"]
    assert b"client X" not in made.data
