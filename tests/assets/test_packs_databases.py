"""A pack travels between projects whose databases differ."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from registries import open_registry

from ferrata.assets import Ledger, Parent, make_key, open_pack
from ferrata.errors import UsageError
from ferrata.refs import Ref
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ferrata.assets import Registry
    from ferrata.clock import FrozenClock

SUPPORT = Ref("prompt", "support")


@pytest.fixture
def stores(tmp_path: Path, postgres_url: str) -> Iterator[dict[str, Store]]:
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as sqlite, Store.open(postgres_url) as postgres:
        yield {"sqlite": sqlite, "postgres": postgres}


def _everything(registry: Registry) -> list[tuple[object, ...]]:
    return [
        (version.ref, version.digest, version.author, version.labels, version.parents, registry.files(version))
        for asset in registry.assets()
        for version in registry.versions(Ref(asset.kind, asset.name))
    ]


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_a_pack_travels_from_one_kind_of_database_to_the_other(
    stores: dict[str, Store],
    source: str,
    target: str,
    *,
    clock: FrozenClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    key = make_key(tmp_path / "project")
    here = open_registry(stores[source], clock, "ann")
    there = open_registry(stores[target], clock, "bob", project="other")
    here.register(Ref("model", "gpt"), {"model.json": b'{"id": "gpt"}'})
    parents = [Parent("model", Ref.parse("model/gpt@1"))]
    here.register(
        SUPPORT, {"a.prompty": bytes(range(256)) * 100, "sub/b": b""}, labels={"team": "care"}, parents=parents
    )
    path = tmp_path / "support.pack"
    path.write_bytes(here.packs.make([SUPPORT], name="support").data)

    altered = tmp_path / "altered.pack"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(altered, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"other" if name.startswith("bodies/") else old.read(name))
    for file, trusted in ((altered, [key]), (path, [])):
        with pytest.raises(UsageError):
            there.packs.install(open_pack(file), trusted=trusted)
        assert there.assets() == []

    done = there.packs.install(open_pack(path), trusted=[key])
    assert there.files(done.versions["prompt/support@1"].version) == here.files(here.resolve(SUPPORT))
    after = _everything(there)
    there.packs.install(open_pack(path), trusted=[key])
    assert _everything(there) == after
    # What came from another database is packed as it was there: lineage, author and bodies.
    onward = open_pack(_written(tmp_path / "onward.pack", there.packs.make([SUPPORT], name="onward").data)).document
    assert [asset.author for asset in onward.assets if asset.ref == "prompt/support@1"] == ["ann"]
    ledger = Ledger(stores[target], clock, "bob", project="other")
    assert ledger.verify().broken is None
    assert [record.action for record in ledger.records(action="pack.installed")] == ["pack.installed"]


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
