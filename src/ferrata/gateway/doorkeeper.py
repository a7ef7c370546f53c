"""Who may call what: the key of a call, the endpoint that it names, its limits. Knows no model."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ferrata.gateway.refusals import BadBody, NoKey, NoSuchEndpoint

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ferrata.access import Key, KeyRing
    from ferrata.gateway.call import Call
    from ferrata.gateway.endpoints import Endpoint, Endpoints

__all__ = ["Doorkeeper"]


class Doorkeeper:
    """Lets calls in.

    Args:
        endpoints: that there are.
        ring: the keys; None: none is needed.
    """

    def __init__(self, endpoints: Endpoints, ring: KeyRing | None) -> None:
        self.endpoints = endpoints
        self.most_bytes = endpoints.table.gateway.most_bytes
        self._ring = ring

    def identify(self, call: Call) -> None:
        """Find the key of a call.

        Raises:
            NoKey: there is none, or it is not known.
        """
        if self._ring is None:
            return
        secret = _secret(call)
        if not secret:
            raise NoKey("no key was sent", hint="send it as `Authorization: Bearer KEY`")
        call.key = self._ring.find(secret)
        if call.key is None:
            raise NoKey("the key is not known, was revoked or has ended", hint="ask for a new one")

    def find(self, call: Call) -> Endpoint:
        """Find the endpoint that a body names.

        Raises:
            BadBody: it names none.
            NoSuchEndpoint: there is none of that name for this key.
        """
        name = call.body.get("model")
        if type(name) is not str:
            raise BadBody("model: must be the name of an endpoint", hint="see /v1/models")
        endpoint = self.endpoints.by_name.get(name)
        if endpoint is None or not may_call(call.key, name):
            raise NoSuchEndpoint(f"there is no endpoint {name[:100]!r} for this key", hint="see /v1/models")
        call.endpoint = endpoint
        call.stream = call.body.get("stream") is True
        return endpoint

    @asynccontextmanager
    async def let_in(self, call: Call) -> AsyncGenerator[None]:
        """A place for the call while it runs."""
        yield


def may_call(key: Key | None, endpoint: str) -> bool:
    """Whether a key may call an endpoint."""
    return key is None or not key.endpoints or endpoint in key.endpoints


def _secret(call: Call) -> str:
    """The key in the header of whichever dialect; empty where there is none."""
    headers = call.headers
    given = headers.get(b"authorization")
    if given is not None:
        kind, _, secret = given.partition(b" ")
        return secret.strip().decode("latin-1") if kind.lower() == b"bearer" else ""
    return (headers.get(b"x-api-key") or headers.get(b"api-key") or b"").decode("latin-1")
