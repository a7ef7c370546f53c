"""A virtual key, and a snapshot of all of them. Knows no secret: only the digests of secrets."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.clock import format_time
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from ferrata.access.allowances import Allowance

__all__ = ["Draft", "Key", "Snapshot", "digest_of"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\Z")
LONGEST_USER = 200


def digest_of(secret: str) -> str:
    """SHA-256 of a secret, in hexadecimal digits; the secret has 256 random bits, so that it needs no slower one."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a key shall be.

    Attributes:
        name: of letters, digits, `.`, `_` and `-`; no other live key of the project has it.
        team: whose it is; empty if nobody's.
        user: likewise.
        endpoints: that it may call; empty: all.
        budgets: what may be used with it, limits by the minute among them.
        concurrency: calls with it at a time, in each process; None: any number.
        expires: when it ends; None: never.
    """

    name: str
    team: str = ""
    user: str = ""
    endpoints: tuple[str, ...] = ()
    budgets: tuple[Allowance, ...] = ()
    concurrency: int | None = None
    expires: datetime | None = None

    def check(self, now: datetime) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: it has no name, or one of its values is none.
        """
        for noun, name in (
            ("key", self.name),
            ("team", self.team or "none"),
            *(("endpoint", n) for n in self.endpoints),
        ):
            if _NAME.match(name) is None:
                raise UsageError(f"not a name of a {noun}: {name!r}", hint="use letters, digits, `.`, `_` and `-`")
        if not self.user.isprintable() or len(self.user) > LONGEST_USER:
            raise UsageError(f"not a name of a user: {self.user[:50]!r}", hint="it must be one line of at most 200")
        if self.concurrency is not None and self.concurrency < 1:
            raise UsageError(f"not a number of calls at a time: {self.concurrency!r}", hint="give 1 or more")
        if self.expires is not None and self.expires <= now:
            raise UsageError(
                f"the key would have expired already: {format_time(self.expires)}", hint="give a later end"
            )
        kinds = [(budget.unit, budget.window) for budget in self.budgets]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise UsageError(f"there are two budgets of {kind[0]} for a {kind[1]}", hint="give one of them")


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key.

    Attributes:
        id: `key_` and 12 hexadecimal digits; may be shown.
        name: its name.
        sha256: of its secret, in hexadecimal digits.
        shown: how the secret begins and ends.
        team, user, endpoints, budgets, concurrency, expires: as `Draft` has them.
        created: when it was made.
        created_by: who made it.
        revoked: when it was taken back; None: it was not.
        old_sha256: of the secret before; empty if there is none.
        old_until: when that one ends.
    """

    id: str
    name: str
    sha256: str
    shown: str
    team: str
    user: str
    endpoints: tuple[str, ...]
    budgets: tuple[Allowance, ...]
    concurrency: int | None
    created: datetime
    created_by: str
    expires: datetime | None = None
    revoked: datetime | None = None
    old_sha256: str = ""
    old_until: datetime | None = None

    def allows(self, endpoint: str) -> bool:
        """Whether it may call an endpoint."""
        return not self.endpoints or endpoint in self.endpoints

    def state(self, now: datetime) -> str:
        """`live`, `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "live"

    def as_json(self, now: datetime) -> dict[str, Any]:
        """What may be shown of it."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state(now),
            "secret": self.shown,
            "team": self.team or None,
            "user": self.user or None,
            "endpoints": list(self.endpoints),
            "budgets": [str(budget) for budget in self.budgets],
            "concurrency": self.concurrency,
            "created": format_time(self.created),
            "created_by": self.created_by,
            "expires": _text(self.expires),
            "revoked": _text(self.revoked),
            "old_secret_until": _text(self.old_until),
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All keys of a project that are not revoked, at one moment.

    Attributes:
        version: grows with every change of a key.
        keys: the keys.
    """

    version: int
    keys: tuple[Key, ...]


def _text(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)
