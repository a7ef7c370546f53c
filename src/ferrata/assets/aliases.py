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

__all__ = ["check_move", "check_rollback", "earlier_targets", "history", "require_target", "write_move"]

_MOVE = "SELECT alias, before, target, actor, at, why, back FROM move WHERE asset = ?"


def require_target(connection: Connection, asset: rows.Found, ref: Ref) -> int:
    """The number that an alias points to.

    Raises:
        NotFound: there is no such alias; names those that the asset has.
    """
    found = rows.target_of(connection, asset.id, ref.alias or "")
    if found is None:
        query = "SELECT DISTINCT alias FROM move WHERE asset = ? ORDER BY alias"
        names = [name for (name,) in run(connection, query, (asset.id,)).fetchall()]
        there = f"it has {', '.join(names)}" if names else "it has none yet"
        raise NotFound(
            f"{ref.kind}/{ref.name} has no alias {ref.alias!r}: {there}",
            hint=f"set it with `ferrata asset alias {ref.kind}/{ref.name} {ref.alias} --to NUMBER`",
        )
    return found


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
        if known is None:
            raise Conflict(f"{ref} does not exist yet, so it is not at version {expect}")
        last = history(connection, asset.id, ref, limit=1)[0]
        why = f": {last.why}" if last.why else ""
        raise Conflict(
            f"{ref} is at version {known}, not {expect or 'new'}: {last.actor} moved it at {last.at}{why}",
            hint=f"see `ferrata asset history {ref}`, then move it again",
        )
    if known == to:
        raise UsageError(f"{ref} points to version {to} already", hint=f"see `ferrata asset history {ref}`")
    return known


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
    past = {move.to for move in moves} - {known}
    if to not in past:
        numbers = ", ".join(str(number) for number in sorted(past))
        hint = f"it pointed to {numbers}; to go anywhere else, `ferrata asset alias {ref.kind}/{ref.name} {ref.alias} --to {to}`"
        raise UsageError(f"{ref} has never pointed to version {to}" if to != known else f"{ref} is at {to}", hint=hint)
    return known, to


def earlier_targets(moves: Iterable[Move]) -> list[int]:
    """The numbers that an alias can be taken back to, one rollback after the other; the last is the next.

    A move forward adds the number that it left; a rollback takes away what it went back over, so that the next one goes
    further back and not forth again.

    Args:
        moves: the history, the oldest first.
    """
    stack: list[int] = []
    for move in moves:
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
    run(connection, insert, (asset, ref.alias, *move[1:6], int(move.back)))


def _move(ref: Ref, row: Any) -> Move:
    alias, before, to, actor, at, why, back = row
    return Move(str(Ref(ref.kind, ref.name, alias=alias)), before, to, actor, at, why, bool(back))
