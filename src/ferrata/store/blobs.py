"""Bodies under their SHA-256: each lies once, compressed where that helps, in the same database as what refers to it.

So a body is there exactly if the transaction that wrote it was committed. Knows nothing of what refers to bodies: who deletes
them must hold a lock that keeps writers out.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from ferrata.errors import StoreUnavailable
from ferrata.store.sql import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ferrata.store.sql import Connection

__all__ = ["BLOB_ROOM", "BLOB_STEPS", "Blobs", "sha256_of"]

BLOB_ROOM = "blobs"

_PAGE = 400
_LEVEL = 6


def m001_blobs(connection: Connection) -> None:
    """Make the table of bodies."""
    sqlite = connection.dialect.name == "sqlite"
    text, integer, body = ("TEXT", "INTEGER", "BLOB") if sqlite else ('TEXT COLLATE "C"', "BIGINT", "BYTEA")
    connection.exec_driver_sql(
        f"CREATE TABLE blob (digest {text} NOT NULL PRIMARY KEY, size {integer} NOT NULL,"
        f" packing {text} NOT NULL, body {body} NOT NULL)"
    )


BLOB_STEPS = (("m001_blobs", m001_blobs),)


def sha256_of(body: bytes) -> str:
    """The SHA-256 of a body, 64 hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


class Blobs:
    """The bodies in a database, as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, bodies: Mapping[str, bytes]) -> int:
        """Store those of `bodies` (by digest) that are not there yet; how many they were."""
        known = self.sizes(bodies)
        rows = [(digest, len(body), *_packed(body)) for digest, body in bodies.items() if digest not in known]
        if rows:
            run(self._connection, "INSERT INTO blob (digest, size, packing, body) VALUES (?, ?, ?, ?)", rows)
        return len(rows)

    def get(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Bodies by digest.

        Raises:
            StoreUnavailable: one is missing or damaged.
        """
        wanted = set(digests)
        found: dict[str, bytes] = {}
        for page in _pages(wanted):
            marks = ", ".join("?" * len(page))
            query = f"SELECT digest, size, packing, body FROM blob WHERE digest IN ({marks})"  # noqa: S608 - marks only
            for digest, size, packing, body in run(self._connection, query, tuple(page)).fetchall():
                found[digest] = _unpacked(digest, size, packing, bytes(body))
        for digest in wanted - found.keys():
            raise StoreUnavailable(
                f"the database has lost the body {digest}", hint="restore the database from a backup"
            )
        return found

    def sizes(self, digests: Iterable[str]) -> dict[str, int]:
        """The sizes in bytes of those bodies that are there."""
        found: dict[str, int] = {}
        for page in _pages(digests):
            marks = ", ".join("?" * len(page))
            query = f"SELECT digest, size FROM blob WHERE digest IN ({marks})"  # noqa: S608 - marks only
            found |= {digest: size for digest, size in run(self._connection, query, tuple(page)).fetchall()}
        return found

    def delete(self, digests: Iterable[str]) -> None:
        """Remove bodies; nothing may refer to them any more."""
        rows = [(digest,) for digest in digests]
        if rows:
            run(self._connection, "DELETE FROM blob WHERE digest = ?", rows)


def _pages(digests: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(set(digests))
    for start in range(0, len(ordered), _PAGE):
        yield ordered[start : start + _PAGE]


def _packed(body: bytes) -> tuple[str, bytes]:
    packed = zlib.compress(body, _LEVEL)
    return ("zlib", packed) if len(packed) < len(body) else ("", body)


def _unpacked(digest: str, size: int, packing: str, body: bytes) -> bytes:
    try:
        found = zlib.decompressobj().decompress(body, size + 1) if packing == "zlib" else body
    except zlib.error:
        found = b""
    if sha256_of(found) != digest:
        raise StoreUnavailable(f"the body {digest} is damaged", hint="restore the database from a backup")
    return found
