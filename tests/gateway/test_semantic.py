"""Answers by the meaning of a question: whose, of what, how near and how many."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import ModelUnavailable
from ferrata.gateway import AnswerScope, Lookup, SemanticCache, Stored, question_of
from ferrata.messages import Embeddings
from ferrata.providers.local import LocalEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

CHAT = "/v1/chat/completions"
SCOPE = AnswerScope("team:a", "support", "v1", CHAT)
ANSWER = Stored(200, (), b"answer")
ASKED = "How do I reset my password?"
AGAIN = "how can I reset my password"


def body(text: str = ASKED, **more: object) -> dict[str, Any]:
    system = {"role": "system", "content": "Be kind."}
    return {"model": "support", "messages": [system, {"role": "user", "content": text}], **more}


class Counted:
    """Vectors that say how often each letter comes: the order of letters means nothing."""

    name = "test/letters"

    def __init__(self) -> None:
        self.length = 30
        self.error: Exception | None = None
        self.wait = 0.0
        self.asked = 0

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        self.asked += 1
        if self.wait:
            await asyncio.sleep(self.wait)
        if self.error is not None:
            raise self.error
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"[: self.length]
        return Embeddings(self.name, [[float(text.count(letter)) for letter in letters] for text in texts])


class Ticks:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def local(threshold: float) -> SemanticCache:
    cache = SemanticCache(LocalEmbeddings(), threshold=threshold, patience=30)
    await cache.warm()
    return cache


async def ask(cache: SemanticCache, asked: dict[str, Any], scope: AnswerScope = SCOPE) -> Lookup:
    found = await cache.find(scope, asked)
    assert found is not None
    return found


async def keep(cache: SemanticCache, asked: dict[str, Any], stored: Stored = ANSWER) -> None:
    found = await ask(cache, asked)
    assert found.stored is None
    assert cache.keep(found, stored, complete=True)


def test_a_question_that_means_the_same_gets_the_answer() -> None:
    async def run() -> None:
        cache = await local(0.85)
        await keep(cache, body())
        found = await ask(cache, body(AGAIN))
        assert found.stored is ANSWER and 0.9 < found.cosine < 1
        assert (await ask(cache, body())).stored is ANSWER
        for text in ("How do I change my password?", "How do I not reset my password?", "What is the weather?"):
            assert (await ask(cache, body(text))).stored is None
        assert (await ask(cache, body(AGAIN), SCOPE)).cosine == found.cosine

    asyncio.run(run())


def test_the_threshold_decides_and_of_several_the_nearest_is_taken() -> None:
    async def run() -> None:
        cache = await local(0.97)
        await keep(cache, body())
        assert (await ask(cache, body("how do i reset my password"))).stored is None  # 0.93
        near = Stored(200, (), b"nearest")
        cache = await local(0.85)
        await keep(cache, body())
        for text, stored in ((AGAIN, near), ("How do I reset his password?", replace(ANSWER, body=b"his"))):
            assert cache.keep(await ask(cache, body(text)), stored, complete=True)
        assert (await ask(cache, body(AGAIN + "?"))).stored is near
        exact = await local(1.0)
        await keep(exact, body())
        assert (await ask(exact, body())).stored is ANSWER

    asyncio.run(run())


@pytest.mark.parametrize("field", AnswerScope._fields)
def test_no_answer_goes_to_another_tenant_endpoint_table_or_path(field: str) -> None:
    async def run() -> None:
        cache = SemanticCache(Counted(), threshold=0.5)
        await keep(cache, body())
        other = SCOPE._replace(**{field: "/v2/chat/completions"})
        assert (await ask(cache, body(), other)).stored is None
        assert (await ask(cache, body())).stored is ANSWER

    asyncio.run(run())


@pytest.mark.parametrize(
    "other",
    [
        body(temperature=0),
        body(temperature=0.0),
        body(temperature=False),
        body(stream=True),
        body() | {"messages": [{"role": "user", "content": ASKED}]},
        body() | {"messages": [{"role": "system", "content": "Be rude."}, body()["messages"][1]]},
        body() | {"messages": [body()["messages"][0], {"role": "user", "name": "x", "content": ASKED}]},
        body() | {"messages": [body()["messages"][0], {"role": "user", "content": [{"type": "text", "text": ASKED}]}]},
        body() | {"messages": None, "input": ASKED},
    ],
)
def test_all_but_the_question_must_be_identical(other: dict[str, Any]) -> None:
    async def run() -> None:
        cache = SemanticCache(Counted(), threshold=0.5)
        await keep(cache, body())
        found = await cache.find(SCOPE, other)
        assert found is None or found.stored is None
        assert (await ask(cache, body(user="bob"))).stored is ANSWER

    asyncio.run(run())


def test_images_beside_the_question_belong_to_the_rest() -> None:
    def with_image(text: str, url: str) -> dict[str, Any]:
        image = {"type": "image_url", "image_url": {"url": url}}
        return {"messages": [{"role": "user", "content": [image, {"type": "text", "text": text}]}]}

    one, two = question_of(CHAT, with_image("What is it?", "u1")), question_of(CHAT, with_image("What's it?", "u1"))
    other = question_of(CHAT, with_image("What is it?", "u2"))
    assert one and two and other
    assert (one[0], two[0], one[1]) == ("What is it?", "What's it?", two[1])
    assert one[1] != other[1]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/embeddings", {"input": "a"}),
        (CHAT, body(tools=[{"type": "function"}])),
        (CHAT, body("x" * 401)),
        (CHAT, body(" \n")),
        (CHAT, {"messages": []}),
        (CHAT, {"messages": "a"}),
        (CHAT, {"messages": ["a"]}),
        (CHAT, {"messages": [{"role": "assistant", "content": "a"}]}),
        (CHAT, {"messages": [{"role": "user", "content": None}]}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}] * 2}]}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
        (CHAT, {}),
    ],
)
def test_what_is_no_question_to_share(path: str, asked: dict[str, Any]) -> None:
    assert question_of(path, asked) is None


def test_the_formats_of_questions() -> None:
    assert question_of("/v1/responses", {"input": "a", "n": 1}) == ("a", {"input": None, "n": 1})
    items = [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]
    rest = {"input": [{"role": "user", "content": [{"type": "input_text", "text": None}]}]}
    assert question_of("/v1/responses", {"input": items}) == ("a", rest)
    assert items[0]["content"][0]["text"] == "a"  # pyright: ignore[reportArgumentType]
    asked = question_of("/v1/messages", {"system": "s", "messages": [{"role": "user", "content": "a"}]})
    assert asked == ("a", {"system": "s", "messages": [{"role": "user", "content": None}]})


def test_only_whole_good_answers_without_tool_calls_are_kept() -> None:
    async def run() -> None:
        cache = SemanticCache(Counted(), threshold=0.5)
        found = await ask(cache, body())
        assert not cache.keep(found, ANSWER, complete=False)
        assert not cache.keep(found, ANSWER, complete=True, guarded=True)
        assert not cache.keep(found, replace(ANSWER, status=500), complete=True)
        assert not cache.keep(found, replace(ANSWER, tool_calls=True), complete=True)
        assert (await ask(cache, body())).stored is None
        assert (len(cache), cache.size) == (0, 0)

    asyncio.run(run())


def test_answers_go_when_their_time_is_over_or_there_are_too_many() -> None:
    async def run() -> None:
        clock = Ticks()
        cache = SemanticCache(Counted(), threshold=0.5, most=3, seconds=5.0, clock=clock)
        for number, text in enumerate(["abc", "def", "ghi", "jkl"]):
            clock.now += 1
            await keep(cache, body(text), Stored(200, (), str(number).encode()))
            assert len(cache) == min(number + 1, 3)
        found = [(await ask(cache, body(text))).stored for text in ("abc", "def", "jkl")]
        assert [one and one.body for one in found] == [None, b"1", b"3"]
        clock.now = 107.0  # five seconds after the second was kept
        found = [(await ask(cache, body(text))).stored for text in ("def", "ghi")]
        assert [one and one.body for one in found] == [None, b"2"]
        clock.now = 200.0
        assert (await ask(cache, body("ghi"))).stored is None
        assert (len(cache), cache.size) == (0, 0)

    asyncio.run(run())


def test_the_bytes_of_all_answers_are_bounded_and_those_used_least_go_first() -> None:
    async def run() -> None:
        cache = SemanticCache(Counted(), threshold=0.5, most_bytes=10_000)
        large = Stored(200, (), b"x" * 1_000)  # 3,000 with what is guessed around it
        for seed in (1, 2, 3):
            await keep(cache, body("abc", seed=seed), large)
        assert (await ask(cache, body("abc", seed=1))).stored is large
        await keep(cache, body("abc", seed=4), large)
        found = [(await ask(cache, body("abc", seed=seed))).stored for seed in (1, 2, 3, 4)]
        assert found == [large, None, large, large]
        assert (len(cache), cache.size) == (3, 9_000)
        cache.clear()
        assert (len(cache), cache.size) == (0, 0)

    asyncio.run(run())


def test_so_many_stand_beside_one_another_and_rows_are_used_again() -> None:
    async def run() -> None:
        cache = SemanticCache(Counted(), threshold=0.999)
        found = await ask(cache, body("abc"))
        for number in range(2_100):
            assert cache.keep(found, Stored(200, (), str(number).encode()), complete=True)
        assert (len(cache), cache.size) == (2_000, 2_000 * 2_000 + sum(len(str(n)) for n in range(100, 2_100)))

    asyncio.run(run())


def test_without_an_embedding_nothing_is_found_and_nothing_fails() -> None:
    async def run() -> None:
        model = Counted()
        clock = Ticks()
        cache = SemanticCache(model, threshold=0.5, patience=0.01, pause=5.0, clock=clock)
        await cache.warm()
        await keep(cache, body())
        model.error = ModelUnavailable("away")
        assert await cache.find(SCOPE, body()) is None
        with pytest.raises(ModelUnavailable):
            await cache.warm()
        model.error, model.wait = None, 1.0
        asked = model.asked
        assert await cache.find(SCOPE, body()) is None
        assert model.asked == asked  # it is left alone for a while
        clock.now += 5.0
        assert await cache.find(SCOPE, body()) is None
        assert model.asked == asked + 1
        model.wait = 0.0
        clock.now += 5.0
        assert await cache.find(SCOPE, body("!!!")) is None  # a vector of zeros
        model.length = 26  # another model's vectors
        await keep(cache, body())
        assert len(cache) == 1
        assert (await ask(cache, body())).stored is ANSWER

    asyncio.run(run())
