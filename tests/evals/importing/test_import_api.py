from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from api_server import Asked, Reply, paged, serving

from ferrata.errors import ModelBadResponse, ModelBusy, ModelDenied, ModelUnavailable, NotFound, UsageError
from ferrata.evals.importing.api import JsonApi

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS = [{"id": f"i{n}"} for n in range(7)]


def read(answer: Callable[[Asked], Any], how: str = "after", *more: str) -> tuple[Any, list[Asked], list[float]]:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def work(url: str) -> Any:
        async with JsonApi(url, {"authorization": "Bearer k"}, who="shop", sleep=sleep) as api:
            if how == "get":
                return await api.get("things")
            return [item["id"] async for item in getattr(api, how)("things", *more)]

    with serving(answer) as (url, asked):
        return asyncio.run(work(url)), asked, waited


def test_a_list_is_read_to_its_end() -> None:
    found, asked, _ = read(lambda one: paged(ITEMS, one, 3))
    assert found == [item["id"] for item in ITEMS]
    assert [one.query.get("after") for one in asked] == [None, "i2", "i5"]
    assert {one.headers["authorization"] for one in asked} == {"Bearer k"}


def test_numbered_pages_are_read_to_their_end() -> None:
    def answer(one: Asked) -> Any:
        number = int(one.query["page"])
        return {"data": ITEMS[number * 3 - 3 : number * 3], "meta": {"page": number, "totalPages": 3}}

    found, asked, _ = read(answer, "numbered")
    assert found == [item["id"] for item in ITEMS]
    assert len(asked) == 3


def test_pages_with_tokens_are_read_to_their_end() -> None:
    def answer(one: Asked) -> Any:
        begin = int(one.query.get("page_token", 0))
        more = {"next_page_token": str(begin + 3)} if begin + 3 < len(ITEMS) else {}
        return {"things": ITEMS[begin : begin + 3], **more}

    assert read(answer, "tokens", "things")[0] == [item["id"] for item in ITEMS]


@pytest.mark.parametrize(
    ("how", "page"),
    [
        ("after", {"data": ITEMS[:3], "last_id": "i2", "has_more": True}),
        ("after", {"data": [], "has_more": True}),
        ("numbered", {"data": ITEMS[:3], "meta": {"totalPages": 99}}),
        ("tokens", {"things": ITEMS[:3], "next_page_token": "same"}),
    ],
)
def test_a_server_that_repeats_its_page_is_left(how: str, page: Any) -> None:
    with pytest.raises(ModelBadResponse, match="the same page again"):
        read(lambda _: page, how, *(["things"] if how == "tokens" else []))


def test_it_waits_as_long_as_it_is_told() -> None:
    replies = iter([Reply({}, 429, {"retry-after": "7"}), Reply({}, 503), Reply({"ok": 1})])
    found, asked, waited = read(lambda _: next(replies), "get")
    assert (found, len(asked), waited) == ({"ok": 1}, 3, [7.0, 2.0])


def test_waiting_has_an_end() -> None:
    with pytest.raises(ModelBusy, match="after 6 tries"):
        read(lambda _: Reply({}, 429, {"retry-after": "9999"}), "get")


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply({}, 401), ModelDenied, "refuses the key"),
        (Reply({}, 404), NotFound, "no such thing: 'things'"),
        (Reply({}, 500), ModelUnavailable, "fails with status 500"),
        (Reply({}, 302, {"location": "http://127.0.0.1:9/"}), ModelBadResponse, "status 302"),
        (Reply("<html>"), ModelBadResponse, "no JSON: '<html>'"),
        (Reply([1]), ModelBadResponse, "no object"),
    ],
)
def test_what_is_no_answer_is_said(reply: Reply, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        read(lambda _: reply, "get")


def test_a_page_without_a_list_is_said() -> None:
    with pytest.raises(ModelBadResponse, match="has no list 'data'"):
        read(lambda _: {"items": []})


def test_only_http_is_asked() -> None:
    with pytest.raises(UsageError, match="not a URL"):
        JsonApi("file:///etc", {}, who="shop")
