"""Reading a JSON API page by page: keys in headers, patience where it is asked for, an end where a server repeats itself.

Knows no single API. The address is the caller's; redirects are not followed, and the key is in no message.
"""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlencode

from ferrata.errors import (
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelUnavailable,
    NotFound,
    UsageError,
)
from ferrata.providers import HttpClient, Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

__all__ = ["JsonApi", "quoted"]

_MOST_PAGES: Final = 100_000
_MOST_WAIT: Final = 60.0
_TRIES: Final = 6


def quoted(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


class JsonApi:
    """GET requests to one server. Use it in an `async with` block.

    Args:
        url: of the server, with the part of the path that all requests share.
        headers: with the key.
        who: the server, for messages.
        sleep: waits; for tests.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        who: str,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"not a URL of http or https: {url!r}")
        self._url, self._headers, self._who, self._sleep = url.rstrip("/"), dict(headers), who, sleep
        self._http = HttpClient()

    async def __aenter__(self) -> JsonApi:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, *, body: Mapping[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
        """A JSON object; with a body, the answer to a POST of it.

        Raises:
            NotFound: there is none.
            ModelDenied: the key is missing, wrong or not enough.
            ModelBusy: it asked to wait, again and again.
            ModelUnavailable: it cannot be reached, or fails.
            ModelBadResponse: its answer is no JSON object.
        """
        text = await self.text(path, body=body, **parameters)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise ModelBadResponse(f"{self._who}: {path!r} answers with what is no JSON: {text[:80]!r}") from None
        if not isinstance(value, dict):
            raise ModelBadResponse(f"{self._who}: {path!r} answers with JSON that is no object")
        return cast("dict[str, Any]", value)

    async def text(self, path: str, *, body: Mapping[str, Any] | None = None, **parameters: Any) -> str:
        """A body as text; raises as `get` does."""
        given = {key: value for key, value in parameters.items() if value is not None}
        url = f"{self._url}/{path.lstrip('/')}" + (f"?{urlencode(given, doseq=True)}" if given else "")
        status = 0
        for tried in range(_TRIES):
            try:
                status, data, told = await self._once(url, body)
            except ModelUnavailable as error:
                raise ModelUnavailable(error.message, hint="is the address right, and the server running?") from None
            if status == 200:
                return data.decode("utf-8", errors="replace")
            if status in (401, 403):
                raise ModelDenied(
                    f"{self._who} refuses the key (status {status})", hint="check the variable with the key"
                )
            if status == 404:
                raise NotFound(f"{self._who}: no such thing: {path!r}")
            if status != 429 and status < 500:
                break
            if tried < _TRIES - 1:
                await self._sleep(_wait(told, tried))
        if status == 429:
            raise ModelBusy(f"{self._who} asks to wait, also after {_TRIES} tries", hint="try again later")
        if status >= 500:
            raise ModelUnavailable(f"{self._who} fails with status {status}", hint="try again later")
        raise ModelBadResponse(
            f"{self._who}: {path!r} answers with status {status}", hint="is the address that of this API?"
        )

    async def _once(self, url: str, body: Mapping[str, Any] | None) -> tuple[int, bytes, str | None]:
        """Status, body, and how long to wait."""
        if body is None:
            answer = await self._http.get(url, self._headers, timeouts=Timeouts(), who=self._who)
        else:
            answer = await self._http.post(url, body, self._headers, timeouts=Timeouts(), who=self._who)
        return answer.status, answer.body, answer.header("retry-after")

    async def after(self, path: str, **parameters: Any) -> AsyncGenerator[dict[str, Any]]:
        """The items of a list that is read with `after` and ends where `has_more` is false. Raises as `get` does."""
        last: str | None = None
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = await self.get(path, limit=100, after=last, **parameters)
            items = self.items(page, "data", path)
            for item in items:
                yield item
            last = str(page.get("last_id") or (items[-1].get("id") if items else "") or "")
            if not page.get("has_more"):
                return
            self._check(last, seen, path)
        raise self._endless(path)

    async def numbered(self, path: str, **parameters: Any) -> AsyncGenerator[dict[str, Any]]:
        """The items of a list with `page` and `meta.totalPages`. Raises as `get` does."""
        before: list[dict[str, Any]] = []
        for number in range(1, _MOST_PAGES):
            page = await self.get(path, page=number, limit=50, **parameters)
            items = self.items(page, "data", path)
            if items and items == before:
                raise self._endless(path)
            for item in items:
                yield item
            meta = page.get("meta")
            total = cast("dict[str, Any]", meta).get("totalPages") if isinstance(meta, dict) else None
            if not items or not isinstance(total, int) or number >= total:
                return
            before = items
        raise self._endless(path)

    async def cursors(self, path: str, **parameters: Any) -> AsyncGenerator[dict[str, Any]]:
        """The items of a list that is read with `cursor` until there is no `meta.cursor`. Raises as `get` does."""
        cursor: str | None = None
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = await self.get(path, limit=100, cursor=cursor, **parameters)
            for item in self.items(page, "data", path):
                yield item
            meta = page.get("meta")
            cursor = str(cast("dict[str, Any]", meta).get("cursor") or "") if isinstance(meta, dict) else ""
            if not cursor:
                return
            self._check(cursor, seen, path)
        raise self._endless(path)

    async def tokens(
        self, path: str, key: str, *, body: Mapping[str, Any] | None = None, **parameters: Any
    ) -> AsyncGenerator[dict[str, Any]]:
        """The items under `key` of a list that is read with `page_token` until there is no `next_page_token`.

        With a body, that is posted, and the token is in it. Raises as `get` does.
        """
        token: str | None = None
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            if body is None:
                page = await self.get(path, page_token=token, **parameters)
            else:
                page = await self.get(path, body={**body, **({"page_token": token} if token else {})})
            for item in self.items(page, key, path, optional=True):
                yield item
            token = str(page.get("next_page_token") or "")
            if not token:
                return
            self._check(token, seen, path)
        raise self._endless(path)

    def items(self, page: Mapping[str, Any], key: str, path: str, *, optional: bool = False) -> list[dict[str, Any]]:
        """The objects of a page.

        Raises:
            ModelBadResponse: there is no such list.
        """
        listed: Any = page.get(key, [] if optional else None)
        if isinstance(listed, str):  # MLflow puts a list into a text
            try:
                listed = json.loads(listed)
            except (ValueError, RecursionError):
                listed = None
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in cast("list[Any]", listed)):
            raise ModelBadResponse(
                f"{self._who}: {path!r} has no list {key!r}", hint="is the address that of this API?"
            )
        return cast("list[dict[str, Any]]", listed)

    def _check(self, cursor: str, seen: set[str], path: str) -> None:
        if not cursor or cursor in seen:
            raise self._endless(path)
        seen.add(cursor)

    def _endless(self, path: str) -> ModelBadResponse:
        return ModelBadResponse(f"{self._who}: {path!r} gives the same page again, so that it has no end")


def _wait(told: str | None, tried: int) -> float:
    """Seconds to wait: as told, or 1, 2, 4 ...; at most a minute."""
    try:
        seconds = float(told) if told else float(2**tried)
    except ValueError:
        seconds = float(2**tried)
    return min(_MOST_WAIT, max(0.0, seconds)) if math.isfinite(seconds) else _MOST_WAIT
