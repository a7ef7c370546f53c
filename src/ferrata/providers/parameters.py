"""Fills in what a request leaves open from a model's settings.

Knows no vendor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel
    from ferrata.settings import ModelParameters

__all__ = ["Parameters"]


class Parameters:
    """Asks `model` with the declared parameters; what a request says itself goes first."""

    def __init__(self, model: ChatModel, declared: ModelParameters) -> None:
        self.name = model.name
        self._model = model
        given = declared.model_dump(exclude_defaults=True)
        self._extra: dict[str, Any] = given.pop("extra", {})
        if "stop" in given:
            given["stop"] = tuple(given["stop"])
        self._given: dict[str, Any] = given

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer."""
        return await self._model.chat(self.filled(request))

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece."""
        return cast("AsyncGenerator[ChatChunk]", self._model.stream(self.filled(request)))

    def filled(self, request: ChatRequest) -> ChatRequest:
        """The request with what it leaves open."""
        missing = {name: value for name, value in self._given.items() if getattr(request, name) in (None, ())}
        if self._extra:
            missing["extra"] = {**self._extra, **request.extra}
        return replace(request, **missing) if missing else request
