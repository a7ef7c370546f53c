"""Requests that name themselves (`idempotency-key`) are answered once, however often they are sent.

The first one runs; its answer is kept for 24 hours and given to those that come after it, in whichever process. In the process where it
runs, the others wait for it; elsewhere they are told to come again (409). The same name with another body is a mistake (422). An answer
of 500 and above, or one that says to try again (408, 409, 425, 429), is not kept, nor is that of a call whose client left: the next one
runs.

The promise needs the store. Where that is away, or does not answer in time, the request runs all the same, and its answer says
`idempotency-kept: false`; the process does then not ask the store again for some seconds. A process that is killed holds a name until the
deadline of its call, or until whoever looks after processes frees what it held.

Knows neither SQL nor HTTP. For one event loop; the store is asked in threads, and only where the header is there.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol, TypeVar

import orjson

from ferrata.errors import Conflict, FerrataError, StoreUnavailable
from ferrata.gateway.answers import Stored
from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.access import Claim

__all__ = [
    "REPLAYED_HEADER",
    "UNKEPT_HEADER",
    "Idempotency",
    "IdempotencyKeyInvalid",
    "IdempotencyMismatch",
    "IdempotencyRunning",
    "Remembered",
    "Ticket",
    "check_idempotency_key",
    "request_digest",
    "stored_bytes",
    "stored_from",
]

REPLAYED_HEADER = (b"idempotency-replayed", b"true")
"""Goes with an answer that was made for an earlier request of the name."""
UNKEPT_HEADER = (b"idempotency-kept", b"false")
"""Goes with an answer that another request of the name might not get."""

_NAME = re.compile(r"[\x20-\x7e]{1,255}\Z")
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_DAY = 86_400.0
# Between a call's deadline and the end of its claim: for what is left to do after it, and for clocks that differ.
_RESERVE = 15.0
_MOST_BYTES = 8_000_000

R = TypeVar("R")


class IdempotencyKeyInvalid(FerrataError):
    """The header holds no name."""

    code = "idempotency_key_invalid"
    status = 400


class IdempotencyMismatch(FerrataError):
    """The name was used for another request."""

    code = "idempotency_mismatch"
    status = 422


class IdempotencyRunning(FerrataError):
    """The first request of the name is not answered yet.

    Attributes:
        retry_after: seconds.
    """

    code = "idempotency_running"
    status = 409
    retryable = True

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, hint=f"send it again in {retry_after:.0f} s, with the same key")
        self.retry_after = retry_after


class Remembered(Protocol):
    """What keeps names and answers over processes. Its methods block, and raise StoreUnavailable."""

    def claim(self, who: str, name: str, digest: str, *, seconds: float) -> Claim:
        """Ask for the right to answer, which lapses after so many seconds."""
        ...

    def keep(self, who: str, name: str, token: str, answer: bytes, *, seconds: float) -> bool:
        """Keep the answer for so long; False where the right has lapsed and another took it."""
        ...

    def release(self, who: str, name: str, token: str) -> None:
        """Give the right up."""
        ...


def check_idempotency_key(header: str) -> str:
    """The name in the header `idempotency-key`.

    Raises:
        IdempotencyKeyInvalid: it has not 1 to 255 printable ASCII characters.
    """
    if not _NAME.match(header):
        message = f"not an idempotency key: {header[:50]!r}"
        raise IdempotencyKeyInvalid(message, hint="use 1 to 255 printable ASCII characters, such as a UUID")
    return header


def request_digest(path: str, body: Mapping[str, object]) -> str:
    """By which two requests of one name are known to ask the same: path and body as values, whatever the order of keys.

    The route table is no part of it: a request sent again after a change of the table gets the answer from before.
    """
    try:
        text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half of a surrogate pair, or a number beyond 64 bits
        text = repr(body).encode("utf-8", "surrogatepass")
    return blake2b(orjson.dumps(path) + b"\n" + text, digest_size=20).hexdigest()


class _Run:
    """The request of a name that runs in this process."""

    __slots__ = ("digest", "ended")

    def __init__(self, digest: str, ended: asyncio.Future[Stored | None]) -> None:
        self.digest = digest
        self.ended = ended
        """Its answer; None: it has none that could be given to others."""


class Ticket:
    """The right to answer a name. Ends with `finish` or `abandon`; what comes after the first does nothing.

    Attributes:
        kept: whether others will get the answer as well; if not, the answer says so (`UNKEPT_HEADER`).
    """

    __slots__ = ("_at", "_of", "_open", "_run", "_token", "kept")

    def __init__(self, of: Idempotency, at: tuple[str, str], run: _Run, token: str) -> None:
        self._of = of
        self._at = at
        self._run = run
        self._token = token
        self._open = True
        self.kept = bool(token)

    async def finish(self, stored: Stored) -> bool:
        """Keep the answer, before its last byte goes to the client; whether others will get it (`kept`).

        It must be whole. Of a stream, the events.
        """
        if not self._open:
            return self.kept
        if stored.status >= 500 or stored.status in _TRY_AGAIN:
            self.abandon()
            return False
        self._open = False
        try:
            self.kept = bool(self._token) and await self._of.keep_answer(self._at, self._token, stored)
        finally:
            self._of.end_run(self._at, self._run, stored)
        return self.kept

    def abandon(self) -> None:
        """There is no answer that others could get: the next request of the name runs. Does not wait for the store."""
        if self._open:
            self._open = False
            self.kept = False
            if self._token:
                self._of.give_up(self._at, self._token)
            self._of.end_run(self._at, self._run, None)


class Idempotency:
    """Names of requests in this process, in front of what remembers them over processes.

    Args:
        remembered: None: answers are shared while the first request runs, and no longer.
        patience: seconds that the store has for an answer.
        pause: seconds for which it is not asked again, after it gave none.
        seconds: that an answer is kept.
        most_bytes: of an answer that is kept.
    """

    def __init__(
        self,
        remembered: Remembered | None,
        *,
        patience: float = 2.0,
        pause: float = 5.0,
        seconds: float = _DAY,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._remembered = remembered
        self._patience = patience
        self._pause = pause
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._away_until = 0.0
        self._running: dict[tuple[str, str], _Run] = {}
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="ferrata-idempotency")

    async def begin(self, who: str, name: str, digest: str, *, seconds: float) -> Ticket | Stored:
        """The right to answer, or the answer that there is already, which then goes with `REPLAYED_HEADER`.

        Args:
            who: whose name it is: the id of the key. Names of others are other names.
            name: as `check_idempotency_key` gives it.
            digest: as `request_digest` gives it.
            seconds: until the call's deadline.

        Raises:
            IdempotencyMismatch: the name was used for another request.
            IdempotencyRunning: the first one runs in another process, or here until after this one's deadline.
        """
        at = (who, name)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (run := self._running.get(at)) is not None:
            if run.digest != digest:
                raise _mismatch(name)
            await asyncio.wait([run.ended], timeout=max(0.0, end - loop.time()))
            if not run.ended.done():
                raise IdempotencyRunning(f"the first request of the key {name!r} still runs", retry_after=1.0)
            stored = run.ended.result()
            if stored is not None:
                return stored
        run = self._running[at] = _Run(digest, loop.create_future())
        stored = None
        try:
            claim = await self._claim(at, digest, max(0.0, end - loop.time()))
            if claim is None or claim.state == "mine":
                ticket = Ticket(self, at, run, claim.token if claim else "")
                run = None
                return ticket
            if claim.state == "mismatch":
                raise _mismatch(name)
            if claim.state == "running":
                message = f"the first request of the key {name!r} runs in another process"
                raise IdempotencyRunning(message, retry_after=min(max(1.0, claim.seconds), 2.0))
            stored = stored_from(claim.answer)
            return stored
        finally:
            if run is not None:
                self.end_run(at, run, stored)

    def close(self) -> None:
        """Ask the store no longer; does not wait for what runs."""
        self._remembered = None
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _claim(self, at: tuple[str, str], digest: str, seconds: float) -> Claim | None:
        """None where the store is away."""
        remembered = self._remembered
        if remembered is None:
            return None
        undo = _Undo(self, at)
        return await self._ask(lambda: remembered.claim(*at, digest, seconds=seconds + _RESERVE), undo)

    async def keep_answer(self, at: tuple[str, str], token: str, stored: Stored) -> bool:
        """For tickets: hand an answer to the store."""
        remembered = self._remembered
        if remembered is None:
            return False
        if stored.size > self._most_bytes:
            self.give_up(at, token)
            return False
        answer = stored_bytes(stored)
        return bool(await self._ask(lambda: remembered.keep(*at, token, answer, seconds=self._seconds), None))

    def give_up(self, at: tuple[str, str], token: str) -> None:
        """For tickets: release a name, in a thread; if that fails, the claim lapses."""
        remembered = self._remembered
        if remembered is not None:
            with suppress(RuntimeError):  # closed meanwhile
                self._threads.submit(remembered.release, *at, token)

    def end_run(self, at: tuple[str, str], run: _Run, stored: Stored | None) -> None:
        """For tickets: let those go on that wait."""
        del self._running[at]
        run.ended.set_result(stored)

    async def _ask(self, question: Callable[[], R], undo: Callable[[Future[R]], None] | None) -> R | None:
        """What the store says; None where it says nothing. `undo` gets the answer that comes when nobody waits for it any longer."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._away_until:
            return None
        try:
            asked = self._threads.submit(question)
        except RuntimeError:  # closed meanwhile
            return None
        try:
            async with asyncio.timeout(self._patience):
                # Shielded: what the thread does goes on, and its answer has to be seen.
                return await asyncio.shield(asyncio.wrap_future(asked))
        except TimeoutError:
            self._away_until = loop.time() + self._pause
            self._leave(asked, undo)
            return None
        except (StoreUnavailable, Conflict):
            self._away_until = loop.time() + self._pause
            return None
        except asyncio.CancelledError:
            self._leave(asked, undo)
            raise

    @staticmethod
    def _leave(asked: Future[R], undo: Callable[[Future[R]], None] | None) -> None:
        if not asked.cancel() and undo is not None:
            asked.add_done_callback(undo)


class _Undo:
    """Gives up a claim that came too late."""

    def __init__(self, of: Idempotency, at: tuple[str, str]) -> None:
        self._of = of
        self._at = at

    def __call__(self, asked: Future[Claim]) -> None:
        if not asked.cancelled() and asked.exception() is None and asked.result().state == "mine":
            self._of.give_up(self._at, asked.result().token)


def _mismatch(name: str) -> IdempotencyMismatch:
    message = f"the idempotency key {name!r} was used for another request"
    return IdempotencyMismatch(message, hint="use a new key for each request, and the same one only to send it again")


def stored_bytes(stored: Stored) -> bytes:
    """An answer as bytes: a line of JSON, and the body after it."""
    parts = stored.body if isinstance(stored.body, tuple) else None
    usage = stored.usage
    head = {
        "status": stored.status,
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in stored.headers],
        "parts": None if parts is None else [len(part) for part in parts],
        "usage": usage and {name: getattr(usage, name) for name in Usage.__slots__},
        "model": stored.model,
        "tool_calls": stored.tool_calls,
        "filtered": stored.filtered,
    }
    return orjson.dumps(head) + b"\n" + (stored.body if isinstance(stored.body, bytes) else b"".join(stored.body))


def stored_from(text: bytes) -> Stored:
    """The answer that `stored_bytes` wrote."""
    line, _, body = text.partition(b"\n")
    head = orjson.loads(line)
    parts: bytes | tuple[bytes, ...] = body
    if head["parts"] is not None:
        ends = accumulate(head["parts"])
        parts = tuple(body[end - length : end] for end, length in zip(ends, head["parts"], strict=True))
    return Stored(
        head["status"],
        tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]),
        parts,
        usage=head["usage"] and Usage(**head["usage"]),
        model=head["model"],
        tool_calls=head["tool_calls"],
        filtered=head["filtered"],
    )
