"""A server on this machine that speaks the API of another."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Asked(NamedTuple):
    """A request: path without the query, the query's first values, headers by lower case, the JSON that was posted."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None


class Reply(NamedTuple):
    body: Any
    status: int = 200
    headers: dict[str, str] = {}


@contextmanager
def serving(answer: Callable[[Asked], Any]) -> Iterator[tuple[str, list[Asked]]]:
    """The server's address, and what it is asked. `answer` gives a body, or a `Reply`; None is status 404."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            headers = {key.lower(): value for key, value in self.headers.items()}
            sent = self.rfile.read(int(headers.get("content-length", 0)))
            one = Asked(parts.path, query, headers, json.loads(sent) if sent else None)
            asked.append(one)
            reply = answer(one)
            reply = reply if isinstance(reply, Reply) else Reply(reply, 404 if reply is None else 200)
            body = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for key, value in {"content-length": str(len(body)), **reply.headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def paged(items: list[dict[str, Any]], asked: Asked, size: int) -> dict[str, Any]:
    """A page of a list as OpenAI's API has it: `after`, `has_more`."""
    ids = [item["id"] for item in items]
    begin = ids.index(asked.query["after"]) + 1 if "after" in asked.query else 0
    page = items[begin : begin + size]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": begin + size < len(items),
    }
