"""The local chat model: needs no key and no network once it is pulled. It is loaded when it is first asked.

Knows nothing of the engine but its URL.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from ferrata.errors import ModelUnavailable
from ferrata.providers.base import Dialect
from ferrata.providers.local.engine import Engine
from ferrata.providers.remote import Access, RemoteModel
from ferrata.providers.wires import client_wires

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.http import HttpClient, Timeouts
    from ferrata.providers.local.weights import Weights

__all__ = ["LocalModel"]

# What the engine would pass over in silence.
_REFUSES = frozenset({"images", "image_detail", "name", "reasoning_effort", "user"})


class LocalModel:
    """A model file on this machine.

    Args:
        weights: which model.
        http: keeps the connections.
        folder: the data folder; the user's if None.
        timeouts: of one request.
        threads: to compute with; all processors but one if None.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        http: HttpClient,
        folder: Path | None = None,
        timeouts: Timeouts | None = None,
        threads: int | None = None,
    ) -> None:
        self.name = f"local/{weights.name}"
        self._weights = weights
        self._http = http
        self._folder = folder
        self._timeouts = timeouts
        self._threads = threads
        self._engine: Engine | None = None
        self._loading: asyncio.Future[Engine] | None = None

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; raises as `ChatModel.chat` says, and `UsageError` where xllamacpp is not installed."""
        return await (await self._remote()).chat(request)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; raises as `chat` does."""
        async with aclosing((await self._remote()).stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    def close(self) -> None:
        """Unload the model."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    async def _remote(self) -> RemoteModel:
        engine = self._engine or await self._load()
        access = Access(engine.url, key=lambda: engine.key)
        dialect = Dialect(vendor=self.name, refuses=_REFUSES)
        return RemoteModel(
            self.name,
            self._weights.name,
            wire=client_wires()["openai-chat"],
            access=access,
            http=self._http,
            dialect=dialect,
            timeouts=self._timeouts,
        )

    async def _load(self) -> Engine:
        """Load the file once, however many ask for it at the same time."""
        if not self._weights.is_pulled(self._folder):
            raise ModelUnavailable(
                f"the model {self._weights.name!r} is not on this machine",
                hint=f"ferrata models pull {self._weights.name}",
            )
        loading = self._loading
        if loading is None:
            path, alias = self._weights.path(self._folder), self._weights.title
            loading = self._loading = asyncio.ensure_future(
                asyncio.to_thread(Engine, path, alias, threads=self._threads)
            )
            await asyncio.sleep(0)  # the thread has begun
            self._http.prepare("http://127.0.0.1")
        try:
            engine = await asyncio.shield(loading)
        finally:
            if loading.done():
                self._loading = None
        self._engine = engine
        return engine
