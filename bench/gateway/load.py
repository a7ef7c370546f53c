"""Load by `wrk`, and what it says of it.

Latencies are wrk's: from the moment a request is written until its answer has been read. Without a rate the load is closed: each
connection asks again as soon as it is answered. With one, each connection waits a random time (exponential) before it asks.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from gateway.processes import Failed, clean_environment, need

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.processes import Request

__all__ = ["Load", "apply_load"]

_SCRIPT = """
wrk.method = "POST"
wrk.body = %(body)s
%(headers)s
%(delay)s
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('{"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "status": %%d, "socket": %%d, "timeout": %%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status, e.connect + e.read + e.write, e.timeout))
end
"""


class Load(NamedTuple):
    """What a load came to.

    Attributes:
        requests: answered, with 200.
        rate: of them a second.
        p50: milliseconds.
        p99: milliseconds.
        timeouts: answers that took more than wrk's 10 s.
    """

    requests: int
    rate: float
    p50: float
    p99: float
    timeouts: int


def apply_load(
    request: Request, *, connections: int, seconds: float, core: int, folder: Path, rate: float | None = None
) -> Load:
    """Ask over and over, on one thread.

    Args:
        request: what to ask.
        connections: at a time.
        seconds: how long.
        core: that wrk may use.
        folder: where its script is written.
        rate: requests a second that all connections together try for; None: as many as are answered.

    Raises:
        Failed: an answer's status was not 2xx, or a connection broke.
    """
    script = folder / "load.lua"
    delay = (
        f"function delay() return math.floor(-math.log(1 - math.random()) * {connections / rate * 1e3:f} + 0.5) end"
        if rate
        else ""
    )
    headers = "\n".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()
    )
    script.write_text(_SCRIPT % {"body": f"[==[{request.body.decode()}]==]", "headers": headers, "delay": delay})
    command = [
        need("taskset"), "-c", str(core), need("wrk"), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s",
        "-s", str(script), f"http://127.0.0.1:{request.port}{request.path}",
    ]  # fmt: skip
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 60, env=clean_environment(), check=False
    )
    if ran.returncode:
        raise Failed(f"wrk ended with {ran.returncode}: {ran.stderr or ran.stdout}")
    found = json.loads(next(line for line in reversed(ran.stdout.splitlines()) if line.startswith("{")))
    if found["status"] or found["socket"] or not found["requests"]:
        raise Failed(
            f"of {found['requests']} answers {found['status']} were not 2xx, and {found['socket']} connections broke"
        )
    return Load(found["requests"], found["requests"] / found["seconds"], found["p50"], found["p99"], found["timeout"])
