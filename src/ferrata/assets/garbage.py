"""Which versions nobody can miss, and their removal with the bodies that only they had.

A version stays if it is the newest of its name, if an alias points to it or ever did (one may roll back), if a version that
stays came from it, if a record of the ledger other than a registration, a label or message of any version, or a file of a version
that stays names it or its digest, or if it is young.
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

__all__ = ["Garbage", "GarbageCount", "count_garbage", "find_garbage", "remove_garbage"]

_OLD = """a.project = ? AND v.at < ? AND v.number <> a.newest
    AND NOT EXISTS (SELECT 1 FROM move m WHERE m.asset = v.asset AND (m.target = v.number OR m.before = v.number))"""
_ALL = "FROM version v JOIN asset a ON a.id = v.asset"
_CANDIDATES = f"SELECT v.id, a.kind, a.name, v.number, v.digest {_ALL} WHERE {_OLD} ORDER BY v.id"
_COUNT = f"SELECT COUNT(*) {_ALL} WHERE {_OLD}"
_IS_OLD = f"EXISTS (SELECT 1 {_ALL} WHERE {_OLD} AND v.id = p."
_PARENTS = f"SELECT p.version, p.parent, {_IS_OLD}version) FROM parent p WHERE {_IS_OLD}parent)"  # noqa: S608
_NAMES = f"SELECT v.id {_ALL} WHERE {_OLD} AND a.kind = ? AND a.name = ? AND v.number = ?"
_DIGESTS = f"SELECT v.id {_ALL} WHERE {_OLD} AND v.digest = ?"
# The bodies of what stays, whosever it is; all others go.
_BODIES = """SELECT COUNT(*), COALESCE(SUM(b.size), 0) FROM blob b WHERE b.digest NOT IN (SELECT c.body FROM content c
    WHERE c.digest IN (SELECT v.digest {all} WHERE NOT ({old}) OR v.id IN ({kept})))"""
# All other records, by the index on actions: the registrations are nearly all of the ledger.
# What was collected is gone: its number is never given again.
_RECORDS = """SELECT subjects, payload FROM ledger WHERE action < 'asset.collected'
    UNION ALL SELECT subjects, payload FROM ledger WHERE action > 'asset.collected' AND action < 'asset.versioned'
    UNION ALL SELECT subjects, payload FROM ledger WHERE action > 'asset.versioned'"""
_NAMED = re.compile(r"[A-Za-z0-9._/-]+@[0-9]{1,18}(?![0-9])")
# The bodies in which what stays may name other versions; what is larger is data.
# One look for each reason to stay, since all but a few versions have none.
_TEXTS = """SELECT DISTINCT c.body FROM content c JOIN blob b ON b.digest = c.body WHERE b.size <= 1000000 AND c.digest IN (
    SELECT v.digest FROM asset a JOIN version v ON v.asset = a.id AND v.number = a.newest WHERE a.project = ?
    UNION SELECT v.digest FROM version v JOIN asset a ON a.id = v.asset WHERE v.at >= ? AND a.project = ?
    UNION SELECT v.digest FROM move m JOIN asset a ON a.id = m.asset
        JOIN version v ON v.asset = m.asset AND v.number IN (m.target, m.before) WHERE a.project = ?
    UNION SELECT v.digest FROM version v WHERE v.id IN ({kept})) ORDER BY c.body"""
# Above that, one look at all candidates is quicker than a query for each name.
_MOST_QUERIES = 500
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Garbage(NamedTuple):
    """What can go: versions in the order in which they were made, and the bodies that only they have."""

    versions: tuple[Ref, ...]
    bodies: int
    size: int

    def as_json(self) -> dict[str, object]:
        """The garbage as a JSON object; `bytes` is the size of the bodies before compression."""
        return {"versions": [str(ref) for ref in self.versions], "bodies": self.bodies, "bytes": self.size}


class GarbageCount(NamedTuple):
    """How much can go: versions, and the bodies that only they have with their size in bytes."""

    versions: int
    bodies: int
    size: int


class _Row(NamedTuple):
    id: int
    kind: str
    name: str
    number: int
    digest: str

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.name, version=self.number)


class _Named:
    """Versions that texts name: by kind, name and number, and by digest."""

    def __init__(self) -> None:
        self.names: set[tuple[str, str, int]] = set()
        self.digests: set[str] = set()

    def add(self, text: str) -> None:
        """Take in what a text names."""
        if "@" in text:
            for match in _NAMED.findall(text):
                path, _, number = match.rpartition("@")
                # Where a reference begins within a path nobody knows: every beginning protects.
                parts = path.split("/")
                self.names |= {(parts[i], "/".join(parts[i + 1 :]), int(number)) for i in range(len(parts) - 1)}
        self.digests |= set(_DIGEST.findall(text))


def count_garbage(connection: Connection, project: str, *, before: str) -> GarbageCount:
    """How much can go, without naming it; as `find_garbage`."""
    of_project = (project, before)
    ((count,),) = run(connection, _COUNT, of_project).fetchall()
    kept = _kept(connection, project, before, old=count)
    if count == len(kept):
        return GarbageCount(0, 0, 0)
    listed = ", ".join(map(str, sorted(kept))) or "-1"  # numbers of the database itself
    query = _BODIES.format(all=_ALL, old=_OLD, kept=listed)
    ((bodies, size),) = run(connection, query, of_project).fetchall()
    return GarbageCount(count - len(kept), bodies, int(size))


def find_garbage(connection: Connection, project: str, *, before: str) -> list[_Row]:
    """The versions that can go, of those made before a moment (as `clock.format_time`)."""
    found = [_Row(*row) for row in run(connection, _CANDIDATES, (project, before)).fetchall()]
    kept = _kept(connection, project, before, old=len(found)) if found else set[int]()
    return [row for row in found if row.id not in kept]


def _kept(connection: Connection, project: str, before: str, *, old: int) -> set[int]:
    """Those of so many old versions that stay all the same: records or what stays name them, or what stays came from them."""
    of_project = (project, before)
    named = _Named()
    for subjects, payload in [*run(connection, _RECORDS).fetchall(), *_named_in_texts(connection, project)]:
        named.add(f"{subjects} {payload}")
    kept = _ids_of(connection, of_project, named)
    # What a version that stays came from stays: from the children that stay, down to their parents, until nothing changes.
    parents_of: dict[int, list[int]] = {}
    going: list[int] = list(kept)
    for child, parent, is_old in run(connection, _PARENTS, (*of_project, *of_project)).fetchall():
        parents_of.setdefault(child, []).append(parent)
        if not is_old:
            going.append(child)
    read: set[str] = set()
    while True:
        while going:
            for parent in parents_of.pop(going.pop(), ()):
                if parent not in kept:
                    kept.add(parent)
                    going.append(parent)
        if len(kept) == old:
            return kept
        going = list(_ids_of(connection, of_project, _named_in_files(connection, of_project, kept, read)) - kept)
        if not going:
            return kept
        kept.update(going)


def _ids_of(connection: Connection, of_project: tuple[str, str], named: _Named) -> set[int]:
    """The old versions among those that are named."""
    if len(named.names) + len(named.digests) > _MOST_QUERIES:
        rows = run(connection, _CANDIDATES, of_project).fetchall()
        return {id for id, *name, digest in rows if tuple(name) in named.names or digest in named.digests}
    wanted: list[tuple[str, tuple[str | int, ...]]] = [(_NAMES, name) for name in named.names]
    wanted += [(_DIGESTS, (digest,)) for digest in named.digests]
    found: set[int] = set()
    for query, about in wanted:
        found |= {id for (id,) in run(connection, query, (*of_project, *about)).fetchall()}
    return found


def _named_in_files(connection: Connection, of_project: tuple[str, str], kept: set[int], read: set[str]) -> _Named:
    """What the files of versions that stay name; those in `read` have been looked at, and what is looked at is put there."""
    project, before = of_project
    listed = ", ".join(map(str, sorted(kept))) or "-1"  # numbers of the database itself
    rows = run(connection, _TEXTS.format(kept=listed), (project, before, project, project)).fetchall()
    bodies = [body for (body,) in rows if body not in read]
    read.update(bodies)
    named = _Named()
    for page in pages(bodies):
        for data in Blobs(connection).get(page).values():
            named.add(data.decode("utf-8", "replace"))
    return named


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


def _named_in_texts(connection: Connection, project: str) -> list[tuple[str, str]]:
    """Labels and messages of versions that may name others."""
    query = """SELECT v.labels, v.message FROM version v JOIN asset a ON a.id = v.asset
        WHERE a.project = ? AND (v.labels LIKE ? OR v.message LIKE ?)"""
    return [(labels, message) for labels, message in run(connection, query, (project, "%@%", "%@%")).fetchall()]
