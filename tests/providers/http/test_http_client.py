from __future__ import annotations

import asyncio
import gzip
import random
import threading
import time
import zlib

import pytest
from serving import LIMITS, Seen, Visit, answer, asked, get, serving, settled

from ferrata.errors import ModelBadResponse, ModelError, ModelRequestInvalid, ModelTimeout, ModelUnavailable
from ferrata.providers import HttpClient, Timeouts

LONG = b"0123456789" * 20_000


def always(*answers: bytes):
    """Gives these answers, one to each request, on every connection anew; the last one again and again."""

    async def script(visit: Visit) -> None:
        for number in range(1000):
            await visit.request()
            await visit.send(answers[min(number, len(answers) - 1)])

    return script


def once(data: bytes, pause: float | None = None):
    """Sends these bytes to the first request of a connection and closes it."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(data, pause=pause)

    return script


def chunked(*pieces: bytes, more: str = "") -> bytes:
    body = b"".join(f"{len(piece):x}{more}\r\n".encode() + piece + b"\r\n" for piece in (*pieces, b""))
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body


RAW = zlib.compressobj(wbits=-15)
RAW_BODY = RAW.compress(LONG) + RAW.flush()


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (answer(b"ok"), b"ok"),
        (answer(b""), b""),
        (answer(LONG), LONG),
        (chunked(b"a", b"bc", LONG), b"abc" + LONG),
        (chunked(b"ab", more=";name=value"), b"ab"),
        (chunked(b"ab")[:-2] + b"x-after: 1\r\n\r\n", b"ab"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + LONG, LONG),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\n" + answer(b"ok"), b"ok"),
        (answer(gzip.compress(LONG), "content-encoding: gzip"), LONG),
        (answer(gzip.compress(b"a") + gzip.compress(b"b"), "Content-Encoding: x-gzip"), b"ab"),
        (answer(zlib.compress(LONG), "content-encoding: deflate"), LONG),
        (answer(RAW_BODY, "content-encoding: deflate"), LONG),
        (answer(gzip.compress(zlib.compress(LONG)), "content-encoding: deflate, gzip"), LONG),
        (answer(b"plain", "content-encoding: identity"), b"plain"),
        (answer(b"", "content-encoding: gzip"), b""),
    ],
    ids=range(17),
)
@pytest.mark.parametrize("streamed", [False, True])
def test_bodies_however_they_are_sent(data: bytes, body: bytes, *, streamed: bool) -> None:
    async def work(http: HttpClient, seen: Seen) -> bytes:
        if not streamed:
            return await get(http, seen)
        async with http.stream(seen.url, {}, {}, timeouts=LIMITS, who="test") as found:
            return await found.whole()

    found, _ = asked(once(data), work)
    assert found == body


@pytest.mark.parametrize("streamed", [False, True])
def test_bodies_byte_by_byte(*, streamed: bool) -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + chunked(*(bytes([c]) for c in gzip.compress(b"slow")))
    data = data.replace(b"transfer-encoding", b"content-encoding: gzip\r\ntransfer-encoding")

    async def work(http: HttpClient, seen: Seen) -> bytes:
        if not streamed:
            return await get(http, seen)
        async with http.stream(seen.url, {}, {}, timeouts=LIMITS, who="test") as found:
            return await found.whole()

    assert asked(once(data, pause=0), work)[0] == b"slow"


JUNK = [
    b"junk\r\n\r\n",
    b"\x00\x01\x02" * 100,
    b"HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\nok",
    b"HTTP/1.1 2x0 OK\r\ncontent-length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx: \x01\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 60_000,
    b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + b"x: y\r\n" * 60_000,
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;" + b"x" * 300_000,
    answer(b"ok", "content-encoding: br"),
    answer(b"not gzip", "content-encoding: gzip"),
    answer(gzip.compress(LONG)[:-5], "content-encoding: gzip"),
    answer(b"ok", "content-encoding: gzip, gzip, gzip, gzip"),
]


@pytest.mark.parametrize("data", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("streamed", [False, True])
def test_junk_is_an_error_at_once_and_ends_the_connection(data: bytes, *, streamed: bool) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(data)
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> ModelError:
        with pytest.raises(ModelBadResponse) as caught:
            if streamed:
                async with http.stream(seen.url, {}, {}, timeouts=LIMITS, who="acme/small") as found:
                    await found.whole()
            else:
                await http.get(seen.url, {}, timeouts=LIMITS, who="acme/small")
        return caught.value

    start = time.monotonic()
    found, seen = asked(script, work)
    assert found.message.startswith("acme/small")
    assert time.monotonic() - start < 3
    assert seen.opened == 1


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_that_is_too_large_is_cut_off(coding: str, *, streamed: bool) -> None:
    zeros = b"\0" * 70_000_000
    body = gzip.compress(zeros, 1) if coding else zeros
    more = [f"content-encoding: {coding}"] if coding else []

    async def work(http: HttpClient, seen: Seen) -> None:
        with pytest.raises(ModelBadResponse, match="more than 64,000,000 bytes"):
            if streamed:
                async with http.stream(seen.url, {}, {}, timeouts=LIMITS, who="test") as found:
                    await found.whole()
            else:
                await get(http, seen)

    asked(once(answer(body, *more)), work)


WHOLE = [answer(b"hello"), chunked(b"he", b"llo"), answer(gzip.compress(b"hello"), "content-encoding: gzip")]


@pytest.mark.parametrize("data", WHOLE, ids=["length", "chunked", "gzip"])
def test_an_answer_that_ends_at_any_byte_is_an_error(data: bytes) -> None:
    """The server closes after each number of bytes but the last; no part passes for a whole answer."""
    ends = iter(range(len(data)))

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(data[: next(ends)])

    async def work(http: HttpClient, seen: Seen) -> None:
        for _ in range(len(data)):
            with pytest.raises(ModelBadResponse, match="broke"):
                await get(http, seen)

    _, seen = asked(script, work)
    assert seen.opened == len(data)


def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"%d" % visit.number))

    async def work(http: HttpClient, seen: Seen) -> list[bytes]:
        return [await get(http, seen) for _ in range(5)]

    found, seen = asked(script, work)
    assert found == [b"1", b"2", b"3", b"4", b"5"]
    assert len(seen.requests) == 5


def test_a_request_is_sent_again_if_a_used_connection_is_closed_by_it() -> None:
    """Only once, only on a connection that was used before, and only if no byte of an answer came."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"first"))
        await visit.request()  # and closes
        if visit.number == 2:
            await visit.send(b"H")

    async def work(http: HttpClient, seen: Seen) -> None:
        assert [await get(http, seen) for _ in range(2)] == [b"first", b"first"]
        assert len(seen.requests) == 3
        with pytest.raises(ModelBadResponse, match="broke before"):
            await get(http, seen)
        assert len(seen.requests) == 4

    asked(script, work)


def test_a_request_on_a_fresh_connection_is_never_sent_again() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()

    async def work(http: HttpClient, seen: Seen) -> None:
        with pytest.raises(ModelBadResponse, match="broke before"):
            await get(http, seen)

    assert len(asked(script, work)[1].requests) == 1


@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_two_answers_to_one_request_never_reach_the_next_one(pause: float) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        if pause:
            await visit.send(answer(b"mine"))
            await asyncio.sleep(pause)
            await visit.send(answer(b"not yours"))
        else:
            await visit.send(answer(b"mine") + answer(b"not yours"))
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> list[bytes]:
        found: list[bytes] = []
        for _ in range(4):
            found.append(await get(http, seen))
            time.sleep(2 * pause)  # the loop has no turn in which to see what came
            await asyncio.sleep(2 * pause)
        assert await settled(lambda: seen.gone == 4)
        return found

    found, seen = asked(script, work)
    assert found == [b"mine"] * 4
    assert seen.opened == 4


def test_an_answer_after_the_last_one_is_not_read() -> None:
    data = answer(b"ok", "connection: close") + answer(b"late")
    found, seen = asked(once(data), lambda http, seen: get(http, seen))
    assert (found, seen.opened) == (b"ok", 1)


def test_every_caller_has_the_answer_to_its_own_request() -> None:
    """Many callers, a server that answers in any order and breaks off now and then, callers that give up."""
    chance = random.Random(7)

    async def script(visit: Visit) -> None:
        while True:
            head, body = await visit.request()
            await asyncio.sleep(chance.random() * 0.004)
            fate = chance.random()
            data = answer(body) if fate < 0.6 else chunked(body[:3], body[3:])
            await visit.send(data if fate < 0.95 else data[: chance.randrange(len(data))])
            if fate >= 0.9:
                return

    async def work(http: HttpClient, seen: Seen) -> None:
        async def one(number: int) -> str:
            limits = Timeouts(total=0.003 if number % 11 == 0 else 5)
            try:
                found = await http.post(seen.url, {"number": number}, {}, timeouts=limits, who="test")
            except (ModelBadResponse, ModelTimeout):
                return "failed"
            assert found.body == b'{"number":%d}' % number
            return "answered"

        async def caller(first: int) -> list[str]:
            found: list[str] = []
            for number in range(first, first + 40):
                task = asyncio.ensure_future(one(number))
                if number % 7 == 0:
                    await asyncio.sleep(chance.random() * 0.003)
                    task.cancel()
                result = await asyncio.gather(task, return_exceptions=True)
                assert not isinstance(result[0], BaseException) or isinstance(result[0], asyncio.CancelledError)
                found.append(str(result[0]))
            return found

        rounds = await asyncio.gather(*(caller(40 * number) for number in range(20)))
        said = [word for one in rounds for word in one]
        assert said.count("answered") > 400
        assert said.count("failed") > 10
        assert seen.open_now <= 20
        await http.aclose()
        assert await settled(lambda: seen.open_now == 0)

    asked(script, work)


def test_an_answer_before_the_request_was_sent_whole() -> None:
    """A server that refuses a large request and closes is heard, and what is left unsent goes to nobody."""

    async def script(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await visit.send(answer(b"too large", "connection: close", status="413 Large"))
        if visit.number == 1:
            await asyncio.sleep(0.05)
        # closing with bytes unread resets the connection

    async def work(http: HttpClient, seen: Seen) -> None:
        for _ in range(3):
            found = await http.post(seen.url, {"text": "x" * 30_000_000}, {}, timeouts=LIMITS, who="test")
            assert (found.status, found.body) == (413, b"too large")

    assert asked(script, work)[1].opened == 3


def test_an_early_answer_leaves_no_half_request_on_the_connection() -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await visit.send(answer(b"early"))
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> None:
        found = await http.post(seen.url, {"text": "x" * 30_000_000}, {}, timeouts=LIMITS, who="test")
        assert found.body == b"early"
        assert await settled(lambda: seen.gone == 1)

    asked(script, work)


def test_a_stream_waits_for_a_slow_reader() -> None:
    sent = [0]

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 60000000\r\n\r\n")
        for _ in range(600):
            await visit.send(b"x" * 100_000)
            sent[0] += 100_000

    async def work(http: HttpClient, seen: Seen) -> int:
        size = 0
        async with http.stream(seen.url, {}, {}, timeouts=LIMITS, who="test") as found:
            async for chunk in found.chunks():
                size += len(chunk)
                if size < 1_000_000:
                    await asyncio.sleep(0.3)
                    assert sent[0] < 20_000_000  # what the kernel holds on both sides
        return size

    assert asked(script, work)[0] == 60_000_000


@pytest.mark.parametrize("where", ["before the head", "in the body", "in a stream"])
def test_giving_up_ends_the_connection(where: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        if where != "before the head":
            await visit.send(answer(b"half and half")[:-5])
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> None:
        async def stream() -> None:
            async with http.stream(seen.url, {}, {}, timeouts=LIMITS, who="test") as found:
                await found.whole()

        task = asyncio.ensure_future(stream() if where == "in a stream" else get(http, seen))
        assert await settled(lambda: len(seen.requests) == 1)
        await asyncio.sleep(0.05)
        assert seen.gone == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await settled(lambda: seen.gone == 1)

    asked(script, work)


def test_a_cancelled_call_whose_answer_has_come_leaves_the_next_one_alone() -> None:
    async def work(http: HttpClient, seen: Seen) -> None:
        await get(http, seen)
        for _ in range(20):
            first = asyncio.ensure_future(get(http, seen))
            await asyncio.sleep(0)
            time.sleep(0.002)  # the answer is there before the loop looks
            loop = asyncio.get_running_loop()
            second: list[asyncio.Future[bytes]] = []
            loop.call_later(0, lambda: (first.cancel(), second.append(asyncio.ensure_future(get(http, seen)))))  # noqa: B023
            await asyncio.gather(first, return_exceptions=True)
            await asyncio.sleep(0.002)
            assert await second[0] == b"ok"

    asked(always(answer()), work)


def test_time_runs_out() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"slow")[:-1])
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> None:
        for number in range(3):
            start = time.monotonic()
            with pytest.raises(ModelTimeout, match=r"test: no answer within 0.1 s"):
                await get(http, seen, Timeouts(total=0.1))
            assert 0.09 < time.monotonic() - start < 1
            assert await settled(lambda: seen.gone == number + 1)  # noqa: B023

    asked(script, work)


def test_a_short_time_after_a_long_one_counts_on_the_same_connection() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer())
        await visit.request()
        await visit.until_gone()

    async def work(http: HttpClient, seen: Seen) -> None:
        await get(http, seen, Timeouts(total=60))
        start = time.monotonic()
        with pytest.raises(ModelTimeout, match="within 0.1 s"):
            await get(http, seen, Timeouts(total=0.1))
        assert time.monotonic() - start < 1
        assert seen.opened == 1

    asked(script, work)


def test_idle_connections_are_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferrata.providers.http.pool._IDLE_HERE", 0.05)

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer())
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> None:
        await asyncio.gather(*(get(http, seen) for _ in range(3)))
        assert await settled(lambda: seen.gone == 3)

    assert asked(script, work)[1].opened == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer x\r\nx-evil: 1"},
        {"authorization": "Bearer x\n"},
        {"x": "\x00"},
        {"x": "\u20ac"},
        {"x y": "1"},
        {"x:": "1"},
        {"": "1"},
        {"x\r\ny": "1"},
        {"Content-Length": "5"},
        {"transfer-encoding": "chunked"},
        {"Host": "elsewhere"},
    ],
)
def test_a_header_that_could_pass_for_another_is_not_sent(headers: dict[str, str]) -> None:
    async def work(http: HttpClient, seen: Seen) -> None:
        with pytest.raises(ModelRequestInvalid) as caught:
            await http.get(seen.url, headers, timeouts=LIMITS, who="test")
        assert "Bearer" not in caught.value.message
        with pytest.raises(ModelRequestInvalid):
            async with http.stream(seen.url, {}, headers, timeouts=LIMITS, who="test"):
                pass

    assert asked(always(answer()), work)[1].opened == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/",
        "http://",
        "http:///path",
        "http://a b/",
        "http://x:0/",
        "http://x:99999/",
        "http://x:port/",
        "http://[::1/",
        "http://x/\r\nx: y",
        "http://x/\x00",
        "http://x?\n",
        "no url",
        "http://" + "x" * 70 + "\u00e9.example/",
        "http://.a..b/",
    ],
)
def test_what_is_no_url(url: str) -> None:
    async def work() -> None:
        async with HttpClient() as http:
            with pytest.raises((ModelRequestInvalid, ModelUnavailable)) as caught:
                await http.get(url, {}, timeouts=LIMITS, who="test")
            assert isinstance(caught.value, ModelRequestInvalid) or url == "http://.a..b/"

    asyncio.run(work())


def test_a_request_as_it_is_sent() -> None:
    async def work(http: HttpClient, seen: Seen) -> None:
        url = seen.url.replace("http://", "http://me:p%40ss@") + "/a b?q=\u00e9&x=%20#f"
        await http.post(url, {"text": "\u00e9"}, {"X-One": "1"}, timeouts=LIMITS, who="test")
        await http.get(url, {"Authorization": "Bearer k"}, timeouts=LIMITS, who="test")

    _, seen = asked(always(answer()), work)
    (head, body), (other, _) = seen.requests
    assert head.split("\r\n") == [
        "POST /v1/a%20b?q=%C3%A9&x=%20 HTTP/1.1",
        f"host: {seen.url.split('/')[2]}",
        "user-agent: ferrata",
        "accept: */*",
        "accept-encoding: gzip, deflate",
        "X-One: 1",
        "authorization: Basic bWU6cEBzcw==",
        "content-type: application/json",
        "content-length: 13",
        "",
        "",
    ]
    assert body == '{"text":"\u00e9"}'.encode()
    assert "Bearer k" in other
    assert "Basic" not in other


def test_headers_of_an_answer() -> None:
    data = answer(b"", "X-One: 1", "x-one: 2", "Retry-After:  7 ", "x-latin: \u00e9")

    async def work(http: HttpClient, seen: Seen) -> None:
        found = await http.get(seen.url, {}, timeouts=LIMITS, who="test")
        assert (found.header("x-one"), found.header("retry-after"), found.header("none")) == ("1, 2", "7", None)
        assert found.header("x-latin") == "\u00e9"

    asked(always(data), work)


def test_event_loops_do_not_share_connections() -> None:
    """One client on several loops, one after another and in several threads at a time."""
    http = HttpClient()
    found: list[int] = []

    async def work() -> None:
        async with serving(always(answer())) as seen:
            for _ in range(5):
                assert await get(http, seen) == b"ok"
            found.append(seen.opened)
            await http.aclose()

    asyncio.run(work())
    threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(work())
    assert found == [1] * 6


def test_another_loop_asks_while_the_first_one_has_connections() -> None:
    http = HttpClient()

    async def work(http: HttpClient, seen: Seen) -> None:
        await get(http, seen)
        loop = await asyncio.to_thread(asyncio.new_event_loop)
        task = asyncio.to_thread(loop.run_until_complete, get(http, seen))
        assert await task == b"ok"
        await asyncio.to_thread(loop.run_until_complete, http.aclose())
        loop.close()
        assert await get(http, seen) == b"ok"
        assert seen.opened == 2

    asked(always(answer()), lambda _, seen: work(http, seen))


def test_nobody_listens_or_nobody_has_that_name() -> None:
    async def work() -> None:
        async with serving(always(answer())) as seen:
            url = seen.url
        async with HttpClient() as http:
            with pytest.raises(ModelUnavailable, match="no connection to 'http://127.0.0.1"):
                await http.get(url, {}, timeouts=LIMITS, who="test")
            with pytest.raises(ModelUnavailable, match="no connection to 'http://nowhere.invalid/x'"):
                await http.get("http://u:secret@nowhere.invalid/x?key=k", {}, timeouts=LIMITS, who="test")

    asyncio.run(work())
