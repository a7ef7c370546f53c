"""Remembers answers, so that the same request to the same model costs once.

Only where the answer would be the same again (temperature 0 or a seed), or where one asks for it. A cache that cannot be used
is no cache; it is never an error.
"""

from __future__ import annotations

import sqlite3
from contextlib import aclosing, suppress
from dataclasses import replace
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING, cast

from ferrata.messages import ChatChunk, ToolCallDelta
from ferrata.providers.answers import read_response, write_response
from ferrata.providers.assembly import Assembly

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from ferrata.messages import ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel

__all__ = ["AnswerFile", "Cache"]

_SCHEMA = "CREATE TABLE IF NOT EXISTS answer (key BLOB PRIMARY KEY, response TEXT NOT NULL, at INTEGER NOT NULL)"
_MOST_ROWS = 50_000
_PRUNE_EVERY = 500


class AnswerFile:
    """Answers in a SQLite file, of all models of a project. Several processes may use it; the oldest beyond 50,000 go.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection | None = None
        self._written = 0
        with suppress(OSError, sqlite3.Error):
            db = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
            try:
                # What a power cut takes is asked for again.
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=OFF")
                db.execute(_SCHEMA)
            except sqlite3.Error:
                db.close()
                raise
            self._db = db

    def get(self, key: bytes) -> ChatResponse | None:
        """The answer under a key."""
        with suppress(sqlite3.Error, ValueError, KeyError, TypeError):
            row = self._db.execute("SELECT response FROM answer WHERE key = ?", (key,)).fetchone() if self._db else None
            return read_response(row[0]) if row else None
        return None

    def put(self, key: bytes, response: ChatResponse) -> None:
        """Keep an answer under a key."""
        with suppress(sqlite3.Error):
            if self._db is None:
                return
            sql = "INSERT OR REPLACE INTO answer VALUES (?, ?, CAST(strftime('%s', 'now') AS INTEGER))"
            self._db.execute(sql, (key, write_response(response)))
            self._written += 1
            if self._written % _PRUNE_EVERY == 0:
                old = "SELECT rowid FROM answer ORDER BY at DESC LIMIT -1 OFFSET ?"
                self._db.execute(f"DELETE FROM answer WHERE rowid IN ({old})", (_MOST_ROWS,))  # noqa: S608

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None


class Cache:
    """Answers from the file where it can.

    Args:
        model: is asked where it cannot.
        file: the answers.
        always: also where the answer could differ the next time.
        salt: what else the answer depends on, as the URL.
    """

    def __init__(self, model: ChatModel, file: AnswerFile, *, always: bool = False, salt: str = "") -> None:
        self.name = model.name
        self._model = model
        self._file = file
        self._always = always
        self._salt = f"{model.name}\n{salt}\n"

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer."""
        start = monotonic()
        key = self._key(request)
        if key is not None and (found := self._file.get(key)) is not None:
            return replace(found, cached=True, latency=monotonic() - start)
        response = await self._model.chat(request)
        if key is not None:
            self._keep(key, response)
        return response

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; a remembered one comes in two. It is kept once its end has come."""
        key = self._key(request)
        if key is not None and (found := self._file.get(key)) is not None:
            for chunk in _chunks(found):
                yield chunk
            return
        whole = Assembly()
        async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
            async for chunk in chunks:
                if key is not None:
                    whole.add(chunk)
                yield chunk
        if key is not None and whole.finish is not None:
            self._keep(key, whole.response())

    def _key(self, request: ChatRequest) -> bytes | None:
        if not self._always and request.temperature != 0 and request.seed is None:
            return None
        # Values of the request are frozen data, so that their repr says all there is.
        return blake2b((self._salt + repr(request)).encode("utf-8", "surrogatepass"), digest_size=20).digest()

    def _keep(self, key: bytes, response: ChatResponse) -> None:
        if response.finish != "content_filter" and not response.cached:
            self._file.put(key, response)


def _chunks(response: ChatResponse) -> tuple[ChatChunk, ChatChunk]:
    calls = tuple(ToolCallDelta(i, c.id, c.name, c.arguments) for i, c in enumerate(response.message.tool_calls))
    said = ChatChunk(response.text, calls, logprobs=response.logprobs or (), id=response.id, model=response.model)
    return said, ChatChunk(
        finish=response.finish, usage=response.usage, id=response.id, model=response.model, cached=True
    )
