"""The pieces of a streamed answer into the whole.

Knows no wire format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ferrata.errors import ModelBadResponse
from ferrata.messages import ChatResponse, Message, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.messages import ChatChunk, Finish, TokenLogprob, Usage

__all__ = ["Assembly", "assemble"]


@dataclass
class Assembly:
    """What came so far of a streamed answer."""

    id: str = ""
    model: str = ""
    finish: Finish | None = None
    usage: Usage | None = None
    cached: bool = False
    _texts: list[str] = field(default_factory=list[str])
    _logprobs: list[TokenLogprob] = field(default_factory=list["TokenLogprob"])
    _calls: dict[int, tuple[str, str, list[str]]] = field(default_factory=dict[int, "tuple[str, str, list[str]]"])

    def add(self, chunk: ChatChunk) -> None:
        """Take in one more piece."""
        self.id = chunk.id or self.id
        self.model = chunk.model or self.model
        self.finish = chunk.finish or self.finish
        self.usage = chunk.usage or self.usage
        self.cached = self.cached or chunk.cached
        if chunk.text:
            self._texts.append(chunk.text)
        self._logprobs += chunk.logprobs
        for delta in chunk.tool_calls:
            call_id, name, pieces = self._calls.get(delta.index, ("", "", []))
            pieces.append(delta.arguments)
            self._calls[delta.index] = (call_id or delta.id, name or delta.name, pieces)

    def response(self, *, latency: float = 0.0, first_token: float | None = None) -> ChatResponse:
        """The whole answer.

        Raises:
            ModelBadResponse: its end has not come.
        """
        if self.finish is None:
            raise ModelBadResponse("the stream ended in the middle of the answer", hint="try again")
        calls = tuple(
            ToolCall(call_id, name, "".join(pieces)) for _, (call_id, name, pieces) in sorted(self._calls.items())
        )
        return ChatResponse(
            id=self.id,
            model=self.model,
            message=Message("assistant", "".join(self._texts), tool_calls=calls),
            finish=self.finish,
            usage=self.usage,
            logprobs=tuple(self._logprobs) or None,
            latency=latency,
            first_token=first_token,
            cached=self.cached,
        )


def assemble(chunks: Iterable[ChatChunk]) -> ChatResponse:
    """The whole answer of all its pieces.

    Raises:
        ModelBadResponse: the last piece is missing.
    """
    assembly = Assembly()
    for chunk in chunks:
        assembly.add(chunk)
    return assembly.response()
