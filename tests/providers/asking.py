"""Requests as tests make them."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ferrata.messages import ChatRequest, Message

if TYPE_CHECKING:
    from ferrata.messages import ChatChunk
    from ferrata.providers import ChatModel


def ask(text: str = "How long is the warranty?", **more: Any) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), **more)


async def read(model: ChatModel, request: ChatRequest) -> list[ChatChunk]:
    async with aclosing(model.stream(request)) as chunks:  # pyright: ignore[reportArgumentType]
        return [chunk async for chunk in chunks]
