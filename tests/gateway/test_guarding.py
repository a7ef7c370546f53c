"""Guards stop what they must, let all else through as it was, and one that fails stops the call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.catalog import GuardSettings
from ferrata.errors import NotFound, UsageError
from ferrata.gateway import Blocked, BlocklistGuard, Finding, GuardFailed, Guards, build_guards
from ferrata.messages import ChatChunk, ChatResponse, Message, ToolCall, ToolCallDelta, Usage
from ferrata.plugins import hookimpl, plugin_manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class Asking:
    """A guard that asks somebody else: for words, at both points."""

    name = "asking"

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[Sequence[str]] = []

    async def on_input(self, texts: Sequence[str]) -> Finding | None:
        await asyncio.sleep(0)
        self.asked.append(texts)
        return Finding("word") if any(self.word in text for text in texts) else None

    def output(self) -> AskingWatch:
        return AskingWatch(self.word)


class AskingWatch:
    """Holds all until the end."""

    def __init__(self, word: str) -> None:
        self.word, self.text, self.blocked = word, "", None

    async def feed(self, text: str) -> str:
        await asyncio.sleep(0)
        self.text += text
        return ""

    async def end(self) -> str:
        await asyncio.sleep(0)
        self.blocked = Finding() if self.word in self.text else None
        return "" if self.blocked else self.text


class Broken:
    """Fails at a point, at once or when it is awaited."""

    name = "broken"

    def __init__(self, point: str) -> None:
        self.point = point
        self.blocked = None

    def on_input(self, texts: Sequence[str]) -> Any:
        if self.point == "input later":
            return self.later()
        if self.point == "input":
            raise RuntimeError(texts[0])
        return None

    def output(self) -> Any:
        if self.point == "output":
            raise RuntimeError("output")
        return self

    def feed(self, text: str) -> Any:
        if self.point == "feed later":
            return self.later()
        if self.point == "feed":
            raise RuntimeError(text)
        return text

    def end(self) -> str:
        raise RuntimeError("end")

    async def later(self) -> str:
        raise RuntimeError("later")


def both(*guards: Any) -> Guards:
    return Guards(at_input=guards, at_output=guards)


BAD = BlocklistGuard(["bad", "top secret"])
END = ChatChunk(finish="stop", usage=Usage(3, 4), id="r1", model="m")


async def pieces(*chunks: ChatChunk | str) -> AsyncIterator[ChatChunk]:
    for chunk in chunks:
        yield ChatChunk(chunk, id="r1", model="m") if isinstance(chunk, str) else chunk


def streamed(guards: Guards, *chunks: ChatChunk | str) -> tuple[list[ChatChunk], str]:
    async def run() -> tuple[list[ChatChunk], str]:
        output = guards.output()
        assert output is not None
        return [chunk async for chunk in output.stream(pieces(*chunks))], output.blocked

    return asyncio.run(run())


def test_guards_that_compute_answer_at_once() -> None:
    assert both(BAD).on_input(["all is well"]) is None
    with pytest.raises(Blocked) as caught:
        both(BAD).on_input(["fine", "a Top\nSecret thing"])
    assert (caught.value.guard, caught.value.reason, caught.value.status) == ("blocklist", "phrase 2", 400)
    assert "secret" not in str(caught.value).lower() + caught.value.hint


@pytest.mark.parametrize("order", [1, -1])
def test_guards_that_ask_are_awaited(order: int) -> None:
    asking = Asking("poison")
    guards = both(*[asking, BAD][::order])

    async def ask(text: str) -> None:
        if (waited := guards.on_input([text])) is not None:
            await waited

    asyncio.run(ask("fine"))
    assert asking.asked == [["fine"]]
    with pytest.raises(Blocked, match="'asking'"):
        asyncio.run(ask("poison"))
    with pytest.raises(Blocked, match="'blocklist'"):
        asyncio.run(ask("bad"))


@pytest.mark.parametrize("point", ["input", "input later"])
def test_a_guard_that_fails_stops_the_request(point: str) -> None:
    async def ask() -> None:
        if (waited := both(Broken(point)).on_input(["hidden words"])) is not None:
            await waited

    with pytest.raises(GuardFailed, match="'broken' failed") as caught:
        asyncio.run(ask())
    assert (caught.value.code, caught.value.status) == ("guard_failed", 500)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("point", ["output", "feed", "feed later", "end"])
@pytest.mark.parametrize("behind", [True, False])
def test_a_guard_that_fails_stops_the_answer(point: str, *, behind: bool) -> None:
    guards = both(BAD, Broken(point)) if behind else both(Broken(point), BAD)
    with pytest.raises(GuardFailed, match="'broken' failed"):
        streamed(guards, "some", " words", END)


def test_a_piece_that_is_part_of_nothing_goes_out_as_it_is() -> None:
    chunks = [ChatChunk("Hello", id="r1"), ChatChunk(" there.", id="r1"), END]
    out, blocked = streamed(both(BAD), *chunks)
    assert (out, blocked) == (chunks, "")
    assert all(a is b for a, b in zip(out[:2], chunks[:2], strict=True))


def test_a_stream_ends_before_a_blocked_phrase() -> None:
    out, blocked = streamed(both(BAD), "It is to", "p sec", "ret!", "More", END)
    assert [chunk.text for chunk in out] == ["It is ", ""]
    assert (out[-1].finish, out[-1].id, out[-1].model, blocked) == ("content_filter", "r1", "m", "blocklist")
    out, blocked = streamed(both(BAD), "It is bad", END)
    assert ("".join(chunk.text for chunk in out), out[-1].finish, blocked) == ("It is ", "content_filter", "blocklist")


def test_what_was_held_goes_out_at_the_end() -> None:
    out, blocked = streamed(both(BAD), "It is top", END)
    assert [(chunk.text, chunk.finish, chunk.usage) for chunk in out] == [
        ("It is ", None, None),
        ("top", "stop", Usage(3, 4)),
    ]
    assert not blocked


@pytest.mark.parametrize("order", [1, -1])
def test_guards_that_ask_hold_a_stream(order: int) -> None:
    guards = both(*[Asking("poison"), BAD][::order])
    out, blocked = streamed(guards, "a ", "b", END)
    assert ("".join(chunk.text for chunk in out), out[-1].finish, blocked) == ("a b", "stop", "")
    out, blocked = streamed(guards, "poi", "son", END)
    assert ("".join(chunk.text for chunk in out), out[-1].finish, blocked) == ("", "content_filter", "asking")
    out, blocked = streamed(guards, "a bad one", END)
    assert (out[-1].finish, blocked) == ("content_filter", "blocklist")
    assert "bad" not in "".join(chunk.text for chunk in out)


def test_calls_of_tools_are_looked_at_as_what_they_say() -> None:
    fine = (ToolCallDelta(0, "c1", "f", '{"x": '), ToolCallDelta(0, arguments='"ok"}'))
    out, blocked = streamed(both(BAD), "a", ChatChunk(tool_calls=fine[:1]), ChatChunk(tool_calls=fine[1:]), END)
    assert [(chunk.text, chunk.tool_calls, chunk.finish) for chunk in out] == [("a", (), None), ("", fine, "stop")]
    assert not blocked
    for arguments in ('{"x": ["b\\u0061d"]}', '{"x": "a\\nbad"}', '{"bad": 1}', "bad {"):
        call = ChatChunk(tool_calls=(ToolCallDelta(0, "c1", "f", arguments),))
        out, blocked = streamed(both(BAD), call, END)
        assert ([(c.tool_calls, c.finish) for c in out], blocked) == ([((), "content_filter")], "blocklist")


def test_a_stream_without_an_end_has_none() -> None:
    out, _ = streamed(both(BAD), "a", "b")
    assert [(chunk.text, chunk.finish) for chunk in out] == [("a", None), ("b", None)]


@pytest.mark.parametrize("guards", [both(BAD), both(Asking("poison"), BAD)], ids=["at once", "later"])
def test_a_whole_answer(guards: Guards) -> None:
    async def answer(text: str, arguments: str = "{}") -> ChatResponse:
        output = guards.output()
        assert output is not None
        calls = (ToolCall("c1", "f", arguments),)
        return await output.answer(
            ChatResponse("r", "m", Message("assistant", text, tool_calls=calls), usage=Usage(1, 2))
        )

    assert asyncio.run(answer("fine")).text == "fine"
    for found in (asyncio.run(answer("so bad")), asyncio.run(answer("ok", '{"a": "bad"}'))):
        assert (found.message, found.finish, found.usage) == (Message("assistant"), "content_filter", Usage(1, 2))


@given(text=st.text("abd \n", max_size=20), cuts=st.lists(st.integers(0, 20), max_size=6))
def test_however_a_stream_is_cut(text: str, cuts: list[int]) -> None:
    at = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    out, blocked = streamed(both(BAD), *(text[a:b] for a, b in zip(at, at[1:], strict=False)), END)
    said = "".join(chunk.text for chunk in out)
    if BAD.on_input([text]) is None:
        assert (said, out[-1].finish, out[-1].usage, blocked) == (text, "stop", Usage(3, 4), "")
    else:
        assert (text.startswith(said), out[-1].finish, blocked) == (True, "content_filter", "blocklist")


def test_guards_as_an_endpoint_declares_them() -> None:
    none = build_guards(GuardSettings())
    assert (none.looks_at_input, none.looks_at_output, none.output(), none.on_input(["bad"])) == (
        False,
        False,
        None,
        None,
    )
    only = build_guards(GuardSettings(blocklist=["bad"], points=["output"]))
    assert (only.looks_at_input, only.looks_at_output) == (False, True)
    with pytest.raises(UsageError, match="cannot be looked for"):
        build_guards(GuardSettings(blocklist=["\u200b"]))
    with pytest.raises(NotFound, match="no plugin has a guard 'acme'"):
        build_guards(GuardSettings(use=["acme"]))


def test_a_plugin_brings_a_guard() -> None:
    class Plugin:
        @hookimpl
        def guards(self) -> dict[str, Any]:
            return {"acme": Asking("poison")}

    plugin_manager.cache_clear()
    plugin_manager().register(Plugin())
    try:
        waited = build_guards(GuardSettings(use=["acme"])).on_input(["poison"])
    finally:
        plugin_manager.cache_clear()
    assert waited is not None
    with pytest.raises(Blocked, match="'asking'"):
        asyncio.run(asyncio.wait_for(waited, 5))
