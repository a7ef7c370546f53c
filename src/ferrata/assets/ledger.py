"""The ledger: append, read, verify.

Knows the catalogue of actions, and nothing of why a room writes a record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Select, bindparam, or_, select

from ferrata.assets.journal import Journal, draft_record
from ferrata.assets.record import GENESIS, Head, Record, canonical_json
from ferrata.assets.tables import LEDGER, MIGRATIONS
from ferrata.assets.verify import Verification, verify_chain
from ferrata.clock import format_time, parse_time
from ferrata.errors import BrokenChain, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from ferrata.clock import Clock
    from ferrata.store import Store

__all__ = ["Ledger"]

_PAGE = 500
_BY_ID = select(LEDGER).where(LEDGER.c.id == bindparam("key"))
_BY_SEQ = select(LEDGER).where(LEDGER.c.seq == bindparam("key"))
_LAST = select(LEDGER.c.seq, LEDGER.c.hash).order_by(LEDGER.c.seq.desc()).limit(1)
_ACTIONS = select(LEDGER.c.action).distinct()
_NUMBERS = 2**63  # the databases' integers end before


class Ledger:
    """The append-only, hash-chained log of every operational act.

    Args:
        store: where it lies; its table is made if it is missing.
        clock: dates the records.
        actor: who acts, for the records that are appended here.
        project: whose acts they are.

    Raises:
        UsageError: the actor or the project has no name that can be printed.
        StoreUnavailable: the database cannot be used.
    """

    room = "assets"
    migrations = MIGRATIONS

    def __init__(self, store: Store, clock: Clock, actor: str, *, project: str) -> None:
        self._store = store
        self._journal = Journal(store, clock, actor, project=project)
        store.migrate(self.room, self.migrations)

    @property
    def project(self) -> str:
        """Whose acts are appended here."""
        return self._journal.project

    def append(
        self,
        action: str,
        *,
        subjects: Sequence[str] = (),
        payload: Mapping[str, object] | None = None,
        id: str | None = None,
    ) -> Record:
        """Write one record and commit it.

        Args:
            action: a name of the catalogue.
            subjects: what it was done to, as `prompt/support@3`.
            payload: as the catalogue declares it for the action; an optional field that is None is left out.
            id: 32 hexadecimal digits. Who may have to repeat the call after a lost connection draws one (`new_id`)
                and repeats it with the same: a record that is there already is returned as it is.

        Raises:
            UsageError: the catalogue has no such action, or another payload for it.
            Conflict: the id belongs to a record with other content.
            StoreUnavailable: the database cannot be used.
        """
        draft = draft_record(action, subjects=subjects, payload=payload, id=id)
        with self._store.write() as connection:
            return self._journal.write(connection, draft)

    def append_in(
        self,
        connection: Connection,
        action: str,
        *,
        subjects: Sequence[str] = (),
        payload: Mapping[str, object] | None = None,
        id: str | None = None,
    ) -> Record:
        """Write one record within the caller's `store.write()`, which commits or undoes both together.

        Other writers of the ledger wait from here until that transaction ends, so call it late.

        Raises:
            UsageError: as `append` does.
            Conflict: as `append` does.
        """
        return self._journal.write(connection, draft_record(action, subjects=subjects, payload=payload, id=id))

    def records(
        self,
        *,
        action: str | None = None,
        since: datetime | None = None,
        subject: str | None = None,
        actor: str | None = None,
        project: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Record]:
        """The records that match everything asked for, page by page, so that memory stays constant.

        Args:
            action: only this action.
            since: only records of this moment and later.
            subject: only records with this subject; without an `@` it stands for all its versions and aliases.
            actor: only this actor's.
            project: only this project's, and those that say no project; all projects' if None.
            limit: at most so many.
            newest_first: from the end; otherwise in the order in which they were written.

        Raises:
            BrokenChain: a record cannot be read.
        """
        query = _query(action=action, since=since, subject=subject, actor=actor, project=project)
        query = query.order_by(LEDGER.c.seq.desc() if newest_first else LEDGER.c.seq).limit(_PAGE)
        left = limit
        last: int | None = None
        while left is None or left > 0:
            page = query
            if last is not None:
                page = query.where(LEDGER.c.seq < last if newest_first else LEDGER.c.seq > last)
            with self._store.read() as connection:
                rows = connection.execute(page).all()
            for row in rows:
                record = _record(row)
                if subject is not None and not _concerns(record, subject):
                    continue
                yield record
                left = None if left is None else left - 1
                if left == 0:
                    return
            if len(rows) < _PAGE:
                return
            last = cast("int", rows[-1].seq)

    def actions(self) -> set[str]:
        """The actions that have a record."""
        with self._store.read() as connection:
            return set(connection.scalars(_ACTIONS))

    def get(self, key: int | str) -> Record:
        """The record with a sequence number (an int) or an id (a str).

        Raises:
            NotFound: there is none.
            BrokenChain: it cannot be read.
        """
        row = None
        if isinstance(key, str) or 0 < key < _NUMBERS:
            with self._store.read() as connection:
                row = connection.execute(_BY_ID if isinstance(key, str) else _BY_SEQ, {"key": key}).first()
        if row is None:
            raise NotFound(f"the ledger has no record {key!r}", hint="list the records with `ferrata ledger list`")
        return _record(row)

    def head(self) -> Head:
        """The end of the chain; `0:GENESIS` while the ledger is empty."""
        with self._store.read() as connection:
            return _head(connection)

    def verify(self, expect: str | None = None) -> Verification:
        """Check every hash from the first record on, in constant memory.

        Args:
            expect: a head (`SEQ:HASH`) noted earlier and kept elsewhere. Only with one does it show when the newest
                records were cut off, or all of them written anew.

        Raises:
            UsageError: `expect` is not `SEQ:HASH`.
        """
        return verify_chain(self._store, expect=None if expect is None else Head.parse(expect))


def _query(
    *, action: str | None, since: datetime | None, subject: str | None, actor: str | None, project: str | None
) -> Select[Any]:
    query = select(LEDGER)
    if action is not None:
        query = query.where(LEDGER.c.action == action)
    if since is not None:
        query = query.where(LEDGER.c.at >= format_time(since))
    if actor is not None:
        query = query.where(LEDGER.c.actor == actor)
    if project is not None:
        query = query.where(or_(LEDGER.c.project == project, LEDGER.c.project.is_(None)))
    if subject is not None:
        # LIKE ignores case on SQLite, so what it finds is checked again by `_concerns`.
        name = canonical_json(subject)
        parts = [LEDGER.c.subjects.contains(name, autoescape=True)]
        if "@" not in subject:
            parts.append(LEDGER.c.subjects.contains(name[:-1] + "@", autoescape=True))
        query = query.where(or_(*parts))
    return query


def _concerns(record: Record, subject: str) -> bool:
    return any(name == subject or ("@" not in subject and name.startswith(f"{subject}@")) for name in record.subjects)


def _head(connection: Connection) -> Head:
    row = connection.execute(_LAST).first()
    return Head(0, GENESIS) if row is None else Head(row.seq, row.hash)


def _record(row: Row[Any]) -> Record:
    try:
        payload = json.loads(row.payload)
        subjects = json.loads(row.subjects)
        at = parse_time(row.at)
        if not isinstance(payload, Mapping):
            raise TypeError("the payload is not an object")
        names = tuple(str(subject) for subject in subjects)
    except (TypeError, ValueError, RecursionError) as error:
        raise BrokenChain(
            f"record {row.seq} of the ledger cannot be read: {error}",
            hint="find what was changed with `ferrata ledger verify`",
        ) from None
    details = cast("Mapping[str, Any]", payload)
    return Record(row.seq, row.id, at, row.actor, row.action, names, details, row.previous, row.hash, row.project)
