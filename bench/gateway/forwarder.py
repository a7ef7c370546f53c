"""The least that Python does here: takes a request, asks the model with Ferrata's HTTP client, and gives its answer, streams included.

`python forwarder.py PORT URL`. Nothing is checked, counted or written.
"""

from __future__ import annotations

import sys
from typing import Any

import orjson
import uvicorn

from ferrata.providers.http import HttpClient, Timeouts

URL = f"{sys.argv[2]}/chat/completions"
HEADERS = {"authorization": "Bearer x"}
http, timeouts = HttpClient(), Timeouts()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    message = await receive()
    parts = [message["body"]]
    while message.get("more_body"):
        message = await receive()
        parts.append(message["body"])
    asked = orjson.loads(b"".join(parts))
    if asked.get("stream"):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        async with http.stream(URL, asked, HEADERS, timeouts=timeouts, who="bench") as answer:
            async for piece in answer.chunks():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})
        return
    answer = await http.post(URL, asked, HEADERS, timeouts=timeouts, who="bench")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


if __name__ == "__main__":
    uvicorn.run(
        application, port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off", access_log=False,
        log_level="warning", backlog=16384, timeout_keep_alive=600,
    )  # fmt: skip
