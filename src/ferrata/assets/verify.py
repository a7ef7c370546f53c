"""Walking the ledger's chain, to name the first record that is not as it was written.

Knows nothing of actions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, cast, func, select

from ferrata.assets.record import GENESIS, Head, canonical_json, chain_hash
from ferrata.assets.tables import LEDGER
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

    from ferrata.store import Store

__all__ = ["Break", "Verification", "verify_chain"]

_PAGE = 1000
_TEXTS = ("id", "at", "actor", "action", "subjects", "payload", "previous", "hash", "project")


class Break(NamedTuple):
    """The first record that does not verify, and why."""

    seq: int
    why: str


@dataclass(frozen=True)
class Verification:
    """What walking the chain found.

    Attributes:
        count: how many records verify, from the first on.
        head: the last of these; to keep elsewhere if `broken` is None.
        broken: the first record that does not verify and why, or None.
    """

    count: int
    head: Head
    broken: Break | None

    def as_json(self) -> dict[str, object]:
        """The verification as a JSON object."""
        broken = None if self.broken is None else {"seq": self.broken.seq, "why": self.broken.why}
        return {"verified": self.broken is None, "count": self.count, "head": str(self.head), "broken": broken}


def verify_chain(store: Store, *, expect: Head | None) -> Verification:
    """Check the records in order up to the first that is broken; `expect` is a head that the chain must contain."""
    head, count = Head(0, GENESIS), 0
    for row in _rows(store):
        why = _flaw(row, head)
        found = row.hash.decode() if why is None else ""
        if why is None and expect is not None and expect.seq == row.seq and expect.hash != found:
            why = "its hash is not the expected one: the chain was rewritten"
        if why is not None:
            return Verification(count, head, Break(min(row.seq, head.seq + 1), why))
        head, count = Head(row.seq, found), count + 1
    if expect is not None and expect.seq > head.seq:
        why = f"it is missing: the ledger ends at {head.seq} and is expected to reach {expect.seq}"
        return Verification(count, head, Break(head.seq + 1, why))
    return Verification(count, head, None)


def _rows(store: Store) -> Iterator[Row[Any]]:
    last: int | None = None
    while True:
        with store.read() as connection:
            query = select(LEDGER.c.seq, *_bytes(connection)).order_by(LEDGER.c.seq).limit(_PAGE)
            rows = connection.execute(query if last is None else query.where(LEDGER.c.seq > last)).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].seq


def _bytes(connection: Connection) -> list[ColumnElement[bytes]]:
    # As bytes, because a damaged SQLite file can hold texts that are not UTF-8, which the driver refuses to read.
    if connection.dialect.name == "sqlite":
        return [cast(LEDGER.c[name], LargeBinary).label(name) for name in _TEXTS]
    return [func.convert_to(LEDGER.c[name], "UTF8", type_=LargeBinary).label(name) for name in _TEXTS]


def _flaw(row: Row[Any], head: Head) -> str | None:
    """What is wrong with a record that follows `head`; None if nothing is."""
    if row.seq != head.seq + 1:
        return (
            f"it is missing: record {head.seq} is followed by {row.seq}"
            if row.seq > head.seq
            else "there is no such record"
        )
    fields: dict[str, Any] = {"seq": row.seq}
    for name in _TEXTS:
        if name == "project" and row.project is None:
            continue  # from before records said of which project they are
        try:
            fields[name] = getattr(row, name).decode()
        except (AttributeError, UnicodeDecodeError):
            return f"its {name} cannot be read: not a text in UTF-8"
    for name in ("subjects", "payload"):
        try:
            value: object = json.loads(fields[name])
            canonical = canonical_json(value)
        except (ValueError, RecursionError, UsageError) as error:
            return f"its {name} cannot be read: {error}"
        if canonical != fields[name]:
            return f"its {name} was changed: not in canonical form"
        fields[name] = value
    if fields["previous"] != head.hash:
        return f"its previous hash is not the hash of record {head.seq}" if head.seq else "its previous hash is not 0"
    if fields["hash"] != chain_hash(fields):
        return "its hash does not match its content"
    return None
