"""The registry: immutable versions of assets, found by number, alias or as the newest.

Knows neither what an asset means nor who uses it. Every act writes its record into the ledger in the same transaction.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from ferrata.assets import aliases, rows
from ferrata.assets.garbage import count_garbage, find_garbage, remove_garbage
from ferrata.assets.prepare import one_text, prepare
from ferrata.assets.record import canonical_json
from ferrata.assets.types import Draft, Move, Parent, Registered
from ferrata.clock import format_time
from ferrata.errors import Conflict, UsageError
from ferrata.refs import Ref, check_kind
from ferrata.store import Blobs, run

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from datetime import timedelta

    from ferrata.assets.garbage import Garbage, GarbageCount
    from ferrata.assets.journal import Journal
    from ferrata.assets.packs import Packs
    from ferrata.assets.prepare import Prepared
    from ferrata.assets.types import AssetRow, Version
    from ferrata.clock import Clock
    from ferrata.store import Connection, Transactions

__all__ = ["Registry"]


class Registry:
    """The assets of one project. The tables must be there; `app` sees to it.

    Args:
        store: where they lie.
        clock: dates versions and moves.
        journal: writes the records; its actor is the author.
        project: whose assets they are.
    """

    def __init__(self, store: Transactions, clock: Clock, journal: Journal, *, project: str) -> None:
        self._store = store
        self._clock = clock
        self._journal = journal
        self._project = project

    @cached_property
    def packs(self) -> Packs:
        """Makes packs of these assets, and installs others'."""
        from ferrata.assets.packs import Packs

        return Packs(self, self._store, self._clock, self._journal, self._project)

    def register(
        self,
        ref: Ref,
        files: Mapping[str, bytes],
        *,
        message: str = "",
        labels: Mapping[str, str] | None = None,
        parents: Sequence[Parent] = (),
        expect: int | None = None,
    ) -> Registered:
        """Make a version of an asset, unless its newest one has this content already.

        Content that only an older version has makes a new version: history is what was in force when. Bodies are shared.

        Args:
            ref: `kind/name`.
            files: path -> body.
            message: why.
            labels: texts by name.
            parents: the versions that it came from.
            expect: the newest number that the caller saw (0: none); None: whatever there is.

        Raises:
            UsageError: a name, path, label or parent is not one, or the content is too large.
            NotFound: a parent does not exist.
            Conflict: the newest version is not `expect`, also where the content is the same; says who wrote it and when.
            StoreUnavailable: the database cannot be written; nothing was.
        """
        draft = Draft(ref, files, message, dict(labels or {}), tuple(parents), expect)
        return self.register_all([draft])[0]

    def register_all(self, drafts: Sequence[Draft]) -> list[Registered]:
        """Register several versions, all or none, in their order; as `register`.

        A draft may name an earlier one of the same call as its parent.
        """
        prepared = prepare(drafts)
        with self._store.read() as connection:
            newest = rows.newest_of(connection, self._project, [draft.ref for draft in drafts])
            if all(item.key in newest and newest[item.key][1] == item.digest for item in prepared):
                for item in prepared:
                    self._expect(connection, item, number=newest[item.key][0], id=newest[item.key][2])
                ids = [newest[item.key][2] for item in prepared]
                return [Registered(version, False) for version in rows.versions_by_id(connection, ids)]
        with self._store.write() as connection:
            return self._register(connection, prepared, reuse=False)

    def register_in(self, connection: Connection, drafts: Sequence[Draft], *, reuse: bool = False) -> list[Registered]:
        """Register several versions within the caller's transaction that may write; as `register_all`.

        Args:
            connection: the transaction.
            drafts: what to register.
            reuse: take any version of the asset that has the content, not only its newest.
        """
        return self._register(connection, prepare(drafts), reuse=reuse)

    def _register(self, connection: Connection, prepared: Sequence[Prepared], *, reuse: bool) -> list[Registered]:
        self._store.lock(connection, "ferrata.registry")
        newest = rows.newest_of(connection, self._project, [item.draft.ref for item in prepared])
        if reuse:
            newest |= rows.with_content(connection, self._project, [(*item.key, item.digest) for item in prepared])
        bodies: dict[str, bytes] = {}
        ids: list[int] = []
        new: list[bool] = []
        for item in prepared:
            number, digest, id = newest.get(item.key, (0, "", 0))
            new.append(digest != item.digest)
            self._expect(connection, item, number=number, id=id)
            if new[-1]:
                bodies |= {item.files[path]: body for path, body in item.draft.files.items()}
        Blobs(connection).put(bodies)
        at = format_time(self._clock.now())
        for item, is_new in zip(prepared, new, strict=True):
            ids.append(self._insert(connection, item, at=at) if is_new else newest[item.key][2])
        versions = rows.versions_by_id(connection, ids)
        for version, is_new in zip(versions, new, strict=True):
            if is_new:
                payload = {"kind": version.kind, "digest": version.digest, "message": version.message or None}
                self._journal.append_in(connection, "asset.versioned", subjects=[str(version.ref)], payload=payload)
        return [Registered(version, is_new) for version, is_new in zip(versions, new, strict=True)]

    def restore(self, ref: Ref, *, message: str = "") -> Registered:
        """Make an earlier version the newest again: a new version with its content, and with itself as a parent.

        Raises:
            UsageError: the newest version has that content already.
            NotFound: there is no such version.
        """
        earlier = self.resolve(ref)
        own = Ref(ref.kind, ref.name)
        parents = (Parent("restored", earlier.ref),)
        draft = Draft(own, self.files(earlier), message, dict(earlier.labels), (*earlier.parents, *parents))
        with self._store.write() as connection:
            done = self.register_in(connection, [draft])[0]
            if not done.new:
                raise UsageError(f"{done.version.ref} has the content of {earlier.ref} already")
            subjects = [str(done.version.ref), str(earlier.ref)]
            self._journal.append_in(connection, "asset.restored", subjects=subjects)
        return done

    def resolve(self, ref: Ref) -> Version:
        """The version of a number, the one that an alias points to, or the newest where neither is given.

        Raises:
            NotFound: there is no such asset, version or alias.
        """
        with self._store.read() as connection:
            return rows.versions_by_id(connection, [self._id_of(connection, ref)])[0]

    def files(self, version: Version) -> dict[str, bytes]:
        """The files of a version: path -> body.

        Raises:
            StoreUnavailable: the database has lost or damaged one.
        """
        with self._store.read() as connection:
            bodies = Blobs(connection).get(version.files.values())
        return {path: bodies[digest] for path, digest in version.files.items()}

    def assets(self, kind: str | None = None, *, limit: int | None = None) -> list[AssetRow]:
        """The assets (of one kind), by kind and name, each with its newest version and its aliases.

        Raises:
            UsageError: no asset can be of such a kind.
        """
        if kind is not None:
            check_kind(kind)
        with self._store.read() as connection:
            return rows.asset_rows(connection, self._project, kind=kind, limit=limit)

    def versions(self, ref: Ref, *, limit: int | None = None) -> list[Version]:
        """The versions of an asset, the newest first.

        Raises:
            NotFound: there is no such asset.
        """
        with self._store.read() as connection:
            asset = rows.require(connection, self._project, ref)
            query = "SELECT id FROM version WHERE asset = ? ORDER BY number DESC LIMIT ?"
            found = run(connection, query, (asset.id, asset.newest if limit is None else limit)).fetchall()
            return rows.versions_by_id(connection, [id for (id,) in found])

    def children(self, ref: Ref) -> list[Parent]:
        """The versions that came directly from one, with the role that it had."""
        with self._store.read() as connection:
            return rows.children_of(connection, self._id_of(connection, ref))

    def lineage(self, ref: Ref) -> list[Parent]:
        """Everything that a version came from, directly or not, the nearest first; each version and role once.

        Raises:
            NotFound: there is no such version.
        """
        found: dict[Parent, None] = {}
        with self._store.read() as connection:
            level = [self._id_of(connection, ref)]
            while level:
                parents = [parent for version in rows.versions_by_id(connection, level) for parent in version.parents]
                fresh = [parent for parent in dict.fromkeys(parents) if parent not in found]
                found |= dict.fromkeys(fresh)
                level = list(dict.fromkeys(self._id_of(connection, parent.ref) for parent in fresh))
        return list(found)

    def move(self, ref: Ref, *, to: int, why: str = "", expect: int | None = None) -> Move:
        """Point an alias to a version.

        Args:
            ref: `kind/name@alias`.
            to: the number.
            why: the reason, for the history.
            expect: the number that the caller saw it at (0: no such alias); None: wherever it is.

        Raises:
            UsageError: `ref` names no alias, or the alias points there already.
            NotFound: there is no such asset or version.
            Conflict: the alias is not at `expect`; says who moved it and when.
        """
        with self._changing(ref) as (connection, asset):
            known = aliases.check_move(connection, asset, ref, to=to, expect=expect)
            move = self._moved(connection, asset, ref, before=known, to=to, why=why, back=False)
            payload = {"from": known, "to": to, "why": why}
            self._journal.append_in(connection, "alias.moved", subjects=[str(ref), _at(ref, to)], payload=payload)
            return move

    def rollback(self, ref: Ref, *, to: int | None = None, why: str = "") -> Move:
        """Point an alias back to where it pointed before, or to any earlier target.

        Repeated, it goes further back: what was rolled back from is not gone back to.

        Raises:
            UsageError: `ref` names no alias, or `to` is no earlier target of it.
            NotFound: there is no such asset or alias, or nothing to go back to.
        """
        with self._changing(ref) as (connection, asset):
            known, target = aliases.check_rollback(connection, asset, ref, to=to)
            move = self._moved(connection, asset, ref, before=known, to=target, why=why, back=True)
            payload = {"from": known, "to": target, "why": why or None}
            subjects = [str(ref), _at(ref, target)]
            self._journal.append_in(connection, "alias.rolled_back", subjects=subjects, payload=payload)
            return move

    def remove_alias(self, ref: Ref, *, why: str = "", expect: int | None = None) -> Move:
        """Take an alias away. Its history stays, and so do the versions that it pointed to.

        Args:
            ref: `kind/name@alias`.
            why: the reason, for the history.
            expect: the number that the caller saw it at; None: wherever it is.

        Raises:
            UsageError: `ref` names no alias.
            NotFound: there is no such asset or alias.
            Conflict: the alias is not at `expect`; says who moved it and when.
        """
        with self._changing(ref) as (connection, asset):
            known = aliases.check_removal(connection, asset, ref, expect=expect)
            move = self._moved(connection, asset, ref, before=known, to=None, why=why, back=False)
            payload = {"from": known, "why": why or None}
            subjects = [str(ref), _at(ref, known)]
            self._journal.append_in(connection, "alias.removed", subjects=subjects, payload=payload)
            return move

    def moves(self, ref: Ref, *, limit: int | None = None) -> list[Move]:
        """The history of an alias (or of all of an asset's, where `ref` names none), the newest first.

        Raises:
            NotFound: there is no such asset or alias.
        """
        with self._store.read() as connection:
            asset = rows.require(connection, self._project, ref)
            return aliases.history(connection, asset.id, ref, limit=limit)

    def garbage(self, *, older_than: timedelta) -> GarbageCount:
        """How much `collect` would remove, without naming it: quick, however much it is."""
        with self._store.read() as connection:
            return count_garbage(connection, self._project, before=format_time(self._clock.now() - older_than))

    def collect(self, *, older_than: timedelta, dry_run: bool = False) -> Garbage:
        """Remove the versions that nobody can miss, with the bodies that only they had; see `garbage`.

        Args:
            older_than: only versions that are at least so old.
            dry_run: only say what would go.
        """
        before = format_time(self._clock.now() - older_than)
        if dry_run:
            with self._store.read() as connection:
                return remove_garbage(connection, find_garbage(connection, self._project, before=before), dry_run=True)
        with self._store.write() as connection:
            self._store.lock(connection, "ferrata.registry")
            # Records that name versions must not come between the look and the removal.
            self._store.lock(connection, "ferrata.ledger")
            found = remove_garbage(connection, find_garbage(connection, self._project, before=before), dry_run=False)
            if found.versions:
                payload = {"versions": len(found.versions), "bodies": found.bodies, "bytes": found.size}
                subjects = [str(ref) for ref in found.versions]
                self._journal.append_in(connection, "asset.collected", subjects=subjects, payload=payload)
        return found

    @contextmanager
    def _changing(self, ref: Ref) -> Generator[tuple[Connection, rows.Found]]:
        """A transaction that may move the alias of `ref`, with the asset's row as it is under the lock."""
        if ref.alias is None:
            raise UsageError(f"{str(ref)!r} names no alias", hint=f"write {ref.kind}/{ref.name}@ALIAS, as @production")
        with self._store.write() as connection:
            self._store.lock(connection, "ferrata.registry")
            yield connection, rows.require(connection, self._project, ref)

    def _moved(
        self,
        connection: Connection,
        asset: rows.Found,
        ref: Ref,
        *,
        before: int | None,
        to: int | None,
        why: str,
        back: bool,
    ) -> Move:
        move = Move(str(ref), before, to, self._journal.actor, format_time(self._clock.now()), one_text(why), back)
        aliases.write_move(connection, asset.id, ref, move)
        return move

    def _expect(self, connection: Connection, item: Prepared, *, number: int, id: int) -> None:
        expect = item.draft.expect
        if expect is None or expect == number:
            return
        name = f"{item.draft.ref.kind}/{item.draft.ref.name}"
        if not number:
            raise Conflict(f"{name} has no version yet, not {expect}", hint="register it without expecting one")
        version = rows.versions_by_id(connection, [id])[0]
        saw = f"version {expect}" if expect else "none"
        said = f": {version.message.partition(chr(10))[0]}" if version.message else ""
        raise Conflict(
            f"{name} is at version {number}, not {saw}: {version.author} wrote it at {version.at}{said}",
            hint=f"look at it with `ferrata asset diff {name}@{expect or number} {name}@{number}`, then register again",
        )

    def _insert(self, connection: Connection, item: Prepared, *, at: str) -> int:
        draft, ref = item.draft, item.draft.ref
        asset = rows.find(connection, self._project, ref)
        if asset is None:
            insert = "INSERT INTO asset (project, kind, name, newest) VALUES (?, ?, ?, 0) RETURNING id"
            asset = rows.Found(run(connection, insert, (self._project, ref.kind, ref.name)).fetchone()[0], 0)
        number = asset.newest + 1
        if run(connection, "SELECT 1 FROM content WHERE digest = ? LIMIT 1", (item.digest,)).fetchone() is None:
            contents = [(item.digest, path, body) for path, body in item.files.items()]
            run(connection, "INSERT INTO content (digest, path, body) VALUES (?, ?, ?)", contents)
        insert = (
            "INSERT INTO version (asset, number, digest, author, at, message, labels)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id"
        )
        author = draft.author or self._journal.actor
        values = (asset.id, number, item.digest, author, at, draft.message, canonical_json(dict(draft.labels)))
        id: int = run(connection, insert, values).fetchone()[0]
        run(connection, "UPDATE asset SET newest = ? WHERE id = ?", (number, asset.id))
        parents = [(id, parent.role, self._id_of(connection, parent.ref)) for parent in draft.parents]
        if any(parent == id for _, _, parent in parents):
            raise UsageError(
                f"{_at(ref, number)} would have come from itself", hint="name an earlier version as its parent"
            )
        if parents:
            run(connection, "INSERT INTO parent (version, role, parent) VALUES (?, ?, ?)", list(dict.fromkeys(parents)))
        return id

    def _id_of(self, connection: Connection, ref: Ref) -> int:
        asset = rows.require(connection, self._project, ref)
        number = asset.newest if ref.version is None else ref.version
        if ref.alias is not None:
            number = aliases.require_target(connection, asset, ref)
        return rows.require_version(connection, asset, ref, number=number)


def _at(ref: Ref, number: int) -> str:
    return str(Ref(ref.kind, ref.name, version=number))
