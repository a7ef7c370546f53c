"""The two sides: promptflow in an environment of its own, and the `ferrata` command, each in fresh copies of the checkout.

Both get the same inputs, the same connections and the same environment, in which nothing but loopback can be reached.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from conformance.compare import normal, same
from conformance.fake import connections, for_promptflow, variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

VERSION = "1.18.5"
IMPORTED = ("beautifulsoup4", "aiohttp", "pyyaml", "tenacity")  # by some of the flows
NOWHERE = "http://127.0.0.1:9"
TEMPORARY = re.compile(r"/tmp/(tmp\w{8}|ferrata-[\w-]+)")


@dataclass(frozen=True)
class Run:
    """What is the same for all flows of a pass.

    Attributes:
        checkout: promptflow's repository.
        work: where copies and files of the bench are; everything in it may be deleted.
        connected: whether connections are defined and lead to `url`.
        url: of the fake endpoint.
        jobs: flows that run at the same time.
        timeout: seconds per flow.
    """

    checkout: Path
    work: Path
    connected: bool
    url: str
    jobs: int
    timeout: float

    @property
    def name(self) -> str:
        """Of the pass."""
        return "fake" if self.connected else "none"

    def declared(self, flows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The connections of the pass, as their YAML files have them."""
        names = {name for flow in flows for name in flow["connections"]}
        return connections(names, self.url) if self.connected else {}

    def environment(self) -> dict[str, str]:
        """Variables of every process."""
        home = self.work / "home"
        (home / ".promptflow").mkdir(parents=True, exist_ok=True)
        (home / ".promptflow" / "pf.yaml").write_text("telemetry:\n  enabled: false\n")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        if "PYTHONPATH" in os.environ:
            parts = os.environ["PYTHONPATH"].split(os.pathsep)
            kept["PYTHONPATH"] = os.pathsep.join(str(Path(part).resolve()) for part in parts)
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
        own = {
            "HOME": str(home),
            "PF_HOME_DIRECTORY": str(home / ".promptflow"),
            "PF_DISABLE_TRACING": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        return kept | proxies | own | (variables(self.url) if self.connected else {})

    def copy(self, name: str) -> Path:
        """A fresh copy of the checkout, since flows write files."""
        place = self.work / f"{name}-{self.name}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.checkout, place, ignore=shutil.ignore_patterns(".git"), symlinks=True)
        return place

    def without_places(self, text: str, root: Path) -> str:
        """Text without what differs from run to run: folders and the endpoint's port."""
        for place, mark in ((str(root), "{CHECKOUT}"), (str(self.work), "{WORK}"), (self.url, "{FAKE}")):
            text = text.replace(place, mark)
        return TEMPORARY.sub("{TEMP}", text)


def promptflow_python(cache: Path) -> Path:
    """The interpreter of an environment with promptflow, which is made on first use (some minutes)."""
    place = cache / f"promptflow-{VERSION}"
    python = place / "bin" / "python"
    if not (place / "complete").exists():
        print(f"installing promptflow {VERSION} into {place}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        wanted = [f"promptflow=={VERSION}", "promptflow-tools", *IMPORTED]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
        (place / "complete").touch()
    return python


def expected(run: Run, flows: list[dict[str, Any]], python: Path) -> dict[str, dict[str, Any]]:
    """What promptflow makes of each flow, by path, run twice; five times where chance may be in it.

    Under `unsteady` are the keys whose values were not the same each time.
    """
    first = _promptflow(run, flows, python, 1)
    for found in first.values():
        found["unsteady"] = []
    chancy = [flow for flow in flows if flow["chancy"]]
    for number, these in ((2, flows), *((again, chancy) for again in (3, 4, 5))):
        for path, found in _promptflow(run, these, python, number).items() if these else ():
            told = first[path]
            keys = ("outcome", "output", "nodes", "codes", "aggregation")
            changed = [key for key in keys if not same(told.get(key), found.get(key))]
            told["unsteady"] = sorted({*told["unsteady"], *changed})
    return first


def _promptflow(run: Run, flows: list[dict[str, Any]], python: Path, number: int) -> dict[str, Any]:
    root = run.copy(f"promptflow-{number}")
    job = {
        "root": str(root),
        "flows": [flow | {"render": not run.connected} for flow in flows],
        "connections": for_promptflow(run.declared(flows)),
        "timeout": run.timeout,
        "workers": run.jobs,
        "out": str(run.work / f"expected-{run.name}-{number}.json"),
    }
    file = run.work / f"job-{run.name}-{number}.json"
    file.write_text(json.dumps(job))
    script = Path(__file__).with_name("expect.py")
    environment = {name: value for name, value in run.environment().items() if name != "PYTHONPATH"}
    subprocess.run([str(python), str(script), str(file)], check=True, env=environment, cwd=root)
    found: dict[str, Any] = json.loads(run.without_places(Path(job["out"]).read_text(), root))
    return {path: normal(one) for path, one in found.items()}


def observed(run: Run, flows: list[dict[str, Any]], ferrata: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the `ferrata` command makes of each flow, with its path, as they end.

    Args:
        run: the pass.
        flows: what is run, with inputs.
        ferrata: the command's first words.
    """
    root = run.copy("ferrata")
    given = run.work / f"given-{run.name}"
    shutil.rmtree(given, ignore_errors=True)
    given.mkdir(parents=True)
    declared = given / "connections.yaml"
    declared.write_text(yaml.safe_dump(run.declared(flows)))

    def one(flow: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        words = [
            *ferrata,
            *_words(flow, root, given / flow["path"].replace("/", "__"), declared if run.connected else None),
        ]
        start = time.monotonic()
        found = _ferrata(words, run, root, (root / flow["path"]).parent)
        return flow["path"], found | {"seconds": round(time.monotonic() - start, 2), "command": " ".join(words)}

    with ThreadPoolExecutor(run.jobs) as pool:
        yield from pool.map(one, flows)


def can_test(ferrata: Sequence[str]) -> bool:
    """Whether the command knows `flow test`."""
    return subprocess.run([*ferrata, "flow", "test", "--help"], capture_output=True, check=False).returncode == 0


def _words(flow: dict[str, Any], root: Path, stem: Path, declared: Path | None) -> list[str]:
    file = root / flow["path"]
    inputs = stem.with_name(f"{stem.name}.inputs.json")
    inputs.write_text(json.dumps(flow["inputs"]))
    if flow["kind"] == "prompty" and declared is None:
        data = ["--data", str(inputs)] if flow["inputs"] else []
        return ["prompt", "render", str(file), *data, "--dialect", "promptflow", "--json"]
    alone = file.name in ("flow.dag.yaml", "flow.flex.yaml") and len(list(file.parent.glob("flow.*.y*ml"))) == 1
    words = ["flow", "test", str(file.parent if alone else file), "--json"]
    if flow["inputs"]:
        words += ["--inputs", str(inputs)]
    if declared is not None:
        words += ["--connections", str(declared)]
    if flow["init"]:
        init = stem.with_name(f"{stem.name}.init.json")
        init.write_text(json.dumps(flow["init"]))
        words += ["--init", str(init)]
    return words


def _ferrata(words: list[str], run: Run, root: Path, folder: Path) -> dict[str, Any]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=root, env=run.environment(), stdout=pipe, stderr=pipe, start_new_session=True
    ) as done:
        try:
            streams = done.communicate(timeout=run.timeout)
        except subprocess.TimeoutExpired:
            # With what the flow itself has started, which would keep the pipes open.
            os.killpg(done.pid, signal.SIGKILL)
            return {"outcome": "timeout"}
    out, noise = (run.without_places(stream.decode(errors="replace"), root) for stream in streams)
    found: dict[str, Any] = {"exit": done.returncode, "rendered": "render" in words}
    try:
        document = json.loads(out)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        # A refusal may be words on the other stream; anything else without JSON is a fault.
        kind = "load error" if done.returncode == 2 else "failed" if done.returncode == 1 else "crash"
        return found | {"outcome": kind, "codes": [], "message": noise[-1500:] or out[-1500:]}
    if "messages" in document:
        return found | {"outcome": "completed", "output": _messages(document)}
    error = document.get("error") or {}
    # A row may be completed and what comes after all rows not, which exit status 1 says as well.
    if document.get("status") == "Completed":
        found |= {"outcome": "completed", "output": document.get("output")}
    else:
        found |= {"outcome": "load error" if done.returncode == 2 else "failed"}
    if error:
        found |= {"codes": [error.get("code"), *(error.get("inner") or [])], "message": error.get("message")}
        found["exception"] = (error.get("details") or {}).get("type")
    kept = {name: document[name] for name in ("status", "nodes", "metrics", "aggregation") if name in document}
    return normal(found | kept, [folder, folder / ".promptflow" / "output", root])


def _messages(document: dict[str, Any]) -> Any:
    """The messages of a prompt as promptflow writes them."""
    found = []
    for message in document["messages"]:
        calls = [
            {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
            for call in message.get("tool_calls") or []
        ]
        found.append(message | ({"tool_calls": calls} if calls else {}))
    return normal(found)
