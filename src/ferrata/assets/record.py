"""One record of the ledger, and how records are chained by their hashes.

The hash of a record is the SHA-256 of the canonical JSON of its other fields, of which `previous` is the hash of the
record before it. So a record cannot change without every later hash changing too. Knows no database.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.clock import format_time
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["GENESIS", "Head", "Record", "canonical_json", "chain_hash"]

GENESIS = "0" * 64
"""What the first record has as the hash before it."""


class Head(NamedTuple):
    """The end of a chain, written `SEQ:HASH`; one that is kept elsewhere shows later that nothing was cut off."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read `SEQ:HASH`.

        Raises:
            UsageError: the text is something else.
        """
        seq, _, digest = text.strip().partition(":")
        digest = digest.lower()
        valid = seq.isascii() and seq.isdigit() and len(seq) < 19 and len(digest) == 64 and set(digest) <= _HEX
        if not valid or (int(seq) == 0 and digest != GENESIS):
            raise UsageError(
                f"not the head of a ledger: {text!r}", hint="write SEQ:HASH, as `ferrata ledger verify` does"
            )
        return cls(int(seq), digest)

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Record:
    """One operational act.

    Attributes:
        seq: its place in the ledger, from 1, without gaps.
        id: 32 hexadecimal digits, unique.
        at: when it was written, in UTC.
        actor: who did it.
        action: what was done; a name of the catalogue, as `gate.decided`.
        subjects: what it was done to, as `prompt/support@3`.
        payload: the details, as the catalogue declares them for the action; a JSON object.
        previous: the hash of the record before, or `GENESIS`.
        hash: 64 hexadecimal digits.
        project: whose act it is; None in records from before records said so, which stand for every project.
    """

    seq: int
    id: str
    at: datetime
    actor: str
    action: str
    subjects: tuple[str, ...]
    payload: Mapping[str, Any]
    previous: str
    hash: str
    project: str | None = None

    def as_json(self) -> dict[str, object]:
        """The record as a JSON object; `hash` is the SHA-256 of the canonical JSON of the rest.

        It has no `project` where the record has none.
        """
        return {
            "seq": self.seq,
            "id": self.id,
            "at": format_time(self.at),
            **({} if self.project is None else {"project": self.project}),
            "actor": self.actor,
            "action": self.action,
            "subjects": list(self.subjects),
            "payload": dict(self.payload),
            "previous": self.previous,
            "hash": self.hash,
        }


def canonical_json(value: object) -> str:
    """The one JSON text of a value: keys sorted by code point, no white space, not escaped beyond what JSON demands.

    Raises:
        UsageError: the value is not JSON: it holds NaN, an infinity, a key that is not a text, a lone surrogate, an
            object of another type or itself.
    """
    try:
        text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot be written as JSON: {error}") from None
    return text


def chain_hash(fields: Mapping[str, object]) -> str:
    """The hash of a record, from its other fields as `Record.as_json` names them."""
    hashed = {name: value for name, value in fields.items() if name != "hash"}
    return hashlib.sha256(canonical_json(hashed).encode()).hexdigest()


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        items = cast("dict[object, object]", value)
        for key in items:
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is not a text")
        return {key: _plain(item) for key, item in items.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in cast("list[object]", value)]
    raise TypeError(f"{type(value).__name__} is not a JSON type")
