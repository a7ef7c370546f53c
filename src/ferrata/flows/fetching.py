"""Pictures from the network: over http or https, and only from public addresses, on the way too.

Names are looked up before the request, so that no image's address reaches this machine's own network. Knows no image format.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO

__all__ = ["fetch"]

_MOST_BYTES = 64_000_000
_SECONDS = 60.0


def fetch(url: str) -> bytes:
    """What lies under a URL.

    Raises:
        FlowError: `InvalidImageInput`: it is not to be fetched, or cannot be.
    """
    _check(url)
    try:
        request = Request(url, headers={"user-agent": "ferrata"})  # noqa: S310 - the scheme is checked
        with build_opener(_Redirects()).open(request, timeout=_SECONDS) as answer:
            data = answer.read(_MOST_BYTES + 1)
    except HTTPError as error:
        raise _failed(url, f"the server answered with status {error.code}") from error
    except (URLError, OSError, ValueError) as error:
        raise _failed(url, str(getattr(error, "reason", "") or error)) from error
    if len(data) > _MOST_BYTES:
        raise _failed(url, f"it has more than {_MOST_BYTES:,} bytes")
    return data


class _Redirects(HTTPRedirectHandler):
    """Follows a redirect only to where one might have gone oneself."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _failed(url, str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _failed(url, "only http and https are fetched")
    try:
        found: list[Any] = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(url, f"its host is not known: {error}") from error
    for *_, where in found:
        address = ipaddress.ip_address(str(where[0]).partition("%")[0])
        inner = getattr(address, "ipv4_mapped", None) or address
        if not inner.is_global or inner.is_multicast or str(inner) == "168.63.129.16":
            raise _failed(url, f"its host has the address {inner}, which is not public")


def _failed(url: str, why: str) -> FlowError:
    shown = urlsplit(url)._replace(query="", fragment="").geturl() if "://" in url else url
    return FlowError("InvalidImageInput", f"Failed to fetch image from URL: {shown[:200]}: {why}.")
