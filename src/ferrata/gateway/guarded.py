"""One answer, looked at by guards as it comes: what may go out when, and what a stopped answer looks like.

Knows no guard by name, and no wire format.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from ferrata.errors import FerrataError
from ferrata.messages import ChatChunk, Message, ToolCallDelta

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from ferrata.messages import ChatResponse

__all__ = ["GuardFailed", "GuardedOutput", "OutputWatch"]


class GuardFailed(FerrataError):
    """A guard could not look at a text, which therefore went no further.

    Attributes:
        guard: its name.
    """

    code = "guard_failed"

    def __init__(self, guard: str) -> None:
        super().__init__(f"the guard {guard!r} failed", hint="try again, or tell who runs this endpoint")
        self.guard = guard


class OutputWatch(Protocol):
    """Looks at one answer, as it comes.

    Attributes:
        blocked: anything but None ends the answer; what `feed` and `end` gave with it may still go out.
    """

    @property
    def blocked(self) -> object:
        """What was found, or None."""
        ...

    def feed(self, text: str) -> str | Awaitable[str]:
        """What of the text so far may go out now, and has not yet."""
        ...

    def end(self) -> str | Awaitable[str]:
        """What was held back, once the text is over."""
        ...


class GuardedOutput:
    """Looks at one answer with all watches, each at what the one before let through.

    Attributes:
        blocked: the name of the guard that ended the answer, or empty. Whoever reads on then is wrong.
    """

    def __init__(self, watches: Sequence[tuple[str, OutputWatch]], fresh: Callable[[], GuardedOutput | None]) -> None:
        self._watches = tuple(watches)
        self._fresh = fresh
        self._calls = list[ToolCallDelta]()
        self.blocked = ""

    def feed(self, text: str) -> str | Awaitable[str]:
        """What may go out now; to be awaited if it is no text.

        Raises:
            GuardFailed: a guard failed.
        """
        return self._through(0, text)

    def _through(self, at: int, text: str) -> str | Awaitable[str]:
        for i in range(at, len(self._watches)):
            if not text:
                return ""
            name, watch = self._watches[i]
            try:
                said = watch.feed(text)
            except Exception as error:
                raise GuardFailed(name) from error
            if not isinstance(said, str):
                return self._later(i, said)
            text = said
            if watch.blocked is not None:
                return self._last(i, text)
        return text

    async def _later(self, at: int, waited: Awaitable[str]) -> str:
        name, watch = self._watches[at]
        try:
            text = await waited
        except Exception as error:
            raise GuardFailed(name) from error
        said = self._last(at, text) if watch.blocked is not None else self._through(at + 1, text)
        return said if isinstance(said, str) else await said

    def _last(self, at: int, text: str) -> str | Awaitable[str]:
        """A watch found something: what came before it is still for those behind to look at."""
        self.blocked = self.blocked or self._watches[at][0]
        if at + 1 == len(self._watches):
            return text
        return self._rest(at + 1, text)

    async def end(self) -> str:
        """What was held back, once the answer is over.

        Raises:
            GuardFailed: a guard failed.
        """
        return await self._rest(0, "")

    async def _rest(self, at: int, text: str) -> str:
        for name, watch in self._watches[at:]:
            try:
                said = (await _value(watch.feed(text))) if text else ""
                if watch.blocked is None:
                    said += await _value(watch.end())
            except Exception as error:
                raise GuardFailed(name) from error
            text = said
            if watch.blocked is not None:
                self.blocked = name
        return text

    async def stream(self, chunks: AsyncIterator[ChatChunk]) -> AsyncGenerator[ChatChunk]:
        """The pieces of an answer, as far as they may go out.

        A piece whose text cannot be part of anything goes out as it is. Calls of tools wait for the end of the answer, since
        a phrase in their JSON may be written with escapes. Log probabilities go with a piece whose text was held. Where a guard ends the answer, the last piece says
        `content_filter`, and `chunks` is left where it is: the caller closes it.

        Raises:
            GuardFailed: a guard failed.
        """
        last = ChatChunk()
        async for chunk in chunks:
            last = chunk
            said = ""
            if chunk.text:
                given = self.feed(chunk.text)
                said = given if isinstance(given, str) else await given
            if chunk.tool_calls:
                self._calls += chunk.tool_calls
            if self.blocked:
                break
            if chunk.finish is not None:
                said += await self.end()
                if self.blocked or await self._objects_to_calls():
                    break
                # Text first, so that none comes after the calls.
                yield replace(chunk, text=said, tool_calls=tuple(self._calls))
                return
            if said == chunk.text and not chunk.tool_calls:
                yield chunk
            elif said:
                yield replace(chunk, text=said, tool_calls=(), logprobs=())
        else:
            return
        if said:
            yield ChatChunk(said, id=last.id, model=last.model)
        yield ChatChunk(finish="content_filter", usage=last.usage, id=last.id, model=last.model)

    async def answer(self, response: ChatResponse) -> ChatResponse:
        """A whole answer; where a guard objects, one that says nothing and ends with `content_filter`.

        Raises:
            GuardFailed: a guard failed.
        """
        given = self.feed(response.text)
        if not isinstance(given, str):
            await given
        await self.end()
        calls = [call.arguments for call in response.message.tool_calls]
        if self.blocked or await self._objects(text for one in calls for text in _strings(one)):
            return replace(response, message=Message("assistant"), finish="content_filter", logprobs=None)
        return response

    async def _objects_to_calls(self) -> bool:
        arguments: dict[int, str] = {}
        for call in self._calls:
            arguments[call.index] = arguments.get(call.index, "") + call.arguments
        return await self._objects(text for one in arguments.values() for text in _strings(one))

    async def _objects(self, texts: Iterable[str]) -> bool:
        """Whether a guard objects to one of the texts, each looked at alone."""
        for text in texts:
            fresh = self._fresh()
            if fresh is None:
                return False
            given = fresh.feed(text)
            if not isinstance(given, str):
                await given
            if not fresh.blocked:
                await fresh.end()
            if fresh.blocked:
                self.blocked = fresh.blocked
                return True
        return False


async def _value(given: str | Awaitable[str]) -> str:
    return given if isinstance(given, str) else await given


def _strings(arguments: str) -> list[str]:
    """The texts in the JSON of a call's arguments; what is no JSON is one text."""
    try:
        stack: list[Any] = [json.loads(arguments)]
    except (ValueError, RecursionError):
        return [arguments]
    found = list[str]()
    while stack:
        here = stack.pop()
        if isinstance(here, str):
            found.append(here)
        elif isinstance(here, dict):
            stack += cast("dict[str, Any]", here).values()
            found += cast("dict[str, Any]", here)
        elif isinstance(here, list):
            stack += cast("list[Any]", here)
    return found
