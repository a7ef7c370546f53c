"""An endpoint in OpenAI's and Azure's manner that says one thing, and connections that lead to it.

Chat, legacy completions and embeddings, whole and streamed; identifiers and counts are always the same. Knows no flow.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY = "fake reply"
PIECES = ("fake", " reply")
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
KEY = "fake-key"
VERSION = "2023-07-01-preview"


class Endpoint(BaseHTTPRequestHandler):
    """Tells by the end of the path what is asked; what stands before it, as `/openai/deployments/NAME`, says nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._say({"reply": REPLY})

    def do_POST(self) -> None:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        path = self.path.split("?")[0]
        model = body.get("model") or "fake"
        if path.endswith("/embeddings"):
            given = body.get("input")
            count = len(given) if isinstance(given, list) and given and not isinstance(given[0], int) else 1
            data = [{"object": "embedding", "index": n, "embedding": [0.5, 0.25, 0.125]} for n in range(count)]
            usage = {"prompt_tokens": 7, "total_tokens": 7}
            self._say({"object": "list", "model": model, "data": data, "usage": usage})
        elif path.endswith("/completions"):
            self._complete(body, model, chat=path.endswith("/chat/completions"))
        else:
            self._say({"error": {"message": f"nothing at {path}", "type": "not_found", "code": "404"}}, 404)

    def _complete(self, body: dict[str, Any], model: str, *, chat: bool) -> None:
        common = {"id": "chatcmpl-1" if chat else "cmpl-1", "created": 0, "model": model}
        if not body.get("stream"):
            kind = "chat.completion" if chat else "text_completion"
            said = {"message": {"role": "assistant", "content": REPLY}} if chat else {"text": REPLY, "logprobs": None}
            choices = [{"index": n, "finish_reason": "stop", **said} for n in range(body.get("n") or 1)]
            self._say({**common, "object": kind, "choices": choices, "usage": USAGE})
            return
        kind = "chat.completion.chunk" if chat else "text_completion"
        events = []
        for n, piece in enumerate((*PIECES, None)):
            if chat:
                delta = {} if piece is None else {"content": piece} | ({"role": "assistant"} if n == 0 else {})
                said = {"delta": delta}
            else:
                said = {"text": piece or "", "logprobs": None}
            end = "stop" if piece is None else None
            events.append({**common, "object": kind, "choices": [{"index": 0, "finish_reason": end, **said}]})
        if (body.get("stream_options") or {}).get("include_usage"):
            events.append({**common, "object": kind, "choices": [], "usage": USAGE})
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        self._send(text.encode(), "text/event-stream", 200)

    def _say(self, answer: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(answer).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Clients that are killed at the end of their time leave broken connections behind, which is no news."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """The endpoint's URL, for as long as it is needed."""
    server = Server(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# What each type of connection takes. A name is of the first type one of whose words it contains.
WORDS = {
    "serp": ("serp",),
    "azure_content_safety": ("content_safety",),
    "custom": ("custom", "azure_ai_language", "azure_ai_translator", "gpt2", "open_source", "llm_connection"),
    "serverless": ("serverless", "maas"),
    "azure_open_ai": ("azure_open", "aoai", "gpt4v", "azure"),
    "open_ai": ("open_ai", "openai", "ai_connection"),
}
CLASSES = {
    "serp": "SerpConnection",
    "azure_content_safety": "AzureContentSafetyConnection",
    "custom": "CustomConnection",
    "serverless": "ServerlessConnection",
    "azure_open_ai": "AzureOpenAIConnection",
    "open_ai": "OpenAIConnection",
}
ALWAYS = (
    "azure_open_ai_connection",
    "open_ai_connection",
    "serp_connection",
    "custom_connection",
    "gpt2_connection",
    "open_source_llm_ws_service_connection",
    "azure_content_safety_connection",
    "serverless_connection",
    "serverless_connection_embedding",
)


def connections(names: set[str], url: str) -> dict[str, dict[str, Any]]:
    """Connection name -> what a connection's YAML file says, for each name whose type can be told."""
    values = {
        "serp": {"api_key": KEY},
        "azure_content_safety": {"api_key": KEY, "endpoint": url, "api_version": "2023-10-01"},
        "serverless": {"api_key": KEY, "api_base": url},
        "azure_open_ai": {"api_key": KEY, "api_base": url, "api_type": "azure", "api_version": VERSION},
        "open_ai": {"api_key": KEY, "base_url": f"{url}/v1"},
    }
    found: dict[str, dict[str, Any]] = {}
    for name in sorted({*names, *ALWAYS}):
        kinds = [kind for kind, words in WORDS.items() if any(word in name for word in words)]
        if not kinds or "missing" in name:
            continue
        if kinds[0] == "custom":
            configs = {"key2": "val2", "endpoint_url": url, "api_base": url, "url": url, "CHAT_DEPLOYMENT_NAME": "fake"}
            secrets = {"key1": "hey", "api_key": KEY, "openai_api_key": KEY, "service_credential": KEY}
            found[name] = {"type": "custom", "configs": configs, "secrets": secrets}
        else:
            found[name] = {"type": kinds[0], **values[kinds[0]]}
    return found


def for_promptflow(declared: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same connections as promptflow's executor takes them."""
    found: dict[str, dict[str, Any]] = {}
    for name, one in declared.items():
        kind = one["type"]
        value = {key: part for key, part in one.items() if key != "type"}
        found[name] = {
            "type": CLASSES[kind],
            "kind": CLASSES[kind].removesuffix("Connection"),
            "module": "promptflow.connections",
        }
        if kind == "custom":
            value = {**one["configs"], **one["secrets"]}
            found[name]["secret_keys"] = list(one["secrets"])
        found[name]["value"] = value
    return found


def variables(url: str) -> dict[str, str]:
    """Environment variables that lead to the endpoint, for flows that name no connection."""
    return {
        "AZURE_OPENAI_API_KEY": KEY,
        "AZURE_OPENAI_ENDPOINT": url,
        "AZURE_OPENAI_API_BASE": url,
        "AZURE_OPENAI_API_VERSION": VERSION,
        "AZURE_OPENAI_DEPLOYMENT": "fake",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_BASE": f"{url}/v1",
        "CHAT_DEPLOYMENT_NAME": "fake",
        "MOCK_API_ENDPOINT": f"{url}/v1/chat/completions",
    }
