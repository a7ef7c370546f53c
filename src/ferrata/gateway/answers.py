"""Answers that are given again to the same request, in memory, in this process.

The same request is: the same tenant, endpoint, version of the route table, path and body. Bodies are compared as values, so that white
space and the order of the outermost keys do not matter; the order of keys further inside does, because a model that fills in a schema
follows it. What only says who asks (`user`) does not count.

An answer with tool calls is given again as well: the same conversation led to it, and whoever asks twice would run the tool twice anyway.
Knows neither HTTP nor where an answer comes from.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ferrata.messages import Usage

__all__ = [
    "MOST_ANSWER_BYTES",
    "RELEASE",
    "AnswerCache",
    "AnswerScope",
    "CacheWish",
    "Stored",
    "answer_key",
    "cache_wish",
    "kept_headers",
    "may_keep",
    "scoped_digest",
    "tenant_of",
]

MOST_ANSWER_BYTES = 1_000_000
"""A longer answer is not kept."""

_ANSWER_OVERHEAD = 500
_MOST_BYTES = 64_000_000
_KEY_BYTES = 20
_CLIENT_ONLY = frozenset({"user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"})
# With these, what is asked is more than what the body says: the vendor keeps a state that the call reads or changes.
RELEASE = b"x-ferrata-release"
_STATEFUL = frozenset({"background", "conversation", "container"})
_HEADERS = frozenset({b"content-type", b"content-language", RELEASE})


class AnswerScope(NamedTuple):
    """For whom and for what an answer holds.

    Attributes:
        tenant: of `tenant_of`; no answer goes to another.
        endpoint: its name.
        version: of what the route table says about it; another version begins anew.
        path: of the request, which names the format.
        variant: whatever else decides about the answer, as a route named by a header.
    """

    tenant: str
    endpoint: str
    version: str
    path: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A finished answer.

    Attributes:
        status: of HTTP.
        headers: that go with it again; see `kept_headers`.
        body: the bytes, or those of each event of a stream.
        usage: tokens that it cost when it was made.
        model: that made it, in the vendor's words.
        tool_calls: whether the model asks for a tool.
        filtered: whether the vendor's content filter ended it.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes | tuple[bytes, ...]
    usage: Usage | None = None
    model: str = ""
    tool_calls: bool = False
    filtered: bool = False

    @property
    def release(self) -> str:
        """That answered, as `Call.release`."""
        return next((value.decode() for name, value in self.headers if name == RELEASE), "")

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else sum(map(len, self.body))


class CacheWish(NamedTuple):
    """What a client lets caches do: `read` an answer that was kept, `write` the one that it gets."""

    read: bool = True
    write: bool = True


_ALL = CacheWish()


def cache_wish(header: str | None) -> CacheWish:
    """What a request's `cache-control` asks for: `no-store` neither reads nor writes, `no-cache` and `max-age=0` ask anew."""
    if not header:
        return _ALL
    asked = {part.strip() for part in header.lower().split(",")}
    if "no-store" in asked:
        return CacheWish(read=False, write=False)
    return CacheWish(read=asked.isdisjoint({"no-cache", "max-age=0"}))


def tenant_of(team: str | None, key_id: str | None) -> str:
    """Who shares answers: a team, or a key that has none. Without keys, everybody who reaches the port."""
    if team:
        return f"team:{team}"
    return f"key:{key_id}" if key_id else "all"


def answer_key(scope: AnswerScope, body: Mapping[str, object], raw: bytes) -> bytes | None:
    """The name under which the answer to a request is kept: 20 bytes.

    Args:
        scope: whose request it is, and of what.
        body: as orjson reads it; what goes to the model must be made of the same value.
        raw: the bytes that it was read from.

    Returns:
        None where answers must not be kept: the vendor holds a state (`conversation`, `background`), or the body says a thing twice,
        of which the model might read the other one.
    """
    stream = body.get("stream")
    if not (stream is None or stream is True or stream is False):
        return None
    asked: dict[str, object] = {}
    dropped: dict[str, object] = {}
    for name in sorted(body):
        value = body[name]
        if name in _CLIENT_ONLY or name == "stream" or (name == "stream_options" and not stream):
            dropped[name] = value
        elif name == "metadata" and isinstance(value, dict) and value.keys() <= {"user_id"}:  # pyright: ignore[reportUnknownMemberType]
            dropped[name] = value
        elif value and name in _STATEFUL:
            return None
        else:
            asked[name] = value
    try:
        text = orjson.dumps(asked)
        colons = text.count(b":") + (orjson.dumps(dropped).count(b":") if dropped else 0)
    except TypeError:  # half of a surrogate pair, or a number beyond 64 bits
        return None
    # Each key has a colon, so where one was written twice, the value has fewer of them than the text. An escaped one has none.
    if colons != raw.count(b":") or b"\\u003a" in raw or b"\\u003A" in raw:
        return None
    return scoped_digest("exact", scope, text, stream=stream is True)


def scoped_digest(kind: str, scope: AnswerScope, text: bytes, *, stream: bool) -> bytes | None:
    """20 bytes of a JSON text within a scope; None where the scope has no UTF-8.

    The scope stands before it as a JSON array, which no other scope and text can be mistaken for.
    """
    try:
        return blake2b(orjson.dumps((kind, stream, *scope)) + b"\n" + text, digest_size=_KEY_BYTES).digest()
    except TypeError:
        return None


def kept_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Those that belong to the answer itself. Cookies, dates, ids and limits belong to the call that it was made in."""
    return tuple((name.lower(), value) for name, value in headers if name.lower() in _HEADERS)


def may_keep(stored: Stored, *, complete: bool, guarded: bool) -> bool:
    """Whether an answer may be given to another request.

    Args:
        stored: the answer.
        complete: its end has come; a stream that was cut off has none, nor has one with an error in it.
        guarded: a guard changed or stopped it.
    """
    return (
        complete and not guarded and stored.status == 200 and not stored.filtered and stored.size <= MOST_ANSWER_BYTES
    )


class AnswerCache:
    """Answers by key, the least recently used ones dropped first. For one event loop.

    Args:
        most: answers that are kept.
        seconds: that one is kept.
        clock: seconds that only grow.
        most_bytes: of all answers together; the objects around them are guessed.
    """

    __slots__ = ("_answers", "_bytes", "_clock", "_most", "_most_bytes", "_seconds")

    def __init__(
        self,
        most: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._answers: OrderedDict[bytes, tuple[float, Stored, int]] = OrderedDict()
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._most_bytes = most_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def size(self) -> int:
        """Bytes of all answers, with what is guessed around them."""
        return self._bytes

    def get(self, key: bytes) -> Stored | None:
        """The answer under a key, unless its time is over."""
        found = self._answers.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return found[1]

    def put(self, key: bytes, stored: Stored, *, complete: bool, guarded: bool = False) -> bool:
        """Keep an answer in the place of an older one, if `may_keep` allows it; whether it was kept."""
        if not may_keep(stored, complete=complete, guarded=guarded):
            return False
        size = stored.size + _ANSWER_OVERHEAD
        if size > self._most_bytes:
            return False
        if key in self._answers:
            self._drop(key)
        self._answers[key] = (self._clock() + self._seconds, stored, size)
        self._bytes += size
        while len(self._answers) > self._most or self._bytes > self._most_bytes:
            self._bytes -= self._answers.popitem(last=False)[1][2]
        return True

    def clear(self) -> None:
        """Forget all."""
        self._answers.clear()
        self._bytes = 0

    def _drop(self, key: bytes) -> None:
        self._bytes -= self._answers.pop(key)[2]
