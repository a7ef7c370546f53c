"""Which proxy the environment names for an address: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in small letters as well.

Knows no connection.
"""

from __future__ import annotations

import ipaddress
import os
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from ferrata.errors import ModelRequestInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Proxy", "proxy_for"]


class Proxy(NamedTuple):
    """A proxy: where it is, whether it is spoken to by TLS, and the value of the header that lets one in, or nothing."""

    secure: bool
    host: str
    port: int
    login: str


def proxy_for(*, secure: bool, host: str, port: int, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy for an address; None where there is none.

    Raises:
        ModelRequestInvalid: it is of a kind that is not spoken.
    """

    def said(name: str) -> str:
        # A web server hands a request's header `Proxy` on as HTTP_PROXY.
        upper = "" if name == "http_proxy" and "REQUEST_METHOD" in environment else environment.get(name.upper(), "")
        return environment.get(name, "") or upper

    url = said("https_proxy" if secure else "http_proxy") or said("all_proxy")
    if not url or any(_excepts(entry.strip().lower(), host.lower(), port) for entry in said("no_proxy").split(",")):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        name, number = parts.hostname, parts.port
    except ValueError:
        parts, name, number = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not name:
        raise ModelRequestInvalid(
            f"the proxy for {host!r} is none of http or https: {url.rpartition('@')[2]!r}",
            hint=f"set https_proxy to http://HOST:PORT, or name {host} in NO_PROXY",
        )
    login = ""
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = f"Basic {b64encode(pair.encode()).decode()}"
    return Proxy(parts.scheme == "https", name, number or (443 if parts.scheme == "https" else 80), login)


def _excepts(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY is about a host: `*`, a name, `.name`, `*.name`, an address or a network, with a port or without."""
    entry = entry.partition("://")[2] or entry
    if entry == "*":
        return True
    if "/" in entry:
        return _is_within(host, entry)
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and ":" not in name.strip("[]"):
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*")
    return bool(entry) and (host == entry or host.endswith(entry if entry.startswith(".") else f".{entry}"))


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
