"""Answers that need not be made: of the same request by its name, of the same request before, of the same request just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.gateway.answers import RELEASE, AnswerScope, Stored, answer_key, cache_wish, tenant_of
from ferrata.gateway.idempotency import check_idempotency_key, request_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.gateway.answers import AnswerCache, CacheWish
    from ferrata.gateway.call import Call
    from ferrata.gateway.idempotency import Idempotency, Ticket
    from ferrata.gateway.semantic import Lookup, SemanticCache

__all__ = ["Reuse"]


class Reuse:
    """What one call may take from others, and leave to others.

    Attributes:
        key: of the answer in the caches; None where it may not be shared.
        ticket: the right to answer a request that names itself.
        wanted: whether the answer is to be kept.
    """

    __slots__ = ("_answers", "_call", "_lookup", "_scope", "_semantic", "_wish", "key", "ticket")

    def __init__(self, call: Call, path: str) -> None:
        endpoint, key = call.endpoint, call.key
        assert endpoint is not None  # noqa: S101 - found before
        self._call = call
        self._answers: AnswerCache | None = endpoint.answers
        self._semantic: SemanticCache | None = endpoint.semantic
        self._lookup: Lookup | None = None
        self._scope: AnswerScope | None = None
        self.ticket: Ticket | None = None
        self.key: bytes | None = None
        self._wish: CacheWish | None = None
        if self._answers is not None or self._semantic is not None or endpoint.flights is not None:
            given = call.headers.get(b"cache-control")
            self._wish = cache_wish(given.decode("latin-1") if given else None)
            tenant = tenant_of(key.team if key is not None else None, key.id if key is not None else None)
            named = call.headers.get(b"x-ferrata-route", b"").decode("latin-1")
            self._scope = AnswerScope(tenant, endpoint.name, endpoint.version, path, named)
            self.key = answer_key(self._scope, call.body, call.raw)

    async def find(self, idempotency: Idempotency, path: str, seconds: float) -> Stored | None:
        """An answer that there is already.

        Raises:
            FerrataError: the name was used for another request, or its first one still runs.
        """
        call = self._call
        name = call.headers.get(b"idempotency-key")
        if name is not None:
            who = call.key.id if call.key is not None else "all"
            checked = check_idempotency_key(name.decode("latin-1"))
            found = await idempotency.begin(who, checked, request_digest(path, call.body), seconds=seconds)
            if isinstance(found, Stored):
                call.cached = "idempotent"
                return found
            self.ticket = found
        if self.key is None or self._wish is None or not self._wish.read:
            return None
        stored = self._answers.get(self.key) if self._answers is not None else None
        if stored is not None:
            call.cached = "exact"
            return stored
        if self._semantic is not None and self._scope is not None:
            self._lookup = await self._semantic.find(self._scope, call.body)
            if self._lookup is not None and self._lookup.stored is not None:
                call.cached = "semantic"
                return self._lookup.stored
        return None

    @property
    def wanted(self) -> bool:
        """Whether the bytes of the answer must be kept together."""
        return self.ticket is not None or self._writes

    @property
    def _writes(self) -> bool:
        kept = self._answers is not None or self._lookup is not None
        return self.key is not None and kept and self._wish is not None and self._wish.write

    async def keep(
        self, body: bytes | Sequence[bytes], kind: tuple[bytes, bytes], *, complete: bool, tool_calls: bool
    ) -> None:
        """Leave an answer to others."""
        call = self._call
        if not self.wanted:
            return
        stored = Stored(
            200,
            (kind, (RELEASE, call.release.encode())) if call.release else (kind,),
            body if isinstance(body, bytes) else tuple(body),
            call.usage,
            call.model,
            tool_calls=tool_calls,
            filtered=call.finish == "content_filter",
        )
        if self._writes and self.key is not None and not call.cached:
            guarded = bool(call.blocked)
            if self._answers is not None:
                self._answers.put(self.key, stored, complete=complete, guarded=guarded)
            if self._semantic is not None and self._lookup is not None:
                self._semantic.keep(self._lookup, stored, complete=complete, guarded=guarded)
        if self.ticket is not None:
            if complete:
                await self.ticket.finish(stored)
            else:
                self.ticket.abandon()

    def give_up(self) -> None:
        """There is no answer for others."""
        if self.ticket is not None:
            self.ticket.abandon()
