"""One call on its way: who asks what, when it began, what came of it. Knows no HTTP and no store."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, Any

import orjson

from ferrata.catalog import SHADOWED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.access import Atoms, Key, Meter
    from ferrata.gateway.admission import Places
    from ferrata.gateway.dialects import Dialect
    from ferrata.gateway.endpoints import Endpoint
    from ferrata.messages import Usage
    from ferrata.providers import Asked, Price

__all__ = ["Call"]

_ids = random.Random()  # noqa: S311 - ids need to be different, not secret
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}\Z")
_PARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\Z")
_NONE = b"00000000"


class Call:
    """A call, filled as it goes.

    Attributes:
        headers: of the request, names in lower case; of a name that came several times, the last.
        id: of the request: the client's, or a new one.
        dialect: the client's format.
        began: nanoseconds since the epoch.
        body: the JSON object of the request.
        raw: its bytes.
        endpoint: that is called.
        key: whose it is; None where none is needed.
        stream: whether the answer comes piece by piece.
        route: that answered, or was tried last.
        provider: vendor and model of that route.
        release: that answered, with its digest; empty where none did.
        attempts: how many there were.
        model: as the vendor names what answered.
        usage: tokens; None where nobody said.
        price: of the model that answered.
        first: nanoseconds since the epoch when the first token came; 0 where none did.
        finish: why the answer ended.
        status: of the answer.
        error: the code of the failure.
        cached: how the answer was found without asking.
        blocked: the guard that stopped it.
        shadow: the release that gets a copy of a call, which this is then; empty: it is none.
        drawn: the route that the call was dealt to, whichever answered; empty where there was no choice.
        unit: digest of the value by which it was dealt; empty: by chance.
        spent: what it used of each meter, for the store.
        paid: US dollars, once they are known.
        of_flow: a flow answers, which says itself what its models took.
        trace: ids of the trace and of this call's span in it.
        parent: of that span; empty at the top.
        estimated: the usage is a guess, as the vendor did not come to say it.
        inside: it counts among those that run.
        hides_usage: the event that says a stream's usage is not passed on: the client has not asked for it.
        places: that it holds.
        reserved: of which meters how much, and when.
        answer: the server's quicker way to answer, see `GatewayProtocol.answer`; None where it has none.
    """

    __slots__ = (
        "answer",
        "asked_",
        "attempts",
        "began",
        "blocked",
        "body",
        "cached",
        "dialect",
        "drawn",
        "endpoint",
        "error",
        "finish",
        "first",
        "estimated",
        "headers",
        "hides_usage",
        "id",
        "inside",
        "key",
        "model",
        "of_flow",
        "paid",
        "parent",
        "places",
        "price",
        "provider",
        "raw",
        "release",
        "reserved",
        "route",
        "shadow",
        "spent",
        "status",
        "stream",
        "trace",
        "unit",
        "usage",
        "written",
    )

    def __init__(self, dialect: Dialect, headers: Mapping[bytes, bytes]) -> None:
        self.dialect = dialect
        self.headers = headers
        given = headers.get(b"x-request-id")
        self.id = given.decode() if given and _REQUEST_ID.match(given) else f"req_{_ids.getrandbits(96):024x}"
        self.began = time.time_ns()
        self.body: dict[str, Any] = {}
        self.raw = b""
        self.answer: Callable[[int, list[tuple[bytes, bytes]], bytes], bool] | None = None
        self.asked_: Asked | None = None
        self.endpoint: Endpoint | None = None
        self.key: Key | None = None
        self.stream = False
        self.route = self.provider = self.release = self.model = self.finish = self.error = self.cached = (
            self.blocked
        ) = self.drawn = self.unit = self.shadow = ""
        self.attempts = 0
        self.usage: Usage | None = None
        self.price: Price | None = None
        self.first = 0
        self.status = 0
        self.spent: list[list[Any]] = []
        self.inside = self.estimated = self.of_flow = self.hides_usage = False
        self.paid: float | None = None
        trace, self.parent = self._trace()
        self.trace = (trace, f"{_ids.getrandbits(64):016x}")
        self.places: tuple[Places, ...] = ()
        self.reserved: tuple[tuple[Meter, ...], Atoms, float] | None = None
        self.written = False

    def asked(self) -> Asked:
        """The request in our own words.

        Raises:
            ModelRequestInvalid: it has another shape.
        """
        if self.asked_ is None:
            assert self.dialect.wire is not None  # noqa: S101 - embeddings are never translated
            self.asked_ = self.dialect.wire.asked(self.body)
        return self.asked_

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.raw)

    @property
    def cost(self) -> float | None:
        """US dollars; None where nobody knows."""
        if self.cached:
            return 0.0
        if self.paid is None and self.price is not None and self.usage is not None:
            self.paid = self.price.cost(self.usage)
        return self.paid

    def span(self) -> bytes:
        """The line of the spool."""
        name = self.endpoint.name if self.endpoint is not None else ""
        about = self._about(name)
        span: dict[str, Any] = {
            "name": f"{self.dialect.operation} {name}",
            "kind": self.dialect.kind,
            "trace_id": self.trace[0],
            "span_id": self.trace[1],
            "parent_id": self.parent,
            "started": self.began,
            "ended": time.time_ns(),
            "attributes": about,
        }
        if self.error:
            span["error"] = about["error.type"] = self.error
        if (usage := self.usage) is not None:
            span["input_tokens"] = usage.input_tokens
            span["output_tokens"] = usage.output_tokens
            if usage.cached_tokens:
                about["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
        if (cost := self.cost) is not None:
            span["cost_usd"] = cost
        if self.price is not None:
            about["ferrata.price"] = self.price.version
        if self.spent:
            span["spent"] = self.spent
        return orjson.dumps(span, option=orjson.OPT_APPEND_NEWLINE)

    def _about(self, name: str) -> dict[str, Any]:
        """The span's attributes."""
        about: dict[str, Any] = {
            "gen_ai.operation.name": self.dialect.operation,
            "ferrata.endpoint": name + SHADOWED if self.shadow else name,
            "ferrata.request": self.id,
            "ferrata.status": self.status,
        }
        if self.route:
            vendor, _, model = self.provider.partition("/")
            about["ferrata.route"] = self.route
            about["ferrata.attempts"] = self.attempts
            about["gen_ai.provider.name"] = vendor
            about["gen_ai.request.model"] = model
        if self.stream:
            about["gen_ai.request.stream"] = True
            if self.first:
                about["gen_ai.response.time_to_first_chunk"] = (self.first - self.began) / 1e9
        key = self.key
        for attribute, value in (
            ("gen_ai.response.model", self.model),
            ("ferrata.key", key.id if key is not None else ""),
            ("ferrata.team", key.team if key is not None else ""),
            ("ferrata.user", key.user if key is not None else ""),
            ("ferrata.release", self.release),
            ("ferrata.cached", self.cached),
            ("ferrata.blocked", self.blocked),
            ("ferrata.shadow", self.shadow),
            ("ferrata.drawn", self.drawn),
            ("ferrata.unit", self.unit),
            ("ferrata.usage.estimated", self.estimated),
        ):
            if value:
                about[attribute] = value
        if self.finish:
            about["gen_ai.response.finish_reasons"] = [self.finish]
        return about

    def _trace(self) -> tuple[str, str]:
        """The ids of trace and parent: the client's `traceparent`, or a new trace."""
        given = self.headers.get(b"traceparent")
        if given is not None and (match := _PARENT.match(given)) and match[1] != _NONE * 4 and match[2] != _NONE * 2:
            return match[1].decode(), match[2].decode()
        return f"{_ids.getrandbits(128):032x}", ""
