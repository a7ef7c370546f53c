"""What can stand between a client and a model: Ferrata, other gateways, and the least that can be there.

Each is told where the model is and which port is its own, and says how it is started and asked. All with one worker, as they come, but
for what they need to be started at all and for logs of single requests, which are off.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway import install, nginx
from gateway.processes import Failed, Request, clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENTRIES", "PEERS", "Entry", "Launch", "Place", "chat_body"]

SECRET = "sk-bench-6fQ2vX9tL4mZ8rB1nC7k"  # of nothing
_HERE = Path(__file__).resolve().parent
_SOURCE = _HERE.parent.parent / "src"
_PATH = "/v1/chat/completions"


class Place(NamedTuple):
    """Where an entry point is started.

    Attributes:
        folder: of its own, empty.
        port: that it listens on.
        model: the port of the model, which speaks OpenAI's chat format under `/v1`.
        peers: where other gateways are installed.
    """

    folder: Path
    port: int
    model: int
    peers: Path

    @property
    def url(self) -> str:
        """Of the model."""
        return f"http://127.0.0.1:{self.model}/v1"


class Launch(NamedTuple):
    """How an entry point is started and asked.

    Attributes:
        command: program and arguments.
        headers: of each request.
        environment: of the process.
        name: of the model in each request.
        path: of each request.
    """

    command: list[str]
    headers: dict[str, str]
    environment: dict[str, str]
    name: str = "chat"
    path: str = _PATH

    def request(self, port: int, *, tokens: int | None = None) -> Request:
        """What is asked: of a stream of so many tokens, or of a whole answer."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {SECRET}", **self.headers}
        return Request(port, self.path, headers, chat_body(self.name, tokens))


class Entry(NamedTuple):
    """An entry point.

    Attributes:
        title: in tables.
        launch: how it is started in a place.
        version: of what is installed, or None where it is not.
        workers: processes that answer, and cores that it is given.
    """

    title: str
    launch: Callable[[Place], Launch]
    version: Callable[[Path], str | None]
    workers: int = 1

    def named(self, peers: Path) -> str:
        """Title and version."""
        version = self.version(peers)
        return f"{self.title} ({version})" if version else self.title


def chat_body(name: str, tokens: int | None) -> bytes:
    """A request of two messages; a stream where a number of tokens is given."""
    asked = "Hello, where is my order 12345? It should have come on Monday."
    messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": asked}]
    more = {"temperature": 0.2} if tokens is None else {"stream": True, "max_tokens": tokens}
    return json.dumps({"model": name, "messages": messages, **more}).encode()


def _nothing(_place: Place) -> Launch:
    return Launch([], {}, {}, name="m")


def _nginx(place: Place) -> Launch:
    return Launch(nginx.passing(place.folder, place.port, place.model), {}, {}, name="m")


def _forwarder(place: Place) -> Launch:
    command = [sys.executable, str(_HERE / "forwarder.py"), str(place.port), place.url]
    return Launch(command, {}, {"PYTHONPATH": str(_SOURCE)}, name="m")


_PROJECT = """
models:
  main: {{vendor: openai-compatible, model: m, url: "{url}", key: "${{env:FERRATA_BENCH_KEY}}"}}
endpoints:
  chat:
    model: main
    sticky: key
    limits: {{requests_per_minute: 100000000, tokens_per_minute: 10000000000, concurrency: 1000}}
    budgets: [{{usd: 1000000, per: day}}, {{tokens: 100000000000, per: month}}]
    guard: {{blocklist: [project bluebird, "internal use only", account number]}}
gateway:
  budgets: [{{requests: 10000000000, per: month}}]
"""


def _ferrata(workers: int) -> Callable[[Place], Launch]:
    def launch(place: Place) -> Launch:
        (place.folder / "ferrata.yaml").write_text(_PROJECT.format(url=place.url))
        environment = {"PYTHONPATH": str(_SOURCE), "FERRATA_BENCH_KEY": SECRET}
        program = [sys.executable, "-m", "ferrata"]
        made = subprocess.run(
            [*program, "key", "create", "bench", "--json"], capture_output=True, text=True, cwd=place.folder, check=False,
            env=clean_environment(environment),
        )  # fmt: skip
        if made.returncode:
            raise Failed(f"`ferrata key create` failed: {made.stderr or made.stdout}")
        secret = json.loads(made.stdout)["secret"]
        command = [
            *program,
            "gateway",
            "--project",
            str(place.folder),
            "--port",
            str(place.port),
            "--workers",
            str(workers),
        ]
        return Launch(command, {"authorization": f"Bearer {secret}"}, environment)

    return launch


def _ferrata_version(_peers: Path) -> str | None:
    has = subprocess.run(
        [sys.executable, "-m", "ferrata", "gateway", "--help"], capture_output=True, check=False,
        env=clean_environment({"PYTHONPATH": str(_SOURCE)}),
    )  # fmt: skip
    if has.returncode:
        return None
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=_HERE, check=False
    )
    return asked.stdout.strip() or "unknown"


def _mlflow(place: Place) -> Launch:
    held = place.folder / "config"
    held.mkdir()
    model = {"provider": "openai", "name": "m", "config": {"openai_api_key": SECRET, "openai_api_base": place.url}}
    endpoint = {"name": "chat", "endpoint_type": "llm/v1/chat", "model": model}
    (held / "config.yaml").write_text(json.dumps({"endpoints": [endpoint]}))
    folder = install.folder_of(place.peers, "mlflow") / "bin"
    command = [
        str(folder / "mlflow"),
        "gateway",
        "start",
        "--config-path",
        str(held / "config.yaml"),
        "--port",
        str(place.port),
    ]
    environment = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "http,https",
    }
    return Launch([*command, "--workers", "1"], {}, environment)


def _portkey(place: Place) -> Launch:
    script = install.folder_of(place.peers, "portkey") / "node_modules/@portkey-ai/gateway/build/start-server.js"
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": place.url}
    environment = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}
    return Launch(["node", str(script), f"--port={place.port}", "--headless"], headers, environment, name="m")


def _litellm(place: Place) -> Launch:
    parameters = {"model": "openai/m", "api_base": place.url, "api_key": SECRET}
    config = {
        "model_list": [{"model_name": "chat", "litellm_params": parameters}],
        "general_settings": {"master_key": SECRET},
    }
    path = place.folder / "config.yaml"
    path.write_text(json.dumps(config))
    program = install.folder_of(place.peers, "litellm") / "bin/litellm"
    command = [
        str(program),
        "--config",
        str(path),
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
        "--num_workers",
        "1",
    ]
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"}
    return Launch(command, {}, environment)


PEERS = ("mlflow", "portkey", "litellm")
ENTRIES = {
    "direct": Entry("no gateway", _nothing, lambda _peers: ""),
    "nginx": Entry("nginx", _nginx, lambda _peers: install.nginx_version()),
    "forwarder": Entry(
        "only Ferrata's HTTP client behind a server", _forwarder, lambda _peers: install.forwarder_version()
    ),
    "ferrata": Entry("Ferrata", _ferrata(1), _ferrata_version),
    "ferrata2": Entry("Ferrata, 2 workers", _ferrata(2), _ferrata_version, workers=2),
    "mlflow": Entry("MLflow gateway", _mlflow, lambda peers: install.version_of(peers, "mlflow")),
    "portkey": Entry("Portkey", _portkey, lambda peers: install.version_of(peers, "portkey")),
    "litellm": Entry("LiteLLM proxy", _litellm, lambda peers: install.version_of(peers, "litellm")),
}
