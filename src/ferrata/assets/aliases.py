"""Aliases: names that move from version to version, with their whole history.

Knows the tables; the registry holds the transaction and writes the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.assets import rows
from ferrata.assets.types import Move
from ferrata.errors import Conflict, NotFound, UsageError
from ferrata.refs import Ref
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.store import Connection

__all__ = [
    "check_move",
    "check_removal",
    "check_rollback",
    "earlier_targets",
    "history",
    "require_target",
    "write_move",
]

_MOVE = "SELECT alias, before, target, actor, at, why, back FROM move WHERE asset = ?"


def require_target(connection: Connection, asset: rows.Found, ref: Ref) -> int:
    """The number that an alias points to.

    Raises:
        NotFound: there is no such alias; names those that the asset has.
    """
    found = rows.target_of(connection, asset.id, ref.alias or "")
    if found is None:
        last = _last(connection, asset.id, ref)
        there = _what_there_is(connection, asset.id) if last is None else _how_it_went(last)
        number = "NUMBER" if last is None else last.before
        raise NotFound(
            f"{ref.kind}/{ref.name} has no alias {ref.alias!r}: {there}",
            hint=f"set it with `ferrata asset alias {ref.kind}/{ref.name} {ref.alias} --to {number}`",
        )
    return found


def _what_there_is(connection: Connection, asset: int) -> str:
    query = "SELECT DISTINCT alias FROM move WHERE asset = ? ORDER BY alias"
    names = [name for (name,) in run(connection, query, (asset,)).fetchall()]
    names = [name for name in names if rows.target_of(connection, asset, name) is not None]
    return f"it has {', '.join(names)}" if names else "it has none"


def _how_it_went(last: Move) -> str:
    why = f": {last.why}" if last.why else ""
    return f"{last.actor} removed it from version {last.before} at {last.at}{why}"


def _last(connection: Connection, asset: int, ref: Ref) -> Move | None:
    """The newest move of an alias."""
    row = run(connection, f"{_MOVE} AND alias = ? ORDER BY id DESC LIMIT 1", (asset, ref.alias)).fetchone()
    return None if row is None else _move(ref, row)


def check_move(connection: Connection, asset: rows.Found, ref: Ref, *, to: int, expect: int | None) -> int | None:
    """The number that an alias points to before it may be moved to `to`; None where it is new.

    Raises:
        NotFound: there is no such version.
        Conflict: it is not at `expect`.
        UsageError: it points to `to` already.
    """
    rows.require_version(connection, asset, ref, number=to)
    known = rows.target_of(connection, asset.id, ref.alias or "")
    if expect is not None and expect != (known or 0):
        raise _moved_meanwhile(connection, asset, ref, known=known, expect=expect)
    if known == to:
        raise UsageError(f"{ref} points to version {to} already", hint=f"see `ferrata asset history {ref}`")
    return known


def check_removal(connection: Connection, asset: rows.Found, ref: Ref, *, expect: int | None) -> int:
    """The number that an alias points to before it may be removed.

    Raises:
        NotFound: there is no such alias.
        Conflict: it is not at `expect`.
    """
    known = require_target(connection, asset, ref)
    if expect is not None and expect != known:
        raise _moved_meanwhile(connection, asset, ref, known=known, expect=expect)
    return known


def _moved_meanwhile(
    connection: Connection, asset: rows.Found, ref: Ref, *, known: int | None, expect: int
) -> Conflict:
    """The error that an alias is not where it was expected to be."""
    last = _last(connection, asset.id, ref)
    if known is None or last is None:
        gone = "does not exist yet" if last is None else f"is gone ({_how_it_went(last)})"
        return Conflict(f"{ref} {gone}, so it is not at version {expect}")
    why = f": {last.why}" if last.why else ""
    return Conflict(
        f"{ref} is at version {known}, not {expect or 'new'}: {last.actor} moved it at {last.at}{why}",
        hint=f"see `ferrata asset history {ref}`, then do it again",
    )


def check_rollback(connection: Connection, asset: rows.Found, ref: Ref, *, to: int | None) -> tuple[int, int]:
    """Where an alias points, and where it is to go back to.

    Raises:
        NotFound: there is no such alias, or nothing before.
        UsageError: `to` is not a number that it pointed to earlier.
    """
    known = require_target(connection, asset, ref)
    moves = history(connection, asset.id, ref)
    if to is None:
        earlier = earlier_targets(reversed(moves))
        if not earlier:
            raise NotFound(
                f"{ref} is at version {known}, and there is nothing to go back to",
                hint=f"see `ferrata asset history {ref}`",
            )
        return known, earlier[-1]
    past = {move.to for move in moves if move.to is not None} - {known}
    if to not in past:
        numbers = ", ".join(str(number) for number in sorted(past))
        hint = f"it pointed to {numbers}; to go anywhere else, `ferrata asset alias {ref.kind}/{ref.name} {ref.alias} --to {to}`"
        raise UsageError(f"{ref} has never pointed to version {to}" if to != known else f"{ref} is at {to}", hint=hint)
    return known, to


def earlier_targets(moves: Iterable[Move]) -> list[int]:
    """The numbers that an alias can be taken back to, one rollback after the other; the last is the next.

    A move forward adds the number that it left; a rollback takes away what it went back over, so that the next one goes
    further back and not forth again. A removal changes nothing: an alias that is set again can go back to where it was.

    Args:
        moves: the history, the oldest first.
    """
    stack: list[int] = []
    for move in moves:
        if move.to is None:
            continue
        if move.back and move.to in stack:
            del stack[len(stack) - stack[::-1].index(move.to) :]
        else:
            stack.append(move.to)
    return stack[:-1]


def history(connection: Connection, asset: int, ref: Ref, *, limit: int | None = None) -> list[Move]:
    """The moves of an alias, the newest first; of all the asset's aliases where `ref` names none.

    Raises:
        NotFound: there is no such alias.
    """
    query = _MOVE
    values: list[Any] = [asset]
    if ref.alias is not None:
        query, values = f"{query} AND alias = ?", [*values, ref.alias]
    query += " ORDER BY id DESC"
    if limit is not None:
        query, values = f"{query} LIMIT ?", [*values, limit]
    found = run(connection, query, tuple(values)).fetchall()
    if not found and ref.alias is not None:
        require_target(connection, rows.Found(asset, 0), ref)
    return [_move(ref, row) for row in found]


def write_move(connection: Connection, asset: int, ref: Ref, move: Move) -> None:
    """Add a move to the history."""
    insert = "INSERT INTO move (asset, alias, before, target, actor, at, why, back) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    removed = move.to is None
    target = move.before if removed else move.to
    back = rows.REMOVED if removed else int(move.back)
    run(connection, insert, (asset, ref.alias, move.before, target, move.actor, move.at, move.why, back))


def _move(ref: Ref, row: Any) -> Move:
    alias, before, to, actor, at, why, back = row
    removed = back == rows.REMOVED
    name = str(Ref(ref.kind, ref.name, alias=alias))
    return Move(name, before, None if removed else to, actor, at, why, bool(back) and not removed)
