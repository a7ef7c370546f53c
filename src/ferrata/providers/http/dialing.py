"""Opening a connection: straight, by TLS, or through a proxy.

Knows nothing of what goes over it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from ferrata.providers.http.addresses import Address
    from ferrata.providers.http.proxies import Proxy

__all__ = ["Refused", "open_connection", "tls_context"]

_MOST_HEAD = 16_384
# A second address of a host is tried beside the first one after so many seconds (RFC 8305 recommends it).
_HEAD_START = 0.25
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

P = TypeVar("P", bound=asyncio.Protocol)


class Refused(OSError):
    """The proxy does not let the connection through; the text says why."""


async def open_connection(address: Address, proxy: Proxy | None, make: Callable[[], P]) -> P:
    """Open a connection.

    Args:
        address: where to.
        proxy: through which; a plain address is asked of the proxy itself, a secure one through a tunnel.
        make: the protocol of the connection.

    Raises:
        OSError: there is no connection.
    """
    loop = asyncio.get_running_loop()
    tls = tls_context() if address.secure else None
    if proxy is None:
        return await _reach(address.host, address.port, make, tls)
    outer = tls_context() if proxy.secure else None
    if tls is None:
        return await _reach(proxy.host, proxy.port, make, outer)
    tunnel = await _reach(proxy.host, proxy.port, lambda: _Tunnel(address, proxy, loop), outer)
    try:
        await tunnel.open
        protocol = make()
        transport = await loop.start_tls(tunnel.transport, protocol, tls, server_hostname=address.host)
    except BaseException:
        tunnel.transport.abort()
        raise
    if transport is None:
        raise Refused("the connection ended while it was made")
    protocol.connection_made(transport)
    return protocol


@cache
def tls_context() -> SSLContext:
    """What secure connections need. Reads the certificates once, which takes longer than many calls.

    They are the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name.
    """
    import ssl

    if sys.platform in ("win32", "darwin") and not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys():
        import truststore

        context: SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
        if not context.cert_store_stats()["x509"] and not Path(ssl.get_default_verify_paths().openssl_capath).is_dir():
            # This interpreter was built for a system that keeps them elsewhere.
            for file in filter(Path.is_file, map(Path, _CERTIFICATES)):
                context.load_verify_locations(file)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _reach(host: str, port: int, make: Callable[[], P], tls: SSLContext | None) -> P:
    loop = asyncio.get_running_loop()
    more: dict[str, Any] = {"ssl": tls, "server_hostname": host} if tls is not None else {}
    if isinstance(loop, asyncio.BaseEventLoop) and not host.replace(".", "").isdigit():
        more["happy_eyeballs_delay"] = _HEAD_START
    _, protocol = await loop.create_connection(make, host, port, **more)
    return protocol


class _Tunnel(asyncio.Protocol):
    """Asks a proxy for a way through to a secure address."""

    transport: asyncio.Transport

    def __init__(self, address: Address, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self.open: asyncio.Future[None] = loop.create_future()
        self._address, self._proxy = address, proxy
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        named = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        place = f"{named}:{self._address.port}"
        login = f"proxy-authorization: {self._proxy.login}\r\n" if self._proxy.login else ""
        self.transport.write(f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n{login}\r\n".encode("latin-1"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        if not end and len(self._data) <= _MOST_HEAD:
            return
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)
        if not (end and not rest and len(words) > 1 and words[0].startswith("HTTP/1.")):
            self._settle("it does not answer as a proxy does")
        elif not (words[1].startswith("2") and len(words[1]) == 3):
            self._settle(f"it answered {' '.join(words[1:])[:100]!r}")
        else:
            self._settle("")

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle("it ended the connection")

    def _settle(self, problem: str) -> None:
        if self.open.done():
            return
        if problem:
            self.open.set_exception(Refused(f"the proxy {self._proxy.host}:{self._proxy.port} refused: {problem}"))
        else:
            self.open.set_result(None)
