"""How a served flow begins and ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from ferrata.errors import UsageError
from ferrata.flows.serve import listen


def test_at_a_signal_what_is_under_way_is_finished(serve, say) -> None:
    served = serve(say)
    found: list[httpx2.Response] = []
    thread = threading.Thread(target=lambda: found.append(served.score(text="wait", n=2)))
    thread.start()
    served.until("begun")
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{served.url}/health", trust_env=False)
    thread.join()
    assert found[0].json() == {"answer": "waited", "count": 2}
    assert served.process.wait(10) == 0


def test_what_takes_too_long_at_the_end_is_cancelled(serve, say) -> None:
    served = serve(say, "--drain", "1")
    thread = threading.Thread(target=lambda: _tried(served))
    thread.start()
    served.until("begun")
    began = time.monotonic()
    assert served.end() == 0
    assert time.monotonic() - began < 10
    assert (served.folder / "cancelled").exists()
    thread.join()


def _tried(served) -> None:
    try:
        httpx2.post(f"{served.url}/score", json={"text": "wait", "n": 60}, timeout=30, trust_env=False)
    except httpx2.HTTPError:
        pass


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once(serve, say, stop) -> None:
    served = serve(say)
    assert served.client.get("/health").status_code == 200  # and the connection stays open
    began = time.monotonic()
    served.process.send_signal(stop)
    assert served.process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_a_taken_port_is_told() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            listen("127.0.0.1", port)
    with pytest.raises(UsageError, match="cannot listen on 203.0.113.1"):
        listen("203.0.113.1", 0)


def test_answers_do_not_wait_for_confirmations() -> None:
    with listen("127.0.0.1", 0) as found:
        assert found.proto == socket.IPPROTO_TCP  # by which asyncio knows that it may switch Nagle's algorithm off


def test_addresses_of_version_6() -> None:
    with socket.socket(socket.AF_INET6) as tried:
        try:
            tried.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    with listen("::1", 0) as found:
        assert found.family is socket.AF_INET6


def test_a_flow_that_does_not_load_is_told(make_flow) -> None:
    folder = make_flow("inputs: {}\nnodes:\n- {name: a, type: python, source: {type: code, path: no.py}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "ferrata", "flow", "serve", folder, "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "no.py" in done.stderr and "Traceback" not in done.stderr


def test_other_commands_do_not_load_the_server() -> None:
    code = "import sys, ferrata.cli.flow, ferrata.cli.flow_test, ferrata.flows.open, ferrata.flows.serve as s; "
    code += "print([m for m in ('uvicorn', 'starlette', 'anyio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
