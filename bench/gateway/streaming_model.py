"""A model that streams: `python streaming_model.py PORT MILLISECONDS`.

OpenAI's chat format over HTTP/1.1, each token in an event and a write of its own: the first at once, the others at that distance by
the clock, as many as `max_tokens` says, then usage where it is asked for. A request without `stream` gets a whole answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httptools
import uvloop

MARK = "qzx"  # in every token, and nowhere else in a stream
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _chunk({"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def _chunk(event: dict[str, Any]) -> bytes:
    data = b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


_FIRST = _event({"role": "assistant", "content": f"{MARK} "})
_TOKENS = [_event({"content": f"{MARK}{number} "}) for number in range(1000)]  # LiteLLM ends a stream of equal tokens
_LAST = _event({}, "stop")
_DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 31, "completion_tokens": tokens, "total_tokens": 31 + tokens}


class Connection(asyncio.Protocol):
    """One client's."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        asked = json.loads(self._body)
        tokens = int(asked.get("max_tokens") or asked.get("max_completion_tokens") or 1)
        if not asked.get("stream"):
            self._whole(tokens)
            return
        self._usage = bool((asked.get("stream_options") or {}).get("include_usage"))
        self._asked, self._sent, self._begun = tokens, 1, self._loop.time()
        self._transport.write(_HEAD + _FIRST)
        self._later()

    def _whole(self, tokens: int) -> None:
        message = {"role": "assistant", "content": " ".join([MARK] * tokens)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer = {
            "id": "c-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": _usage(tokens),
        }
        data = json.dumps(answer).encode()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(data), data)
        )

    def _later(self) -> None:
        self._timer = self._loop.call_at(self._begun + self._sent * self._seconds, self._next)

    def _next(self) -> None:
        if self._sent < self._asked:
            self._transport.write(_TOKENS[self._sent % 1000])
            self._sent += 1
            self._later()
            return
        usage = b""
        if self._usage:
            usage = _chunk(
                {
                    "id": "c-1",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": "m",
                    "choices": [],
                    "usage": _usage(self._sent),
                }
            )
        self._transport.write(_LAST + usage + _DONE)

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()


async def _serve(port: int, seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(seconds), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1e3))
