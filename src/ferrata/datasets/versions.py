"""Versions of datasets in the registry: the data with a manifest that says what it holds; and data by name or path alike.

Small data lies in the version itself. Larger data is copied, without being read into memory, to a folder under its SHA-256, and the
version holds that. Knows no command and no ledger.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from ferrata.datasets.dataset import Dataset, open_file
from ferrata.datasets.description import SUFFIX, Description, description_beside, write_description
from ferrata.datasets.types import content_of
from ferrata.errors import InvalidDocument, Mistake, NotFound, UsageError
from ferrata.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.assets import Parent, Registered, Registry, Version
    from ferrata.datasets.types import SplitRule

__all__ = ["RegisteredDataset", "dataset_meaning", "dataset_ref", "open_dataset", "register_dataset", "sha256_of_file"]

MANIFEST = "dataset.json"
LARGE = 16 * 1024 * 1024
"""Bytes from which on data lies beside the registry and not in it."""
_CHUNK = 1 << 20


@dataclass(frozen=True)
class RegisteredDataset:
    """A registered version.

    Attributes:
        registered: the version, and whether it is new.
        rows: how many rows it has.
        broken: how many of its rows cannot be read.
        origin: where it came from.
    """

    registered: Registered
    rows: int
    broken: int
    origin: str


def dataset_ref(name: str | Path) -> Ref | None:
    """The reference that a dataset's name is, as `dataset/support@3`; None where it is a path.

    Raises:
        UsageError: it begins with `dataset/` and is neither.
    """
    if isinstance(name, Path) or not name.startswith("dataset/"):
        return None
    if "@" not in name and Path(name).exists():
        return None
    return Ref.parse(name)


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    found = sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            found.update(piece)
    return found.hexdigest()


def register_dataset(
    dataset: Dataset,
    name: str,
    registry: Registry,
    *,
    bodies: Path,
    split: SplitRule | None = None,
    tags: Mapping[str, str] | None = None,
    message: str = "",
    parents: tuple[Parent, ...] = (),
) -> RegisteredDataset:
    """Make a version of a dataset, unless its newest one is the same already.

    Args:
        dataset: a file, not a folder.
        name: of the asset, after `dataset/`.
        registry: where to.
        bodies: the folder for large data.
        split: in the place of what the description says.
        tags: further ones.
        message: why.
        parents: the versions that it came from.

    Raises:
        UsageError: it is a folder or has no row, the name is none, or a label is not one.
        StoreUnavailable: the database cannot be written.
    """
    ref = Ref.parse(f"dataset/{name}")
    if ref.version is not None or ref.alias is not None:
        raise UsageError(f"{name!r} names a version", hint=f"register as {ref.name}; it gets the next number")
    if not dataset.path.is_file():
        raise UsageError(
            f"{str(dataset.path)!r} is a folder",
            hint="put the rows together first: `ferrata data convert FOLDER OUT.jsonl`",
        )
    description = _with(dataset.description, split, tags or {}, dataset.path.name, dataset.format)
    described = Dataset(dataset.name, dataset.path, description, dataset.format)
    summary = described.summary
    if not summary.count:
        raise UsageError(f"{dataset.name} has no row that can be read", hint="see `ferrata data check FILE`")
    digest = sha256_of_file(dataset.path)
    large = dataset.path.stat().st_size >= LARGE
    files = _about(described, digest)
    if large:
        _keep(dataset.path, bodies, digest)
    else:
        files[dataset.path.name] = dataset.path.read_bytes()
    labels = {**description.tags, "origin": described.provenance.origin, "rows": str(summary.count)}
    done = registry.register(ref, files, message=message, labels=labels, parents=parents)
    return RegisteredDataset(done, summary.count, summary.broken, described.provenance.origin)


def _about(dataset: Dataset, digest: str) -> dict[str, bytes]:
    """The manifest and the description, as files of a version."""
    description, size = dataset.description, dataset.path.stat().st_size
    manifest: dict[str, Any] = {
        "data": dataset.path.name,
        "format": dataset.format or "rows",
        **dataset.summary.as_json(),
        "split": description.split_rule.as_json() if description.split_rule else None,
        "tags": dict(description.tags),
        "licence": description.licence,
        "provenance": dataset.provenance.as_json(),
        "body": {"sha256": digest, "bytes": size, "in_version": size < LARGE},
    }
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "x"
        write_description(written, description)
        described = written.read_bytes()
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    return {MANIFEST: text.encode(), description_beside(Path(dataset.path.name)).name: described}


def _with(
    description: Description, split: SplitRule | None, tags: Mapping[str, str], data: str, format: str | None
) -> Description:
    about = description.model_dump(mode="json", exclude_defaults=True)
    about |= {"data": data, "tags": {**description.tags, **tags}}
    if format and format != "rows":
        about["format"] = format
    if split is not None:
        about["split"] = split.as_json()
    return Description.model_validate(about)


def _keep(path: Path, bodies: Path, digest: str) -> None:
    """Copy large data under its digest; what is there already stays."""
    target = bodies / digest
    if target.is_file():
        return
    bodies.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=bodies, delete=False) as part, path.open("rb") as source:
        shutil.copyfileobj(source, part, _CHUNK)
    Path(part.name).replace(target)


def open_dataset(name: str | Path, registry: Registry | None = None, *, bodies: Path | None = None) -> Dataset:
    """The dataset of a name: a version of the registry, as `dataset/support@3`, or a file or folder.

    Args:
        name: the reference or the path.
        registry: where versions are; None: only files can be opened.
        bodies: where large data lies.

    Raises:
        NotFound: there is no such file, asset, version or alias, or its large data is gone.
        UsageError: it is no name of a dataset, or large data has changed.
        InvalidDocument: its description is wrong.
    """
    ref = dataset_ref(name)
    if ref is None:
        return open_file(Path(name))
    if registry is None:
        raise NotFound(
            f"the project has no asset '{ref}' yet", hint="register it with `ferrata data register FILE --name NAME`"
        )
    version = registry.resolve(ref)
    return _opened(version, registry.files(version), bodies)


def _opened(version: Version, files: Mapping[str, bytes], bodies: Path | None) -> Dataset:
    folder = Path(tempfile.mkdtemp(prefix="ferrata-dataset-"))
    for path, body in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    manifest = _manifest(files, str(version.ref))
    name = str(manifest.get("data", "")) if manifest else _only_data(files, str(version.ref))
    data = folder / name
    if manifest is not None and name not in files:
        data = _large(manifest, folder / name, bodies, str(version.ref))
    found = open_file(data, name=str(version.ref))
    found.version = str(version.ref)
    weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def _manifest(files: Mapping[str, bytes], place: str) -> dict[str, Any] | None:
    if MANIFEST not in files:
        return None
    try:
        found: object = json.loads(files[MANIFEST])
    except ValueError as error:
        raise InvalidDocument([Mistake(f"{place}/{MANIFEST}", 1, "", f"not valid JSON: {error}")]) from None
    if not isinstance(found, dict) or "/" in str(cast("dict[str, Any]", found).get("data", "/")):
        raise InvalidDocument([Mistake(f"{place}/{MANIFEST}", 1, "data", "names no file beside it")])
    return cast("dict[str, Any]", found)


def _only_data(files: Mapping[str, bytes], place: str) -> str:
    """Of a version that was registered as plain files: the one that is data."""
    data = [path for path in files if not path.endswith(SUFFIX) and PurePosixPath(path).name != MANIFEST]
    if len(data) != 1:
        raise UsageError(
            f"{place} holds {len(data)} files of data",
            hint="register one file with `ferrata data register FILE --name NAME`",
        )
    return data[0]


def _large(manifest: Mapping[str, Any], target: Path, bodies: Path | None, place: str) -> Path:
    """The large data of a version, linked to where its name and its description are."""
    digest = str(manifest.get("body", {}).get("sha256", ""))
    source = bodies / digest if bodies is not None and digest.isalnum() else None
    if source is None or not source.is_file():
        raise NotFound(
            f"the data of {place} is not here: {digest[:12]}",
            hint="it lies in .ferrata/datasets where it was registered",
        )
    if sha256_of_file(source) != digest:
        raise UsageError(f"the data of {place} has changed: {str(source)!r}", hint="restore the file from a backup")
    target.symlink_to(source.resolve())
    return target


def dataset_meaning(files: Mapping[str, bytes]) -> dict[str, object]:
    """What a version of a dataset means: how many rows, splits, and each row by its id.

    Of data that does not lie in the version, the manifest alone.
    """
    manifest = _manifest(files, "the version") or {}
    found: dict[str, object] = {
        key: manifest[key]
        for key in ("rows", "broken", "digest", "splits", "split", "tags", "licence")
        if key in manifest
    }
    name = manifest.get("data") or _only_data(files, "the version")
    if name not in files:
        return found
    with tempfile.TemporaryDirectory() as folder:
        for path, body in files.items():
            (Path(folder) / PurePosixPath(path).name).write_bytes(body)
        found |= dict(_rows(open_file(Path(folder) / name)))
    return found


def _rows(dataset: Dataset) -> Iterator[tuple[str, object]]:
    for example in dataset.rows():
        yield f"row {example.id}", json.loads(content_of(example.values))
