"""Reads the registry's tables, within a transaction that the caller holds. Knows the tables, and nothing of who asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.assets.types import AssetRow, Parent, Version
from ferrata.errors import NotFound
from ferrata.refs import Ref
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ferrata.store import Connection

__all__ = [
    "REMOVED",
    "Found",
    "asset_rows",
    "children_of",
    "find",
    "newest_of",
    "pages",
    "require",
    "require_version",
    "target_of",
    "versions_by_id",
]

REMOVED = 2
"""`back` of a move that took an alias away."""
_PAGE = 400
_NUMBERS = 2**63  # the databases' integers end before
_VERSION = (
    "SELECT v.id, a.kind, a.name, v.number, v.digest, v.author, v.at, v.message, v.labels"
    " FROM version v JOIN asset a ON a.id = v.asset"
)


class Found(NamedTuple):
    """An asset's row: its id and its newest number."""

    id: int
    newest: int


def find(connection: Connection, project: str, ref: Ref) -> Found | None:
    """The asset of a reference, whatever is after its `@`."""
    query = "SELECT id, newest FROM asset WHERE project = ? AND kind = ? AND name = ?"
    row = run(connection, query, (project, ref.kind, ref.name)).fetchone()
    return None if row is None else Found(*row)


def require(connection: Connection, project: str, ref: Ref) -> Found:
    """As `find`.

    Raises:
        NotFound: there is no such asset; names those of other kinds that have the name.
    """
    found = find(connection, project, ref)
    if found is None:
        query = "SELECT kind FROM asset WHERE project = ? AND name = ? ORDER BY kind LIMIT 5"
        others = [f"{kind}/{ref.name}" for (kind,) in run(connection, query, (project, ref.name)).fetchall()]
        hint = f"did you mean {' or '.join(others)}?" if others else "list what there is with `ferrata asset list`"
        raise NotFound(f"no asset {ref.kind}/{ref.name}", hint=hint)
    return found


def require_version(connection: Connection, asset: Found, ref: Ref, *, number: int) -> int:
    """The row id of an asset's version.

    Raises:
        NotFound: it has none of that number; says which is the newest.
    """
    query = "SELECT id FROM version WHERE asset = ? AND number = ?"
    row = run(connection, query, (asset.id, number)).fetchone() if number < _NUMBERS else None
    if row is None:
        gone = "it was removed as garbage" if 0 < number <= asset.newest else f"the newest is {asset.newest}"
        raise NotFound(
            f"no version {number} of {ref.kind}/{ref.name}: {gone}",
            hint=f"list them with `ferrata asset versions {ref.kind}/{ref.name}`",
        )
    return row[0]


def target_of(connection: Connection, asset: int, alias: str) -> int | None:
    """The number that an alias points to now; None where there is no such alias, or no more."""
    query = "SELECT target, back FROM move WHERE asset = ? AND alias = ? ORDER BY id DESC LIMIT 1"
    row = run(connection, query, (asset, alias)).fetchone()
    return None if row is None or row[1] == REMOVED else row[0]


def newest_of(connection: Connection, project: str, refs: Iterable[Ref]) -> dict[tuple[str, str], tuple[int, str, int]]:
    """For each asset that exists, by kind and name: its newest number, that version's digest and its id."""
    names: dict[str, list[str]] = {}
    for ref in refs:
        names.setdefault(ref.kind, []).append(ref.name)
    found: dict[tuple[str, str], tuple[int, str, int]] = {}
    for kind, wanted in names.items():
        for page in pages(wanted):
            marks = ", ".join("?" * len(page))
            query = (
                "SELECT a.name, v.number, v.digest, v.id FROM asset a"  # noqa: S608 - marks only
                " JOIN version v ON v.asset = a.id AND v.number = a.newest"
                f" WHERE a.project = ? AND a.kind = ? AND a.name IN ({marks})"
            )
            for name, number, digest, id in run(connection, query, (project, kind, *page)).fetchall():
                found[kind, name] = (number, digest, id)
    return found


def with_content(
    connection: Connection, project: str, contents: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str], tuple[int, str, int]]:
    """As `newest_of`, but the newest version that has a digest; of kinds, names and digests."""
    query = (
        "SELECT v.number, v.digest, v.id FROM version v JOIN asset a ON a.id = v.asset"
        " WHERE a.project = ? AND a.kind = ? AND a.name = ? AND v.digest = ? ORDER BY v.number DESC LIMIT 1"
    )
    found: dict[tuple[str, str], tuple[int, str, int]] = {}
    for kind, name, digest in contents:
        row = run(connection, query, (project, kind, name, digest)).fetchone()
        if row is not None:
            found[kind, name] = (row[0], row[1], row[2])
    return found


def versions_by_id(connection: Connection, ids: Sequence[int]) -> list[Version]:
    """Versions in the order of their row ids."""
    found: dict[int, Version] = {}
    for page in pages(ids):
        rows = run(connection, f"{_VERSION} WHERE v.id IN ({_marks(page)})", tuple(page)).fetchall()
        files = _files(connection, {row[4] for row in rows})
        parents = _parents(connection, page)
        for id, kind, name, number, digest, author, at, message, labels in rows:
            found[id] = Version(
                kind,
                name,
                number,
                digest,
                files.get(digest, {}),
                author,
                at,
                message,
                json.loads(labels),
                tuple(parents.get(id, ())),
            )
    return [found[id] for id in ids if id in found]


def children_of(connection: Connection, version: int) -> list[Parent]:
    """The versions that came from one, each with the role that this one had for it."""
    query = (
        "SELECT p.role, a.kind, a.name, v.number FROM parent p JOIN version v ON v.id = p.version"
        " JOIN asset a ON a.id = v.asset WHERE p.parent = ? ORDER BY a.kind, a.name, v.number, p.role"
    )
    rows = run(connection, query, (version,)).fetchall()
    return [Parent(role, Ref(kind, name, version=number)) for role, kind, name, number in rows]


def asset_rows(connection: Connection, project: str, *, kind: str | None, limit: int | None) -> list[AssetRow]:
    """Assets with their newest versions and their aliases, by kind and name."""
    query = (
        "SELECT a.id, a.kind, a.name, v.number, v.author, v.at, v.message FROM asset a"
        " JOIN version v ON v.asset = a.id AND v.number = a.newest WHERE a.project = ?"
    )
    values: tuple[Any, ...] = (project,)
    if kind is not None:
        query, values = f"{query} AND a.kind = ?", (*values, kind)
    query += " ORDER BY a.kind, a.name"
    if limit is not None:
        query, values = f"{query} LIMIT ?", (*values, limit)
    rows = run(connection, query, values).fetchall()
    aliases: dict[int, dict[str, int]] = {}
    for page in pages([row[0] for row in rows]):
        moves = (
            "SELECT m.asset, m.alias, m.target FROM move m JOIN (SELECT asset, alias, MAX(id) AS id FROM move"  # noqa: S608
            f" WHERE asset IN ({_marks(page)}) GROUP BY asset, alias) last ON last.id = m.id"
            f" WHERE m.back <> {REMOVED} ORDER BY m.alias"
        )
        for asset, alias, target in run(connection, moves, tuple(page)).fetchall():
            aliases.setdefault(asset, {})[alias] = target
    return [AssetRow(*row[1:], aliases=aliases.get(row[0], {})) for row in rows]


def pages(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Slices that fit one statement."""
    for start in range(0, len(values), _PAGE):
        yield values[start : start + _PAGE]


def _files(connection: Connection, digests: Iterable[str]) -> Mapping[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for page in pages(sorted(digests)):
        query = f"SELECT digest, path, body FROM content WHERE digest IN ({_marks(page)}) ORDER BY path"  # noqa: S608
        for digest, path, body in run(connection, query, tuple(page)).fetchall():
            found.setdefault(digest, {})[path] = body
    return found


def _parents(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[Parent]]:
    query = (
        "SELECT p.version, p.role, a.kind, a.name, v.number FROM parent p JOIN version v ON v.id = p.parent"  # noqa: S608
        f" JOIN asset a ON a.id = v.asset WHERE p.version IN ({_marks(ids)})"
        " ORDER BY p.role, a.kind, a.name, v.number"
    )
    found: dict[int, list[Parent]] = {}
    for version, role, kind, name, number in run(connection, query, tuple(ids)).fetchall():
        found.setdefault(version, []).append(Parent(role, Ref(kind, name, version=number)))
    return found


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
