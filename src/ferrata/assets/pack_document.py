"""`pack.json` and `signature.json`: what they hold, and whether it is true of itself.

A pack is true of itself if every version has the digest of its files, every body is there and none besides, every parent stands
before its child, every record has its own hash, and the signature is that of the key. Whose key it is, somebody must know.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ferrata.assets.archive import Archive, read_archive
from ferrata.assets.content import check_paths, digest_of_content
from ferrata.assets.record import chain_hash
from ferrata.assets.signing import check_signature
from ferrata.documents import Document, validate
from ferrata.errors import UsageError
from ferrata.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "FORMAT",
    "OpenedPack",
    "PackDocument",
    "PackedParent",
    "PackedVersion",
    "Signature",
    "open_pack",
    "signed_text",
]

FORMAT = "ferrata-pack/1"


_LONGEST_NAME = 200


class PackedParent(Document):
    """A version that another came from; it stands before it in the pack."""

    role: str
    ref: str


class PackedVersion(Document):
    """A version as the registry that it came from has it.

    Attributes:
        wanted: whether it was asked for, or came along as what another came from.
    """

    ref: str
    digest: str
    files: dict[str, str]
    author: str
    at: str
    message: str
    labels: dict[str, str]
    parents: list[PackedParent]
    wanted: bool


class PackDocument(Document):
    """`pack.json`.

    Attributes:
        format: of the pack.
        name: the pack's, as an asset's name.
        message: what it is, for people.
        project: where it was made.
        made_by: by whom.
        made_at: when.
        assets: versions, each after those that it came from.
        evidence: records of the ledger that are about these versions, as `ferrata ledger export` writes them.
    """

    format: Literal["ferrata-pack/1"]
    name: str
    message: str
    project: str
    made_by: str
    made_at: str
    assets: list[PackedVersion]
    evidence: list[dict[str, Any]]


class Signature(Document):
    """`signature.json`: the key, and its signature over the SHA-256 of `pack.json`."""

    key: str
    signature: str


@dataclass(frozen=True)
class OpenedPack:
    """A pack that is true of itself.

    Attributes:
        document: its `pack.json`.
        key: the public key that it is signed with.
        archive: its bytes.
        digest: the SHA-256 of its `pack.json`, which names everything in it.
    """

    document: PackDocument
    key: str
    archive: Archive
    digest: str

    def files_of(self, version: PackedVersion) -> Mapping[str, bytes]:
        """The files of one of its versions: path -> body."""
        return {path: self.archive.bodies[digest] for path, digest in version.files.items()}


def signed_text(pack: bytes) -> bytes:
    """What is signed of a `pack.json`; begins with the format, so that the signature is of use for nothing else."""
    return f"{FORMAT}\n{hashlib.sha256(pack).hexdigest()}\n".encode()


def open_pack(path: Path) -> OpenedPack:
    """Read a pack and check all that can be checked without knowing whose key it is. Writes and runs nothing.

    Raises:
        NotFound: there is no such file.
        UsageError: it is no pack, was altered, or is not true of itself.
        InvalidDocument: one of its documents has other fields.
    """
    archive = read_archive(path)
    document = _parse(archive.pack, PackDocument, f"{path}:pack.json")
    signature = _parse(archive.signature, Signature, f"{path}:signature.json")
    problem = None
    if not check_signature(signature.key, signature.signature, signed_text(archive.pack)):
        problem = "its signature does not fit: it was altered after it was signed"
    problem = problem or _flaw(document, archive)
    if problem is not None:
        raise UsageError(f"{str(path)!r} is refused: {problem}", hint="ask whoever sent it for the file again")
    return OpenedPack(document, signature.key, archive, hashlib.sha256(archive.pack).hexdigest())


def _parse(body: bytes, kind: type[Any], name: str) -> Any:
    try:
        text = body.decode()
        return validate(json.loads(text, object_pairs_hook=_once), kind, file=name, text="")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is no JSON: {error}", hint="ask whoever sent it for the file again") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys stand once: of two values, readers may take either."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands there twice")
    return found


def _flaw(document: PackDocument, archive: Archive) -> str | None:
    """What is not true in a pack; None if all is."""
    known: set[str] = set()
    used: set[str] = set()
    try:
        Ref.parse(f"pack/{document.name}")
    except UsageError:
        return f"{document.name!r} is no name"
    for who in (document.made_by, document.project, *(version.author for version in document.assets)):
        if not who.isprintable() or not 0 < len(who) <= _LONGEST_NAME:
            return f"{who[:40]!r} is no name of a person or a project"
    for version in document.assets:
        problem = _flaw_of(version, archive, known)
        if problem is not None:
            return f"{version.ref!r}: {problem}"
        known.add(version.ref)
        used |= set(version.files.values())
    if not known:
        return "it holds no assets"
    if unused := archive.bodies.keys() - used:
        return f"it holds a body that no version has: {min(unused)}"
    for record in document.evidence:
        try:
            if record.get("hash") != chain_hash(record):
                return f"the record {record.get('seq')!r} of its evidence was altered"
        except UsageError as error:
            return f"the record {record.get('seq')!r} of its evidence cannot be read: {error}"
    return None


def _flaw_of(version: PackedVersion, archive: Archive, known: set[str]) -> str | None:
    try:
        ref = Ref.parse(version.ref)
        check_paths(version.files)
    except UsageError as error:
        return error.message
    if ref.version is None or str(ref) != version.ref:
        return "names no version"
    if version.ref in known:
        return "is there twice"
    if missing := set(version.files.values()) - archive.bodies.keys():
        return f"its body {min(missing)} is missing"
    if digest_of_content(ref.kind, version.files) != version.digest:
        return "its digest is not that of its files"
    if strange := [parent.ref for parent in version.parents if parent.ref not in known]:
        return f"it came from {strange[0]!r}, which does not stand before it"
    return None
