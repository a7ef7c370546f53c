"""Makes, finds and ends virtual keys. Knows no request; a secret leaves it once, when it is made."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import select, update

from ferrata.access.allowances import Allowance
from ferrata.access.tables import KEY, MIGRATIONS, VERSION
from ferrata.access.types import Key, Snapshot, digest_of
from ferrata.clock import format_time, parse_time
from ferrata.errors import NotFound, UsageError
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row

    from ferrata.access.types import Draft
    from ferrata.clock import Clock
    from ferrata.store import Store

__all__ = ["PREFIX", "Keys", "Records"]

PREFIX = "sk-fe-"
_LOCK = "ferrata.access"
_NEXT = (
    "INSERT INTO access_version (project, version) VALUES (?, 1)"
    " ON CONFLICT (project) DO UPDATE SET version = access_version.version + 1"
)


class Records(Protocol):
    """What keeps a record of an act, in the transaction of the act: the ledger."""

    def append_in(
        self,
        connection: Connection,
        action: str,
        *,
        subjects: Sequence[str] = (),
        payload: Mapping[str, object] | None = None,
    ) -> object:
        """Write one record."""
        ...


class Keys:
    """The virtual keys of one project.

    Args:
        store: where they lie; their tables are made if they are missing.
        clock: dates what is done.
        project: whose keys they are.
        actor: who makes and ends them.
        ledger: gives the ledger, which notes each change.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    room = "access"
    migrations = MIGRATIONS

    def __init__(self, store: Store, clock: Clock, *, project: str, actor: str, ledger: Callable[[], Records]) -> None:
        self._store = store
        self._clock = clock
        self._project = project
        self._actor = actor
        self._ledger = ledger
        store.migrate(self.room, self.migrations)

    def create(self, draft: Draft) -> tuple[Key, str]:
        """Make a key.

        Returns:
            The key and its secret, which is kept nowhere: who loses it makes another one.

        Raises:
            UsageError: the name is taken, or a value is none.
        """
        now = self._clock.now()
        draft.check(now)
        ledger = self._ledger()
        secret = _new_secret()
        key = Key(
            id=f"key_{secrets.token_hex(6)}",
            name=draft.name,
            sha256=digest_of(secret),
            shown=_shown(secret),
            team=draft.team,
            user=draft.user,
            endpoints=draft.endpoints,
            budgets=draft.budgets,
            concurrency=draft.concurrency,
            created=now,
            created_by=self._actor,
            expires=draft.expires,
        )
        budgets = [str(budget) for budget in key.budgets]
        with self._store.write() as connection:
            self._store.lock(connection, _LOCK)
            if connection.execute(self._query(name=key.name, live=True)).first() is not None:
                raise UsageError(
                    f"there is a key {key.name!r} already", hint="give another name, or rotate or revoke it"
                )
            connection.execute(KEY.insert().values(_values(key, self._project)))
            self._count(connection)
            ledger.append_in(
                connection,
                "key.created",
                subjects=[f"key/{key.id}"],
                payload={
                    "name": key.name,
                    "team": key.team or None,
                    "user": key.user or None,
                    "endpoints": list(key.endpoints) or None,
                    "budgets": budgets or None,
                    "expires": None if key.expires is None else format_time(key.expires),
                },
            )
            if budgets:
                ledger.append_in(connection, "limits.set", subjects=[f"key/{key.id}"])
        return key, secret

    def list(self, *, all: bool = False) -> list[Key]:
        """The keys, the newest first; with `all`, those that were revoked as well."""
        with self._store.read() as connection:
            rows = connection.execute(self._query(live=not all).order_by(KEY.c.created.desc(), KEY.c.id)).all()
        return [_key(row) for row in rows]

    def find(self, name: str) -> Key:
        """A key by its id or its name; of several with a name the live one, else the one that was made last.

        Raises:
            NotFound: there is none.
        """
        with self._store.read() as connection:
            return self._find(connection, name)

    def revoke(self, name: str) -> Key:
        """End a key at once, with the secret that it had before.

        Raises:
            NotFound: there is none of this id or name.
            UsageError: it is revoked already.
        """
        ledger = self._ledger()
        with self._store.write() as connection:
            key = self._live(connection, name)
            self._set(connection, key, revoked=format_time(self._clock.now()), old_sha256="", old_until=None)
            ledger.append_in(connection, "key.revoked", subjects=[f"key/{key.id}"], payload={"name": key.name})
        return self.find(key.id)

    def rotate(self, name: str, *, grace: timedelta) -> tuple[Key, str]:
        """Give a key another secret; the one that it has goes on for a while, one before that ends at once.

        Args:
            name: its id or name.
            grace: how long the secret that it has goes on; 0 ends it at once.

        Returns:
            The key and its new secret, which is kept nowhere.

        Raises:
            NotFound: there is none of this id or name.
            UsageError: it is revoked, or the time is below 0.
        """
        seconds = grace.total_seconds()
        if seconds < 0:
            raise UsageError(f"not a time for the old secret to go on: {seconds} s", hint="give 0 or more")
        ledger = self._ledger()
        secret = _new_secret()
        with self._store.write() as connection:
            key = self._live(connection, name)
            self._set(
                connection,
                key,
                sha256=digest_of(secret),
                shown=_shown(secret),
                old_sha256=key.sha256 if seconds else "",
                old_until=format_time(self._clock.now() + grace) if seconds else None,
            )
            payload = {"name": key.name, "grace_seconds": seconds}
            ledger.append_in(connection, "key.rotated", subjects=[f"key/{key.id}"], payload=payload)
        return self.find(key.id), secret

    def snapshot(self, known: int | None = None) -> Snapshot | None:
        """All keys that are not revoked, if something changed since the version `known`; otherwise None.

        One query of one row where nothing changed.
        """
        query = select(VERSION.c.version).where(VERSION.c.project == self._project)
        with self._store.read() as connection:
            version = connection.execute(query).scalar() or 0
            if version == known:
                return None
            return Snapshot(version, tuple(_key(row) for row in connection.execute(self._query(live=True))))

    def _query(self, *, name: str | None = None, live: bool = False) -> Any:
        query = select(KEY).where(KEY.c.project == self._project)
        if name is not None:
            query = query.where(KEY.c.name == name)
        return query.where(KEY.c.revoked.is_(None)) if live else query

    def _find(self, connection: Connection, name: str) -> Key:
        row = connection.execute(self._query().where(KEY.c.id == name)).first()
        if row is None:
            order = (KEY.c.revoked.is_not(None), KEY.c.created.desc())
            row = connection.execute(self._query(name=name).order_by(*order).limit(1)).first()
        if row is None:
            raise NotFound(f"no key {name!r}", hint="list the keys with `ferrata key list`")
        return _key(row)

    def _live(self, connection: Connection, name: str) -> Key:
        self._store.lock(connection, _LOCK)
        key = self._find(connection, name)
        if key.revoked is not None:
            raise UsageError(
                f"the key {key.name!r} was revoked at {format_time(key.revoked)}",
                hint=f"make another one with `ferrata key create {key.name}`",
            )
        return key

    def _set(self, connection: Connection, key: Key, **values: str | None) -> None:
        connection.execute(update(KEY).where(KEY.c.id == key.id).values(**values))
        self._count(connection)

    def _count(self, connection: Connection) -> None:
        run(connection, _NEXT, (self._project,))


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _shown(secret: str) -> str:
    return f"{secret[:11]}…{secret[-4:]}"


def _values(key: Key, project: str) -> dict[str, Any]:
    return {
        "id": key.id,
        "project": project,
        "name": key.name,
        "sha256": key.sha256,
        "shown": key.shown,
        "team": key.team,
        "user_name": key.user,
        "endpoints": json.dumps(key.endpoints),
        "budgets": json.dumps([(budget.unit, budget.window, budget.amount) for budget in key.budgets]),
        "concurrency": key.concurrency,
        "created": format_time(key.created),
        "created_by": key.created_by,
        "expires": None if key.expires is None else format_time(key.expires),
        "revoked": None,
        "old_sha256": "",
        "old_until": None,
    }


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        sha256=row.sha256,
        shown=row.shown,
        team=row.team,
        user=row.user_name,
        endpoints=tuple(json.loads(row.endpoints)),
        budgets=tuple(Allowance(*budget) for budget in json.loads(row.budgets)),
        concurrency=row.concurrency,
        created=parse_time(row.created),
        created_by=row.created_by,
        expires=_time(row.expires),
        revoked=_time(row.revoked),
        old_sha256=row.old_sha256,
        old_until=_time(row.old_until),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
