"""The registry: immutable versions of assets, found by number, alias or as the newest.

Knows neither what an asset means nor who uses it. Every act writes its record into the ledger in the same transaction.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ferrata.assets import aliases, rows
from ferrata.assets.content import MOST_BYTES, check_paths, digest_of_content
from ferrata.assets.record import canonical_json
from ferrata.assets.types import Draft, Move, Registered
from ferrata.clock import format_time
from ferrata.errors import Conflict, UsageError
from ferrata.refs import Ref
from ferrata.store import Blobs, run, sha256_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from ferrata.assets.journal import Journal
    from ferrata.assets.types import AssetRow, Parent, Version
    from ferrata.clock import Clock
    from ferrata.store import Connection, Transactions

__all__ = ["Registry"]

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 10_000


class _Prepared(NamedTuple):
    """A draft whose content has its digests."""

    draft: Draft
    files: dict[str, str]
    digest: str

    @property
    def key(self) -> tuple[str, str]:
        return self.draft.ref.kind, self.draft.ref.name


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
            Conflict: the newest version is not `expect`; says who wrote it and when.
            StoreUnavailable: the database cannot be written; nothing was.
        """
        draft = Draft(ref, files, message, dict(labels or {}), tuple(parents), expect)
        return self.register_all([draft])[0]

    def register_all(self, drafts: Sequence[Draft]) -> list[Registered]:
        """Register several versions, all or none, in their order; as `register`.

        A draft may name an earlier one of the same call as its parent.
        """
        prepared = [_prepare(draft) for draft in drafts]
        if len({item.key for item in prepared}) < len(prepared):
            raise UsageError("one asset twice in one call", hint="register its versions one after the other")
        refs = [draft.ref for draft in drafts]
        with self._store.read() as connection:
            newest = rows.newest_of(connection, self._project, refs)
            if all(item.key in newest and newest[item.key][1] == item.digest for item in prepared):
                ids = [newest[item.key][2] for item in prepared]
                return [Registered(version, False) for version in rows.versions_by_id(connection, ids)]
        with self._store.write() as connection:
            return self.register_in(connection, prepared)

    def register_in(self, connection: Connection, prepared: Sequence[_Prepared]) -> list[Registered]:
        """Register what was prepared within a transaction that may write."""
        self._store.lock(connection, "ferrata.registry")
        newest = rows.newest_of(connection, self._project, [item.draft.ref for item in prepared])
        bodies: dict[str, bytes] = {}
        ids: list[int] = []
        new: list[bool] = []
        for item in prepared:
            number, digest, id = newest.get(item.key, (0, "", 0))
            new.append(digest != item.digest)
            if new[-1]:
                self._expect(connection, item, number=number, id=id)
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
        """The assets (of one kind), by kind and name, each with its newest version and its aliases."""
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

    def moves(self, ref: Ref, *, limit: int | None = None) -> list[Move]:
        """The history of an alias (or of all of an asset's, where `ref` names none), the newest first.

        Raises:
            NotFound: there is no such asset or alias.
        """
        with self._store.read() as connection:
            asset = rows.require(connection, self._project, ref)
            return aliases.history(connection, asset.id, ref, limit=limit)

    @contextmanager
    def _changing(self, ref: Ref) -> Generator[tuple[Connection, rows.Found]]:
        """A transaction that may move the alias of `ref`, with the asset's row as it is under the lock."""
        if ref.alias is None:
            raise UsageError(f"{str(ref)!r} names no alias", hint=f"write {ref.kind}/{ref.name}@ALIAS, as @production")
        with self._store.write() as connection:
            self._store.lock(connection, "ferrata.registry")
            yield connection, rows.require(connection, self._project, ref)

    def _moved(
        self, connection: Connection, asset: rows.Found, ref: Ref, *, before: int | None, to: int, why: str, back: bool
    ) -> Move:
        move = Move(str(ref), before, to, self._journal.actor, format_time(self._clock.now()), _text(why), back)
        aliases.write_move(connection, asset.id, ref, move)
        return move

    def _expect(self, connection: Connection, item: _Prepared, *, number: int, id: int) -> None:
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

    def _insert(self, connection: Connection, item: _Prepared, *, at: str) -> int:
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
        if parents:
            run(connection, "INSERT INTO parent (version, role, parent) VALUES (?, ?, ?)", list(dict.fromkeys(parents)))
        return id

    def _id_of(self, connection: Connection, ref: Ref) -> int:
        asset = rows.require(connection, self._project, ref)
        number = asset.newest if ref.version is None else ref.version
        if ref.alias is not None:
            number = aliases.require_target(connection, asset, ref)
        return rows.require_version(connection, asset, ref, number=number)


def _prepare(draft: Draft) -> _Prepared:
    """A draft with its digests, once everything in it is as it should be."""
    ref = draft.ref
    if ref.version is not None or ref.alias is not None:
        raise UsageError(
            f"{str(ref)!r} names a version", hint=f"register as {ref.kind}/{ref.name}; it gets the next number"
        )
    if len(ref.name) > _LONGEST_NAME or len(ref.kind) > _LONGEST_NAME:
        raise UsageError(f"a name of {len(ref.name)} characters; at most {_LONGEST_NAME} fit")
    check_paths(draft.files)
    size = sum(map(len, draft.files.values()))
    if size > MOST_BYTES:
        raise UsageError(f"{ref}: {size:,} bytes are too many for one version; at most {MOST_BYTES:,} fit")
    for name, value in draft.labels.items():
        if not _WORD.fullmatch(name) or not value.isprintable() or len(value) > _LONGEST_MESSAGE:
            raise UsageError(f"not a label: {name}={value!r}", hint="write NAME=VALUE, of printable characters")
    for parent in draft.parents:
        if not _WORD.fullmatch(parent.role):
            raise UsageError(f"not a role of a parent: {parent.role!r}", hint="write a word, as prompt or dataset")
    files = {path: sha256_of(body) for path, body in draft.files.items()}
    draft = replace(draft, message=_text(draft.message))
    return _Prepared(draft, files, digest_of_content(ref.kind, files))


def _text(text: str) -> str:
    if len(text) > _LONGEST_MESSAGE or not text.replace("\n", " ").replace("\t", " ").isprintable():
        raise UsageError("a message is a text of printable characters", hint=f"at most {_LONGEST_MESSAGE:,} of them")
    return text.strip()


def _at(ref: Ref, number: int) -> str:
    return str(Ref(ref.kind, ref.name, version=number))
