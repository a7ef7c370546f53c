"""URLs and headers as they stand in a request, checked so that no value can pass for a further header.

Knows no connection.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ferrata.errors import ModelRequestInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Address", "address_of", "header_lines", "is_loopback", "shown_url"]

_HOST = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SAFE = "%/:=&~+!$,;'@()*[]|?"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# What the client itself says of a request; a second word on it would let two readers cut the stream differently.
_OWN = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te"})


class Address(NamedTuple):
    """A URL in parts.

    Attributes:
        secure: it is one of https.
        host: as connections are made to it, in ASCII.
        port: of the host.
        authority: as the header `host` names it.
        target: path and query, as a request names them.
        login: the value of the header `authorization` for the user and password in the URL; empty where there are none.
        shown: the URL without what may be secret in it.
    """

    secure: bool
    host: str
    port: int
    authority: str
    target: str
    login: str
    shown: str


@lru_cache(maxsize=512)
def address_of(url: str) -> Address:
    """The parts of a URL.

    Raises:
        ModelRequestInvalid: it is none of http or https.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        raise ModelRequestInvalid(f"not a URL: {url.partition('?')[0].rpartition('@')[2]!r}") from None
    shown = shown_url(url)
    if parts.scheme not in ("http", "https"):
        raise ModelRequestInvalid(f"not a URL of http or https: {shown!r}")
    if not _HOST.fullmatch(host) or _CONTROL.search(url) or port == 0:
        raise ModelRequestInvalid(f"not a URL: {shown!r}")
    secure = parts.scheme == "https"
    usual = 443 if secure else 80
    named = f"[{host}]" if ":" in host else host
    target = quote(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/", safe=_SAFE)
    login = ""
    if parts.username or parts.password:
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        login = f"Basic {b64encode(pair.encode()).decode()}"
    authority = named if port in (None, usual) else f"{named}:{port}"
    return Address(secure, host, port or usual, authority, target, login, shown)


def header_lines(headers: Mapping[str, str]) -> str:
    """The lines of given headers.

    Raises:
        ModelRequestInvalid: a name or a value is none, or the name is one that the client sets itself.
    """
    lines: list[str] = []
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ModelRequestInvalid(f"not the name of a header: {name[:60]!r}")
        if name.lower() in _OWN:
            raise ModelRequestInvalid(f"the header {name!r} cannot be set: the connection decides it")
        if not _VALUE.fullmatch(value):
            raise ModelRequestInvalid(
                f"the header {name!r} has a value with line ends or characters that no header can carry"
            )
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown_url(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
