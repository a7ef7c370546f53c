"""Which versions nobody can miss, and their removal with the bodies that only they had.

A version stays if it is the newest of its name, if an alias points to it or ever did (one may roll back), if a version that
stays came from it, if a record of the ledger other than its own registration names it or its digest, or if it is young.
Knows the tables; the registry holds the transaction and writes the record.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ferrata.assets.rows import pages
from ferrata.refs import Ref
from ferrata.store import Blobs, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.store import Connection

__all__ = ["Garbage", "find_garbage", "remove_garbage"]

_CANDIDATES = """SELECT v.id, a.kind, a.name, v.number, v.digest FROM version v JOIN asset a ON a.id = v.asset
    WHERE a.project = ? AND v.at < ? AND v.number <> a.newest
    AND NOT EXISTS (SELECT 1 FROM move m WHERE m.asset = v.asset AND (m.target = v.number OR m.before = v.number))
    ORDER BY v.id"""
# All other records, by the index on actions: the registrations are nearly all of the ledger.
_RECORDS = """SELECT subjects, payload FROM ledger WHERE action < 'asset.versioned'
    UNION ALL SELECT subjects, payload FROM ledger WHERE action > 'asset.versioned'"""
_NAMED = re.compile(r"[A-Za-z0-9._/-]+@[0-9]+")
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Garbage(NamedTuple):
    """What can go: versions in the order in which they were made, and the bodies that only they have."""

    versions: tuple[Ref, ...]
    bodies: int
    size: int

    def as_json(self) -> dict[str, object]:
        """The garbage as a JSON object; `bytes` is the size of the bodies before compression."""
        return {"versions": [str(ref) for ref in self.versions], "bodies": self.bodies, "bytes": self.size}


class _Row(NamedTuple):
    id: int
    kind: str
    name: str
    number: int
    digest: str

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.name, version=self.number)


def find_garbage(connection: Connection, project: str, *, before: str) -> list[_Row]:
    """The versions that can go, of those made before a moment (as `clock.format_time`)."""
    found = {row[0]: _Row(*row) for row in run(connection, _CANDIDATES, (project, before)).fetchall()}
    if not found:
        return []
    names, digests = _named_in_records(connection)
    found = {id: row for id, row in found.items() if str(row.ref) not in names and row.digest not in digests}
    # What a version that stays came from stays: from the children that stay, down to their parents, until nothing changes.
    parents_of: dict[int, list[int]] = {}
    for page in pages(list(found)):
        marks = ", ".join("?" * len(page))
        query = f"SELECT version, parent FROM parent WHERE parent IN ({marks})"  # noqa: S608 - marks only
        for child, parent in run(connection, query, tuple(page)).fetchall():
            parents_of.setdefault(child, []).append(parent)
    kept = [child for child in parents_of if child not in found]
    while kept:
        for parent in parents_of.get(kept.pop(), ()):
            if found.pop(parent, None) is not None:
                kept.append(parent)
    return list(found.values())


def remove_garbage(connection: Connection, rows: Sequence[_Row], *, dry_run: bool) -> Garbage:
    """Remove versions, then the content and the bodies that no version has any more; with `dry_run`, only count them."""
    ids = [(row.id,) for row in rows]
    digests = _gone(connection, "version", "digest", Counter(row.digest for row in rows)) if rows else []
    orphans = _gone(connection, "content", "body", _bodies_of(connection, digests)) if digests else []
    sizes = Blobs(connection).sizes(orphans)
    if rows and not dry_run:
        run(connection, "DELETE FROM parent WHERE version = ?", ids)
        run(connection, "DELETE FROM version WHERE id = ?", ids)
        if digests:
            run(connection, "DELETE FROM content WHERE digest = ?", [(digest,) for digest in digests])
        Blobs(connection).delete(orphans)
    return Garbage(tuple(row.ref for row in rows), len(sizes), sum(sizes.values()))


def _gone(connection: Connection, table: str, column: str, going: Counter[str]) -> list[str]:
    """Those values of a column that are nowhere else than in so many rows that go."""
    query = f"SELECT {column}, COUNT(*) FROM {table} GROUP BY {column} HAVING COUNT(*) > 1"  # noqa: S608 - fixed words
    several: dict[str, int] = {value: count for value, count in run(connection, query).fetchall()}
    return [value for value, count in going.items() if several.get(value, 1) == count]


def _bodies_of(connection: Connection, digests: Iterable[str]) -> Counter[str]:
    """The bodies of some contents, each with in how many files of them it is."""
    found: Counter[str] = Counter()
    for page in pages(sorted(digests)):
        marks = ", ".join("?" * len(page))
        query = f"SELECT body FROM content WHERE digest IN ({marks})"  # noqa: S608 - marks only
        found.update(body for (body,) in run(connection, query, tuple(page)).fetchall())
    return found


def _named_in_records(connection: Connection) -> tuple[set[str], set[str]]:
    """Every version and every digest that a record of the ledger names, other than the registrations."""
    names: set[str] = set()
    digests: set[str] = set()
    for subjects, payload in run(connection, _RECORDS).fetchall():
        text = f"{subjects} {payload}"
        for match in _NAMED.findall(text):
            # Where a reference begins within a path nobody knows: every beginning protects.
            parts = match.split("/")
            names |= {"/".join(parts[start:]) for start in range(len(parts) - 1)}
        digests |= set(_DIGEST.findall(text))
    return names, digests
