"""Flows in temporary folders, a service to ask, and nothing left behind."""

from __future__ import annotations

import json
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from ferrata.flows import compat
from ferrata.flows.asking import close_asking
from ferrata.flows.background import stop_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Service:
    """An HTTP server on this machine; `answers` makes status and body of a path and a request, `asked` has what came in."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answers: Callable[[str, Any], tuple[int, Any]] = lambda _path, _body: (200, {})
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.asked.append((self.path, headers, body))
                status, answer = service.answers(self.path, body)
                is_stream = isinstance(answer, list)
                data = "".join(f"data: {json.dumps(one)}\n\n" for one in answer) if is_stream else json.dumps(answer)
                self.send_response(status)
                self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
                self.end_headers()
                self.wfile.write(data.encode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    stop_background(close_asking)
    found.close()


@pytest.fixture
def offered() -> Iterator[None]:
    """`promptflow` can be imported, and after the test no longer."""
    compat.install()
    yield
    compat.uninstall()


class MakeFlow(Protocol):
    """Writes a flow's files and gives its folder."""

    def __call__(self, dag: str = "", /, *, name: str = "flow", **files: str) -> Path: ...


@pytest.fixture
def make_flow(tmp_path: Path) -> MakeFlow:
    """Files by name: `answer_py` is `answer.py`, `answer_jinja2` is `answer.jinja2`."""

    def make(dag: str = "", /, *, name: str = "flow", **files: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        if dag:
            (folder / "flow.dag.yaml").write_text(textwrap.dedent(dag), encoding="utf-8")
        for key, text in files.items():
            stem, _, suffix = key.rpartition("_")
            (folder / f"{stem}.{suffix}").write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return make
