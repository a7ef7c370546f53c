"""A chat model for tests and demonstrations: the same answer to the same request, or the answers that it is given.

Needs no network and no key. Its tokens are words.
"""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError
from ferrata.messages import (
    ChatChunk,
    ChatResponse,
    Embeddings,
    Message,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence

    from ferrata.messages import ChatRequest

    Scripted = str | ChatResponse | FerrataError

__all__ = ["FakeEmbeddings", "FakeModel"]


class FakeModel:
    """Answers without a model behind it.

    Args:
        answers: what it says: a list, used up in order, whose last entry stays; or a function of the request. A text is
            an answer, an error is raised. None: it repeats the last user's message, or makes the JSON that is asked for.
        name: vendor and model.
        delay: seconds before each answer, and before each piece of a stream.

    Attributes:
        requests: what it was asked, in order.
    """

    def __init__(
        self,
        answers: Sequence[Scripted] | Callable[[ChatRequest], Scripted] | None = None,
        *,
        name: str = "fake/echo",
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.requests: list[ChatRequest] = []
        self._answers = answers
        self._delay = delay

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; raises the errors that it was given."""
        if self._delay:
            await asyncio.sleep(self._delay)
        return self._answer(request)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer word by word; raises the errors that it was given."""
        response = self._answer(request)
        for chunk in chunks_of(response):
            if self._delay:
                await asyncio.sleep(self._delay)
            yield chunk

    def _answer(self, request: ChatRequest) -> ChatResponse:
        self.requests.append(request)
        found = self._scripted(request)
        if isinstance(found, FerrataError):
            raise found
        return found if isinstance(found, ChatResponse) else self._respond(request, found)

    def _scripted(self, request: ChatRequest) -> Scripted | None:
        if self._answers is None:
            return None
        if callable(self._answers):
            return self._answers(request)
        return self._answers[min(len(self.requests), len(self._answers)) - 1]

    def _respond(self, request: ChatRequest, text: str | None) -> ChatResponse:
        tool = _tool_to_call(request) if text is None else None
        if tool is not None:
            call = ToolCall("call_1", tool.name, json.dumps(example_of(tool.parameters)))
            message = Message("assistant", tool_calls=(call,))
        elif text is not None:
            message = Message("assistant", text)
        elif request.output is not None:
            message = Message("assistant", json.dumps(example_of(request.output.schema or {"type": "object"})))
        else:
            said = [m.text for m in request.messages if m.role == "user"]
            message = Message("assistant", said[-1] if said else "ok")
        words = _words(message.text)
        cut = request.max_tokens is not None and len(words) > request.max_tokens
        if cut:
            words = words[: request.max_tokens]
            message = Message("assistant", "".join(words))
        made = len(words) + sum(len(call.arguments.split()) for call in message.tool_calls)
        read = sum(len(m.text.split()) for m in request.messages)
        return ChatResponse(
            id="fake-" + sha256(repr(request).encode()).hexdigest()[:12],
            model=self.name.rpartition("/")[2],
            message=message,
            finish="length" if cut else "tool_calls" if message.tool_calls else "stop",
            usage=Usage(input_tokens=read, output_tokens=made),
            logprobs=None if request.top_logprobs is None else tuple(_logprobs(words, request.top_logprobs)),
        )


def chunks_of(response: ChatResponse) -> Iterator[ChatChunk]:
    """A whole answer in pieces, a word each."""
    words = _words(response.text)
    for at, word in enumerate(words):
        logprobs = response.logprobs[at : at + 1] if response.logprobs else ()
        yield ChatChunk(word, logprobs=logprobs, id=response.id, model=response.model)
    for index, call in enumerate(response.message.tool_calls):
        half = len(call.arguments) // 2
        first = ToolCallDelta(index, call.id, call.name, call.arguments[:half])
        yield ChatChunk(tool_calls=(first,), id=response.id, model=response.model)
        rest = ToolCallDelta(index, arguments=call.arguments[half:])
        yield ChatChunk(tool_calls=(rest,), id=response.id, model=response.model)
    yield ChatChunk(finish=response.finish, usage=response.usage, id=response.id, model=response.model)


def _words(text: str) -> list[str]:
    """The words of a text with the white space before them; joined, they are the text."""
    words, start = list[str](), 0
    for at in range(1, len(text)):
        if text[at].isspace() and not text[at - 1].isspace():
            words.append(text[start:at])
            start = at
    return [*words, text[start:]] if text else []


def _tool_to_call(request: ChatRequest) -> Any:
    if request.tool_choice in (None, "auto", "none"):
        return None
    return next((tool for tool in request.tools if request.tool_choice in ("required", tool.name)), None)


def _logprobs(words: list[str], top: int) -> Iterator[TokenLogprob]:
    for word in words:
        logprob = -(sha256(word.encode()).digest()[0] + 1) / 256
        others = [(word, logprob), *((f"{word}{n}", logprob - n) for n in range(1, top))]
        yield TokenLogprob(word, logprob, tuple(others[:top]))


def example_of(schema: Mapping[str, object]) -> object:
    """The smallest value of a JSON schema's main shapes: `enum`, `const`, objects, arrays, numbers, texts."""
    if "const" in schema:
        return schema["const"]
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return cast("list[object]", enum)[0]
    given = schema.get("type")
    kinds = cast("list[object]", given) if isinstance(given, list) else [given]
    kind = str(kinds[0]) if kinds else ""
    if kind == "object" or "properties" in schema:
        properties = cast("dict[str, dict[str, object]]", schema.get("properties") or {})
        return {name: example_of(inner) for name, inner in properties.items()}
    plain: dict[str, object] = {"array": [], "integer": 0, "number": 0, "boolean": False, "null": None}
    return plain.get(kind, "text")


class FakeEmbeddings:
    """Vectors that depend on the text alone: equal texts have equal vectors, and nothing else is true of them."""

    def __init__(self, *, name: str = "fake/embeddings", dimensions: int = 8) -> None:
        self.name = name
        self._dimensions = dimensions

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """One vector of unit length for each text."""
        vectors = [self._vector(text) for text in texts]
        return Embeddings(self.name, vectors, Usage(input_tokens=sum(len(text.split()) for text in texts)))

    def _vector(self, text: str) -> list[float]:
        digest = b"".join(sha256(f"{n} {text}".encode()).digest() for n in range(self._dimensions // 32 + 1))
        numbers = [byte - 127.5 for byte in digest[: self._dimensions]]
        length = sum(number * number for number in numbers) ** 0.5
        return [number / length for number in numbers]
