"""Datasets in the registry: manifest, large data by digest, opening by name, and what differs between versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ferrata.app import open_app
from ferrata.assets import Registry, compare_versions
from ferrata.datasets import (
    SplitRule,
    compare_datasets,
    dataset_meaning,
    dataset_ref,
    open_dataset,
    open_file,
    register_dataset,
)
from ferrata.errors import NotFound, UsageError
from ferrata.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    (tmp_path / "project").mkdir()
    with open_app(tmp_path / "project") as app:
        yield app.registry


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_version_holds_data_manifest_and_description(tmp_path: Path, registry: Registry) -> None:
    path = write(tmp_path / "golden.jsonl", {"id": "a", "q": 1}, {"id": "b", "q": 2})
    (tmp_path / "golden.dataset.yaml").write_text("provenance: {origin: traces}\ntags: {team: support}\n")
    rule = SplitRule(shares={"train": 0.5, "test": 0.5})
    bodies = tmp_path / "bodies"
    done = register_dataset(open_file(path), "golden", registry, bodies=bodies, split=rule, tags={"lang": "en"})
    assert (done.rows, done.broken, done.origin, done.registered.new) == (2, 0, "traces", True)
    assert sorted(done.registered.version.files) == ["dataset.json", "golden.dataset.yaml", "golden.jsonl"]
    assert done.registered.version.labels == {"lang": "en", "origin": "traces", "rows": "2", "team": "support"}
    again = register_dataset(open_file(path), "golden", registry, bodies=bodies, split=rule, tags={"lang": "en"})
    assert not again.registered.new
    assert not bodies.exists()
    found = open_dataset("dataset/golden@1", registry)
    assert found.name == found.version == "dataset/golden@1"
    assert [one.id for one in found.rows()] == ["a", "b"]
    assert found.tags == {"lang": "en", "team": "support"}
    assert found.split_rule == rule
    assert found.provenance.origin == "traces"


def test_large_data_lies_beside_the_registry(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferrata.datasets.versions.LARGE", 100)
    path = write(tmp_path / "big.jsonl", *({"id": i, "q": "x" * 50} for i in range(10)))
    bodies = tmp_path / "bodies"
    done = register_dataset(open_file(path), "big", registry, bodies=bodies)
    assert "big.jsonl" not in done.registered.version.files
    path.unlink()
    found = open_dataset("dataset/big", registry, bodies=bodies)
    assert found.summary.count == 10
    folder = found.path.parent
    del found
    assert not folder.exists()
    (body,) = bodies.iterdir()
    assert body.stat().st_size > 100
    body.write_text("{}")
    with pytest.raises(UsageError, match="the data of dataset/big@1 has changed"):
        open_dataset("dataset/big@1", registry, bodies=bodies)
    body.unlink()
    with pytest.raises(NotFound, match="the data of dataset/big@1 is not here"):
        open_dataset("dataset/big@1", registry, bodies=bodies)
    meaning = dataset_meaning(registry.files(done.registered.version))
    assert (meaning["rows"], "row 1" in meaning) == (10, False)


def test_what_differs_is_told_by_rows(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "a.jsonl"
    versions = []
    for rows in (
        [{"id": "a", "q": 1}, {"id": "b", "q": 2}, {"id": "c", "q": 3}],
        [{"id": "d", "q": 4}, {"id": "a", "q": 1}, {"id": "b", "q": 2, "k": "new"}],
    ):
        write(path, *rows)
        versions.append(register_dataset(open_file(path), "a", registry, bodies=tmp_path).registered.version)
    files = [registry.files(version) for version in versions]
    difference = compare_versions(*files, names=("a@1", "a@2"), meaning=dataset_meaning)
    changes = {change.field: (change.before, change.after) for change in difference.changes}
    assert changes.pop("digest")
    assert changes == {
        "row b": ({"id": "b", "q": 2}, {"id": "b", "k": "new", "q": 2}),
        "row c": ({"id": "c", "q": 3}, None),
        "row d": (None, {"id": "d", "q": 4}),
    }
    found = compare_datasets(*(open_dataset(str(version.ref), registry) for version in versions))
    assert found.as_json() == {"added": ["d"], "removed": ["c"], "changed": {"b": ["k"]}, "moved": {}, "same": 1}


def test_rows_that_move_between_splits_are_told(tmp_path: Path) -> None:
    before = open_file(write(tmp_path / "a.jsonl", {"id": 1, "split": "train"}))
    after = open_file(write(tmp_path / "b.jsonl", {"id": 1, "split": "test"}))
    assert compare_datasets(before, after).moved == {"1": ("train", "test")}


def test_plain_files_of_a_version_can_be_opened(tmp_path: Path, registry: Registry) -> None:
    registry.register(Ref("dataset", "plain"), {"rows.csv": b"q\n1\n"})
    assert [one.values for one in open_dataset("dataset/plain@1", registry).rows()] == [{"q": "1"}]
    registry.register(Ref("dataset", "plain"), {"a.csv": b"q\n1\n", "b.csv": b"q\n1\n"})
    with pytest.raises(UsageError, match="dataset/plain@2 holds 2 files of data"):
        open_dataset("dataset/plain", registry)


def test_names_and_paths_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert dataset_ref("data/a.jsonl") is None
    assert dataset_ref("dataset/a") == Ref("dataset", "a")
    (tmp_path / "dataset").mkdir()
    write(tmp_path / "dataset/a", {"q": 1})
    assert dataset_ref("dataset/a") is None
    assert dataset_ref("dataset/a@2") == Ref("dataset", "a", version=2)
    with pytest.raises(NotFound, match="the project has no asset 'dataset/x' yet"):
        open_dataset("dataset/x")


def test_what_cannot_be_registered(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "none.jsonl").write_text("broken\n")
    with pytest.raises(UsageError, match="has no row that can be read"):
        register_dataset(open_file(tmp_path / "none.jsonl"), "x", registry, bodies=tmp_path)
    path = write(tmp_path / "a.jsonl", {"q": 1})
    for name, problem in (("a b", "not a reference"), ("../a", "not a reference"), ("a@1", "names a version")):
        with pytest.raises(UsageError, match=problem):
            register_dataset(open_file(path), name, registry, bodies=tmp_path)
    with pytest.raises(UsageError, match="is a folder"):
        register_dataset(open_file(tmp_path), "x", registry, bodies=tmp_path)
    assert registry.assets("dataset") == []
