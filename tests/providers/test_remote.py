from __future__ import annotations

import asyncio
import gzip
import time

import pytest
from asking import ask, read

from ferrata.errors import (
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelOverQuota,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from ferrata.messages import Usage
from ferrata.providers import (
    Access,
    FakeModel,
    FakeServer,
    HttpClient,
    RemoteEmbeddings,
    RemoteModel,
    Timeouts,
    assemble,
)
from ferrata.providers.wires import client_wires

WIRES = sorted(client_wires())
KEY = "sk-test-0123456789abcdef"


def model_at(server: FakeServer, http: HttpClient, wire: str = "openai-chat", **more: object) -> RemoteModel:
    access = Access(server.url, key=lambda: KEY)
    return RemoteModel("acme/small", "small", wire=client_wires()[wire], access=access, http=http, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_comes_whole_or_in_pieces(server: FakeServer, run, wire: str) -> None:
    async def work(http: HttpClient):
        model = model_at(server, http, wire)
        request = ask(max_tokens=100)
        return await model.chat(request), await read(model, request)

    whole, pieces = run(work)
    assert whole.text == "How long is the warranty?"
    assert (whole.finish, whole.usage, whole.model) == ("stop", Usage(5, 5), "echo")
    assert 0 < whole.latency < 5
    assert [chunk.text for chunk in pieces] == ["How", " long", " is", " the", " warranty?", ""]
    joined = assemble(pieces)
    assert (joined.message, joined.finish, joined.usage, joined.id) == (
        whole.message,
        whole.finish,
        whole.usage,
        whole.id,
    )
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


BROKEN = [
    ("html", ModelBadResponse, "web page"),
    ("garbage", ModelBadResponse, "valid JSON"),
    ("list", ModelBadResponse, "list"),
    ("nothing", ModelBadResponse, "nothing"),
    ("hang up", ModelBadResponse, "broke"),
    ("half", ModelBadResponse, "broke"),
    ("redirect", ModelBadResponse, "302"),
    (ModelDenied("Incorrect API key provided"), ModelDenied, "Incorrect API key"),
    (ModelBusy("slow down", retry_after=7), ModelBusy, "slow down"),
    (ModelOverQuota("You exceeded your current quota"), ModelOverQuota, "quota"),
    (ModelRequestInvalid("unknown parameter: 'temprature'"), ModelRequestInvalid, "'temprature'"),
    (ModelUnavailable("out of order"), ModelUnavailable, "out of order"),
]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("how", "kind", "words"), BROKEN, ids=lambda v: v if isinstance(v, str) else None)
def test_a_broken_answer_is_a_precise_error(server: FakeServer, run, wire, how, kind: type[ModelError], words) -> None:
    async def work(http: HttpClient) -> None:
        await model_at(server, http, wire).chat(ask(max_tokens=5))

    server.fail(how)
    with pytest.raises(ModelError) as caught:
        run(work)
    assert type(caught.value) is kind
    assert words in caught.value.message
    assert caught.value.message.startswith("acme/small")
    if kind is ModelBusy:
        assert caught.value.retry_after == 7


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("half", ModelBadResponse, "in the middle"),
        ("html", ModelBadResponse, "web page"),
        ("hang up", ModelBadResponse, "broke"),
        ("nothing", ModelBadResponse, "nothing"),
        (ModelBusy("slow down"), ModelBusy, "slow down"),
        (ModelDenied("no"), ModelDenied, "denied"),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_a_broken_stream_is_a_precise_error(server: FakeServer, run, wire, how, kind, words) -> None:
    async def work(http: HttpClient) -> None:
        await read(model_at(server, http, wire), ask(max_tokens=5))

    server.fail(how)
    with pytest.raises(ModelError) as caught:
        run(work)
    assert type(caught.value) is kind
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("how", "streamed", "words"),
    [
        ("silence", False, "no answer within 0.2 s"),
        ("silence", True, "no answer within 0.1 s"),
        ("stall", True, "the next piece took longer than 0.1 s"),
    ],
)
def test_silence_ends_in_time(server: FakeServer, run, how, streamed: bool, words: str) -> None:
    limits = Timeouts(total=0.2, first_byte=0.1, between=0.1)

    async def work(http: HttpClient) -> None:
        model = model_at(server, http, timeouts=limits)
        await (read(model, ask()) if streamed else model.chat(ask()))

    server.fail(how)
    start = time.monotonic()
    with pytest.raises(ModelTimeout, match=words):
        run(work)
    assert time.monotonic() - start < 3


def test_a_stream_that_never_ends_is_cut_at_the_total(run) -> None:
    with FakeServer(FakeModel([" ".join("x" * 1000)], delay=0.02)) as server:

        async def work(http: HttpClient) -> None:
            await read(model_at(server, http, timeouts=Timeouts(total=0.3)), ask())

        with pytest.raises(ModelTimeout, match="the whole answer took longer than 0.3 s"):
            run(work)


def test_nobody_listens(run) -> None:
    with FakeServer() as gone:
        pass

    async def work(http: HttpClient) -> None:
        await model_at(gone, http).chat(ask())

    with pytest.raises(ModelUnavailable, match="no connection to 'http://127.0.0.1"):
        run(work)


@pytest.mark.parametrize("streamed", [False, True])
def test_giving_up_ends_the_request_at_the_vendor(run, streamed: bool) -> None:
    with FakeServer(FakeModel([" ".join("x" * 500)], delay=0.05)) as server:

        async def work(http: HttpClient) -> None:
            model = model_at(server, http)
            if streamed:
                chunks = model.stream(ask())
                await anext(chunks)
                await chunks.aclose()
            else:
                server.fail("silence")
                task = asyncio.ensure_future(model.chat(ask()))
                await asyncio.sleep(0.1)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            for _ in range(100):
                if server.aborted:
                    break
                await asyncio.sleep(0.02)

        run(work)
        assert server.aborted == 1


def test_the_key_never_shows(server: FakeServer, run) -> None:
    with FakeServer(key="another") as strict:
        access = Access(strict.url, key=lambda: KEY)
        model = RemoteModel("a/b", "b", wire=client_wires()["openai-chat"], access=access, http=HttpClient())
        assert KEY not in repr(model) + repr(access)

        async def work(http: HttpClient) -> None:
            await model_at(strict, http).chat(ask())

        with pytest.raises(ModelDenied) as caught:
            run(work)
    assert caught.value.message == "acme/small denied access (status 401): Incorrect API key provided: ***"
    assert caught.value.request_id == "req_1"


@pytest.mark.parametrize("key", ["", "  ", "line\nline", "sk-\u00e9"])
def test_a_key_that_is_none(server: FakeServer, run, key: str) -> None:
    async def work(http: HttpClient) -> None:
        access = Access(server.url, key=lambda: key)
        model = RemoteModel("a/b", "b", wire=client_wires()["openai-chat"], access=access, http=http)
        await model.chat(ask())

    with pytest.raises(ModelDenied, match="the key for a/b is empty, or not a line"):
        run(work)
    assert server.received == []


def test_a_failure_inside_a_status_200(server: FakeServer, run) -> None:
    async def work(http: HttpClient) -> None:
        await model_at(server, http).chat(ask())

    server.answer(200, b'{"error": {"message": "upstream is gone", "code": 502}}')
    with pytest.raises(ModelUnavailable, match="upstream is gone"):
        run(work)


def test_embeddings(server: FakeServer, run) -> None:
    async def work(http: HttpClient):
        return await RemoteEmbeddings("a/e", "e", access=Access(server.url), http=http).embed(["a b", "c", "a b"])

    found = run(work)
    assert found.vectors[0] == found.vectors[2] != found.vectors[1]
    assert len(found.vectors[0]) == 8
    assert found.usage == Usage(5, 0)


def test_embeddings_of_another_shape(server: FakeServer, run) -> None:
    async def work(http: HttpClient):
        return await RemoteEmbeddings("a/e", "e", access=Access(server.url), http=http).embed(["a", "b"])

    server.answer(200, b'{"data": [{"index": 0, "embedding": [1, 2]}]}')
    with pytest.raises(ModelBadResponse, match="1 vectors for 2 texts"):
        run(work)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (204, b"", {}, "sent no answer (status 204)"),
        (202, b"", {}, "sent no answer (status 202)"),
        (200, b"", {}, "nothing"),
        (200, b"\x1f\x8bnot gzip at all", {"content-encoding": "gzip"}, "not compressed as its headers say"),
        (200, gzip.compress(b"{}"), {}, "with compressed bytes that its headers do not name"),
        (200, b"", {"content-type": "text/event-stream"}, "nothing"),
        (200, gzip.compress(b"{}"), {"content-type": "text/event-stream"}, "bytes"),
    ],
    ids=["204", "202", "nothing", "broken gzip", "bare gzip", "empty stream", "rubbish stream"],
)
def test_what_is_no_answer_says_what_to_do(
    server: FakeServer, run, status: int, body: bytes, headers: dict[str, str], words: str, *, streamed: bool
) -> None:
    async def work(http: HttpClient) -> None:
        model = model_at(server, http)
        await (read(model, ask()) if streamed else model.chat(ask()))

    server.answer(status, body, headers)
    with pytest.raises(ModelBadResponse) as caught:
        run(work)
    assert words in caught.value.message
    assert caught.value.message.startswith("acme/small")
    assert "`url`" in caught.value.hint
    assert "try again" in caught.value.hint or "gateway" in caught.value.hint


def test_half_a_stream_says_what_to_do(server: FakeServer, run) -> None:
    async def work(http: HttpClient) -> None:
        await read(model_at(server, http), ask())

    server.fail("half")
    with pytest.raises(ModelBadResponse, match="in the middle of the answer") as caught:
        run(work)
    assert "try again" in caught.value.hint
