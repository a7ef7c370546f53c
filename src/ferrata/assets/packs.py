"""Packs: assets with what they came from and their evidence, for another team; made here and installed there.

What is installed keeps its author, its labels and where it came from: it has the pack itself, a version of kind `pack`, as a
parent. Knows the registry, and nothing of files on the disk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ferrata.assets.archive import Archive, write_archive
from ferrata.assets.pack_document import FORMAT, PackDocument, PackedParent, PackedVersion, signed_text
from ferrata.assets.record import canonical_json
from ferrata.assets.signing import public_key, sign
from ferrata.assets.types import Draft, Parent
from ferrata.clock import format_time
from ferrata.errors import UsageError
from ferrata.refs import Ref
from ferrata.store import Blobs, run, sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from ferrata.assets.journal import Journal
    from ferrata.assets.pack_document import OpenedPack
    from ferrata.assets.registry import Registry
    from ferrata.assets.types import Registered, Version
    from ferrata.clock import Clock
    from ferrata.store import Connection, Transactions

__all__ = ["Installed", "MadePack", "Packs"]

_PAGE = 100


class MadePack(NamedTuple):
    """A pack that was made: its bytes, the SHA-256 of its `pack.json`, the key, and what is in it."""

    data: bytes
    digest: str
    key: str
    document: PackDocument


class Installed(NamedTuple):
    """What installing gave: the pack's own version, and each of its versions with the one that it became here."""

    pack: Version
    versions: Mapping[str, Registered]


@dataclass(frozen=True)
class Packs:
    """Makes packs of a registry's assets, and installs others'."""

    registry: Registry
    store: Transactions
    clock: Clock
    journal: Journal
    project: str

    def make(self, refs: Sequence[Ref], *, name: str, message: str = "") -> MadePack:
        """Make a signed pack of versions, everything that they came from, and the records about them.

        Args:
            refs: versions by number, by alias, or the newest.
            name: the pack's name, as an asset's.
            message: what it is.

        Raises:
            NotFound: a version does not exist, or there is no key to sign with.
            UsageError: there is nothing to pack, it is too large, or the key cannot be used.
        """
        key = public_key()
        if not refs:
            raise UsageError("a pack needs at least one asset", hint="name them, as prompt/support@production")
        wanted = [self.registry.resolve(ref) for ref in refs]
        versions = self._with_ancestors(wanted)
        document = PackDocument(
            format=FORMAT,
            name=str(Ref.parse(f"pack/{name}").name),
            message=message,
            project=self.project,
            made_by=self.journal.actor,
            made_at=format_time(self.clock.now()),
            assets=[_packed(version, wanted={v.ref for v in wanted}) for version in versions],
            evidence=self._evidence([str(version.ref) for version in versions]),
        )
        pack = canonical_json(document.model_dump()).encode()
        signature = canonical_json({"key": key, "signature": sign(signed_text(pack))}).encode()
        with self.store.read() as connection:
            bodies = Blobs(connection).get({body for version in versions for body in version.files.values()})
        return MadePack(write_archive(Archive(pack, signature, bodies)), sha256_of(pack), key, document)

    def note_export(self, made: MadePack) -> None:
        """Write the record that a pack was exported, once its file is where it should be."""
        document = made.document
        subjects = [f"pack/{document.name}", *(version.ref for version in document.assets if version.wanted)]
        payload = {"digest": made.digest, "assets": len(document.assets), "key": made.key}
        with self.store.write() as connection:
            self.journal.append_in(connection, "pack.exported", subjects=subjects, payload=payload)

    def install(self, pack: OpenedPack, *, trusted: Collection[str]) -> Installed:
        """Register everything that is in a pack, all or nothing; runs nothing of it.

        A version whose content the asset of that name has had already is not registered again.

        Args:
            pack: as `open_pack` gave it.
            trusted: the public keys that are trusted.

        Raises:
            UsageError: its key is not trusted.
            StoreUnavailable: the database cannot be written; nothing was.
        """
        if pack.key not in trusted:
            raise UsageError(
                f"the pack {pack.document.name!r} is signed by {pack.key}, which is not trusted",
                hint=f"ask {pack.document.made_by} for their key by another way; then give it with --trust {pack.key}",
            )
        own = Ref("pack", pack.document.name)
        files = {"pack.json": pack.archive.pack, "signature.json": pack.archive.signature}
        with self.store.write() as connection:
            self.store.lock(connection, "ferrata.registry")
            source = self._install_one(
                connection, Draft(own, files, pack.document.message, author=pack.document.made_by)
            )
            done: dict[str, Registered] = {}
            for packed in pack.document.assets:
                done[packed.ref] = self._install_one(connection, _draft_of(pack, packed, source.version.ref, done))
            if source.new or any(registered.new for registered in done.values()):
                payload = {
                    "source": f"{pack.document.project}, {pack.document.made_by}",
                    "digest": pack.digest,
                    "assets": len(done),
                    "key": pack.key,
                }
                subjects = [str(source.version.ref), *(str(registered.version.ref) for registered in done.values())]
                self.journal.append_in(connection, "pack.installed", subjects=subjects, payload=payload)
        return Installed(source.version, done)

    def _install_one(self, connection: Connection, draft: Draft) -> Registered:
        return self.registry.register_in(connection, [draft], reuse=True)[0]

    def _with_ancestors(self, wanted: Sequence[Version]) -> list[Version]:
        """Versions with everything that they came from, each after its parents."""
        found = {version.ref: version for version in wanted}
        todo = list(wanted)
        while todo:
            for parent in todo.pop().parents:
                if parent.ref not in found:
                    found[parent.ref] = self.registry.resolve(parent.ref)
                    todo.append(found[parent.ref])
        # Parents are registered before their children, so times and numbers do not lie; but clocks may: hence by need.
        ordered: dict[Ref, Version] = {}
        stack = sorted(found.values(), key=lambda version: str(version.ref), reverse=True)
        while stack:
            version = stack[-1]
            waiting = [found[parent.ref] for parent in version.parents if parent.ref not in ordered]
            if waiting:
                stack += waiting
            else:
                ordered.setdefault(stack.pop().ref, version)
        return list(ordered.values())

    def _evidence(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The records of the ledger that are about versions, as they are exported."""
        found: dict[int, dict[str, Any]] = {}
        with self.store.read() as connection:
            for start in range(0, len(names), _PAGE):
                page = names[start : start + _PAGE]
                wanted = set(page)
                either = " OR ".join(["subjects LIKE ?"] * len(page))
                # What other projects of the database did is nobody else's business.
                query = f"SELECT * FROM ledger WHERE project = ? AND ({either})"  # noqa: S608 - marks only
                columns = _columns(connection)
                for row in run(connection, query, (self.project, *(f'%"{name}"%' for name in page))).fetchall():
                    record = {name: value for name, value in zip(columns, row, strict=True) if value is not None}
                    record |= {name: json.loads(record[name]) for name in ("subjects", "payload")}
                    if wanted & set(record["subjects"]):
                        found[record["seq"]] = record
        return [found[seq] for seq in sorted(found)]


def _columns(connection: Connection) -> list[str]:
    """The columns of the ledger, in the order of `SELECT *`."""
    if connection.dialect.name == "sqlite":
        return [row[1] for row in run(connection, "PRAGMA table_info(ledger)").fetchall()]
    query = (
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'ledger'"
        " AND table_schema = current_schema() ORDER BY ordinal_position"
    )
    return [row[0] for row in run(connection, query).fetchall()]


def _packed(version: Version, *, wanted: Collection[Ref]) -> PackedVersion:
    return PackedVersion(
        ref=str(version.ref),
        digest=version.digest,
        files=dict(version.files),
        author=version.author,
        at=version.at,
        message=version.message,
        labels=dict(version.labels),
        parents=[PackedParent(role=parent.role, ref=str(parent.ref)) for parent in version.parents],
        wanted=version.ref in wanted,
    )


def _draft_of(pack: OpenedPack, packed: PackedVersion, source: Ref, done: Mapping[str, Registered]) -> Draft:
    """The version as it is registered here: what it came from is what that became here, and the pack itself."""
    ref = Ref.parse(packed.ref)
    parents = [Parent(parent.role, done[parent.ref].version.ref) for parent in packed.parents]
    return Draft(
        Ref(ref.kind, ref.name),
        pack.files_of(packed),
        packed.message,
        {**packed.labels, "origin": f"{pack.document.project}: {packed.ref}"},
        (*parents, Parent("pack", source)),
        author=packed.author,
    )
