"""Calls of a forge's API: JSON there and back, and errors in words, without the token. Knows no vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Api", "Refused"]

_SECONDS = 30.0


class Refused(Exception):
    """The token may not do this: there is none of use, as in a pull request from a fork."""


class Api:
    """One forge's API at `url`, with the headers of every call."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "ferrata", **headers}

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """What the API answers; no redirect is followed, so that the token goes to nobody else.

        Raises:
            Refused: 401, 403 or 404: the token may not.
            UsageError: it cannot be reached, or answers with another error or no JSON.
        """
        import httpx2

        address = f"{self._url}{path}"
        try:
            answer = httpx2.request(
                method, address, json=body, params=dict(query or {}), headers=self._headers, timeout=_SECONDS
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UsageError(
                f"{method} {address}: {error}", hint="run the step again; the gate itself is decided"
            ) from None
        if answer.status_code in (401, 403, 404):
            raise Refused(f"{method} {address} is answered with {answer.status_code}")
        try:
            if answer.is_success:
                return answer.json() if answer.content else None
        except ValueError:
            raise UsageError(
                f"{method} {address}: the answer is no JSON", hint="check the address of the API"
            ) from None
        raise UsageError(
            f"{method} {address} is answered with {answer.status_code}",
            hint="run the step again; the gate itself is decided",
        )
