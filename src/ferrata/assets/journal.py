"""The writing half of the ledger: puts a record at the end of the chain, within a transaction.

Loads no database library, so that a command that only writes a record starts at once.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ferrata.assets.record import GENESIS, Head, Record, canonical_json, chain_hash
from ferrata.clock import format_time, new_id, parse_time
from ferrata.errors import Conflict, UsageError
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.clock import Clock
    from ferrata.store import Connection, Transactions

__all__ = ["Journal", "RecordDraft", "checked_name", "draft_record"]

_LAST = "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"
_BY_ID = "SELECT seq, at, project, actor, action, subjects, payload, previous, hash FROM ledger WHERE id = ?"
_HEX = frozenset("0123456789abcdef")


class RecordDraft(NamedTuple):
    """A record that has no place in the chain yet."""

    id: str
    action: str
    subjects: str
    payload: str


class Journal:
    """Appends to the ledger of a database whose tables are there.

    Args:
        store: where it lies.
        clock: dates the records.
        actor: who acts.
        project: for which project.
    """

    def __init__(self, store: Transactions, clock: Clock, actor: str, *, project: str) -> None:
        self._store = store
        self._clock = clock
        self.actor = checked_name(actor, "an actor")
        self.project = checked_name(project, "a project")

    def append_in(
        self,
        connection: Connection,
        action: str,
        *,
        subjects: Sequence[str] = (),
        payload: Mapping[str, object] | None = None,
        id: str | None = None,
    ) -> Record:
        """Write one record within the caller's transaction; as `Ledger.append_in`."""
        return self.write(connection, draft_record(action, subjects=subjects, payload=payload, id=id))

    def write(self, connection: Connection, draft: RecordDraft) -> Record:
        """Put a drafted record at the end of the chain.

        Raises:
            Conflict: its id belongs to a record with other content.
        """
        self._store.lock(connection, "ferrata.ledger")
        known = run(connection, _BY_ID, (draft.id,)).fetchone()
        if known is not None:
            seq, at, *content, previous, digest = known
            if tuple(content) != (self.project, self.actor, *draft[1:]):
                raise Conflict(
                    f"record {seq} has the id {draft.id!r} already, with other content",
                    hint="draw a fresh id for another record",
                )
            return self._record(draft, seq=seq, at=at, previous=previous, hash=digest)
        last = run(connection, _LAST).fetchone()
        head = Head(*last) if last else Head(0, GENESIS)
        record = self._record(draft, seq=head.seq + 1, at=format_time(self._clock.now()), previous=head.hash, hash="")
        fields = record.as_json()
        record = replace(record, hash=chain_hash(fields))
        fields |= {"subjects": draft.subjects, "payload": draft.payload, "hash": record.hash}
        columns, marks = ", ".join(fields), ", ".join("?" * len(fields))
        run(connection, f"INSERT INTO ledger ({columns}) VALUES ({marks})", tuple(fields.values()))  # noqa: S608
        return record

    def _record(self, draft: RecordDraft, *, seq: int, at: str, previous: str, hash: str) -> Record:
        return Record(
            seq=seq,
            id=draft.id,
            at=parse_time(at),
            actor=self.actor,
            action=draft.action,
            subjects=tuple(json.loads(draft.subjects)),
            payload=json.loads(draft.payload),
            previous=previous,
            hash=hash,
            project=self.project,
        )


def draft_record(
    action: str, *, subjects: Sequence[str], payload: Mapping[str, object] | None, id: str | None
) -> RecordDraft:
    """A record's fields as they are stored, once they are what the catalogue declares.

    Raises:
        UsageError: they are not.
    """
    # Here, because the catalogue is read from YAML, which takes as long as a short command.
    from ferrata.assets.actions import checked_payload

    if id is not None and not (len(id) == 32 and set(id) <= _HEX):
        raise UsageError(f"not the id of a record: {id!r}", hint="draw one with ferrata.clock.new_id()")
    if isinstance(subjects, str):
        raise UsageError(f"subjects is one text, {subjects!r}", hint="give a list of texts")
    names = [checked_name(subject, "a subject") for subject in subjects]
    content = canonical_json(names), canonical_json(checked_payload(action, payload or {}))
    return RecordDraft(id or new_id(), action, *content)


def checked_name(name: str, what: str) -> str:
    """The name itself, if it can be printed in lines and columns (and PostgreSQL stores no NUL).

    Raises:
        UsageError: it cannot.
    """
    if not name or not name.isprintable():
        raise UsageError(f"not {what}: {name!r}", hint="give a text of printable characters")
    return name
