from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gateway_served import read_answer, request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

HERE = Path(__file__).parent
SCRIPT = """
import sys, threading
from pathlib import Path
from ferrata.errors import FerrataError
from ferrata.gateway.supervisor import GatewayPlan, supervise
root, port, workers, drain, sort = sys.argv[1:]
said = lambda line: print(line, flush=True)

def beside(stop):
    marker = Path(root) / "beside"
    if not marker.exists():
        marker.write_text("begun")
        raise RuntimeError("a first mistake")
    stop.wait()
    marker.write_text("ended" if list(Path(root).glob("ended-*")) else "too soon")

plan = GatewayPlan(Path(root), "gateway_served:application", port=int(port), workers=int(workers), drain=float(drain))
try:
    status = supervise(plan, say=said, background=[beside] if sort == "beside" else [])
except FerrataError as error:
    said(f"{type(error).__name__}: {error.message} / {error.hint}")
    sys.exit(2)
said("sqlalchemy" if "sqlalchemy" in sys.modules else "no store was loaded")
sys.exit(status)
"""


class Gateway:
    """A supervisor with workers, and what it says."""

    def __init__(
        self, root: Path, *, workers: int = 1, port: int = 0, drain: float = 5.0, sort: str = "", **more
    ) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
        command = [sys.executable, "-c", SCRIPT, str(root), str(port), str(workers), str(drain), sort]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **more
        )
        self.port = 0

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def started(self) -> Gateway:
        line = self.line()
        assert line.startswith("http://127.0.0.1:"), line
        self.port = int(line.split(",")[0].rpartition(":")[2])
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def rest(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def get(self, path: str) -> tuple[int, dict]:
        status, _, body = asyncio.run(self._get(path))
        return status, json.loads(body)

    async def _get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request(path, extra="Connection: close\r\n"))
        found = await asyncio.wait_for(read_answer(reader), 10)
        writer.close()
        return found

    def workers(self, least: int = 1) -> set[int]:
        found, end = set[int](), time.monotonic() + 15
        while time.monotonic() < end:
            found.add(self.get("/pid")[1]["pid"])
            if len(found) >= least:
                return found
        raise AssertionError(found)


@contextmanager
def gateway(root: Path, **given) -> Iterator[Gateway]:
    made = Gateway(root, **given)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.end()
        assert made.process.stdout is not None
        made.process.stdout.close()


@dataclass
class Load:
    """What clients saw: answers, connections that were refused, requests that failed after they were sent."""

    answers: int = 0
    refused: int = 0
    failed: list[str] = field(default_factory=list)
    pids: list[tuple[float, int]] = field(default_factory=list)


async def load(port: int, meanwhile: Callable[[], Awaitable[object]], *, clients: int = 8, keep: bool = True) -> Load:
    """Ask all the time, while something happens; a client honours `connection: close`."""
    found, over = Load(), asyncio.Event()

    async def one() -> None:
        while not over.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                found.refused += 1
                await asyncio.sleep(0.01)
                continue
            try:
                while not over.is_set():
                    extra = "" if keep else "Connection: close\r\n"
                    writer.write(request("/slow?0.01", body=b"x" * 500, extra=extra))
                    status, headers, body = await read_answer(reader)
                    assert status == 200
                    found.answers += 1
                    found.pids.append((time.monotonic(), json.loads(body)["pid"]))
                    if headers.get("connection") == "close":
                        break
            except (OSError, asyncio.IncompleteReadError) as error:
                found.failed.append(repr(error))
            finally:
                writer.close()

    asking = [asyncio.create_task(one()) for _ in range(clients)]
    await asyncio.sleep(0.1)
    await meanwhile()
    over.set()
    await asyncio.gather(*asking)
    return found


def test_start_answers_soon_and_ends_by_a_signal(tmp_path) -> None:
    begin = time.monotonic()
    with gateway(tmp_path, workers=2, sort="beside") as it:
        line = it.line()
        assert time.monotonic() - begin < 5  # 0.4 s where nothing else runs
        it.port = int(line.split(",")[0].rpartition(":")[2])
        assert line == f"http://127.0.0.1:{it.port}, 2 workers, 3 endpoints"
        assert it.line() == "what runs beside the workers failed, and begins again: RuntimeError: a first mistake"
        assert it.get("/ready") == (200, {"problems": []})
        assert len(it.workers(2)) == 2
        assert it.end(signal.SIGINT) == 0
        assert it.rest().strip() == "no store was loaded"
    assert {path.name for path in tmp_path.glob("ended-*")} == {"ended-0", "ended-1"}


def test_what_runs_beside_ends_after_the_workers(tmp_path) -> None:
    (tmp_path / "beside").write_text("")
    with gateway(tmp_path, sort="beside") as it:
        it.started()
        assert it.end() == 0
    assert (tmp_path / "beside").read_text() == "ended"


def test_a_taken_port_is_said_so(tmp_path) -> None:
    with gateway(tmp_path) as it:
        it.started()
        with gateway(tmp_path, port=it.port) as other:
            assert other.line().startswith(
                f"UsageError: cannot listen on 127.0.0.1 port {it.port}: Address already in use"
            )
            assert other.process.wait(10) == 2


def test_what_the_application_lacks_at_the_start_is_said(tmp_path) -> None:
    (tmp_path / "startup").write_text("ferrata.yaml:3: endpoints: wrong")
    with gateway(tmp_path, workers=2) as it:
        assert it.line() == "UsageError: ferrata.yaml:3: endpoints: wrong / mend it"
        assert it.process.wait(10) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("how", "why"), [("crash", "ended with status 7"), ("raise", "a mistake of the program's")])
def test_workers_that_die_at_the_start_are_given_up(tmp_path, how: str, why: str) -> None:
    (tmp_path / "startup").write_text(how)
    with gateway(tmp_path) as it:
        assert it.process.wait(20) == 2
        said = it.rest()
        assert why in said
        assert "3 times before it answered" in said.splitlines()[-1]


@pytest.mark.slow
def test_a_crash_loop_leaves_the_other_workers_alone(tmp_path) -> None:
    with gateway(tmp_path, workers=2) as it:
        it.started()
        first, second = it.workers(2)
        (tmp_path / "startup").write_text("no more")
        os.kill(first, signal.SIGKILL)
        said = [it.line() for _ in range(5)]
        assert "was ended by SIGKILL; the next one starts now" in said[0]
        assert said[1].endswith("cannot start: no more")
        assert "status 2; the next one starts in 0.1 s" in said[2]
        (tmp_path / "startup").unlink()
        assert len(it.workers(2) - {first, second}) == 1


@pytest.mark.slow
def test_a_killed_worker_fails_its_own_connections_only_and_is_replaced(tmp_path) -> None:
    with gateway(tmp_path, workers=2) as it:
        it.started()
        killed = min(it.workers(2))
        when = 0.0

        async def kill() -> None:
            nonlocal when
            when = time.monotonic()
            os.kill(killed, signal.SIGKILL)
            await asyncio.sleep(1.5)

        found = asyncio.run(load(it.port, kill, clients=16))
        assert found.refused == 0
        assert len(found.failed) <= 16  # each client lost at most the one request that it had there
        at = [moment for moment, _ in found.pids if moment > when]
        assert max(later - before for before, later in zip(at, at[1:], strict=False)) < 1
        later = it.workers(2)
        assert killed not in later
        assert len(later) == 2


def test_the_others_answer_for_a_dead_worker_until_it_has_a_successor(tmp_path) -> None:
    with gateway(tmp_path, workers=2) as it:
        it.started()
        (tmp_path / "startup").write_text("no more")  # so that there is no successor
        first, second = sorted(it.workers(2))
        os.kill(first, signal.SIGKILL)
        assert "SIGKILL" in it.line()
        begin = time.monotonic()
        assert {it.get("/pid")[1]["pid"] for _ in range(20)} == {second}
        assert time.monotonic() - begin < 2
        (tmp_path / "startup").unlink()
        third = (it.workers(2) - {second}).pop()
        os.kill(second, signal.SIGKILL)
        assert {it.get("/pid")[1]["pid"] for _ in range(20)} - {third} <= it.workers(2)
        assert it.end() == 0


@pytest.mark.slow
@pytest.mark.parametrize("keep", [True, False])
def test_no_request_fails_when_the_gateway_ends(tmp_path, keep: bool) -> None:
    with gateway(tmp_path, workers=2) as it:
        it.started()

        async def end() -> None:
            it.process.send_signal(signal.SIGTERM)
            while it.process.poll() is None:
                await asyncio.sleep(0.02)

        found = asyncio.run(load(it.port, end, keep=keep))
        assert found.failed == []
        assert found.answers > 20
        assert it.process.returncode == 0


@pytest.mark.slow
def test_no_request_fails_when_routes_are_read_anew_and_wrong_ones_are_not_taken(tmp_path) -> None:
    with gateway(tmp_path, workers=2) as it:
        it.started()

        async def reload() -> None:
            for _ in range(5):
                it.process.send_signal(signal.SIGHUP)
                await asyncio.sleep(0.05)

        found = asyncio.run(load(it.port, reload))
        assert (found.failed, found.refused) == ([], 0)
        assert it.line() == "reloaded: 3 endpoints"
        assert it.get("/x")[1]["reloads"] >= 1
        (tmp_path / "reload").write_text("no model")
        it.process.send_signal(signal.SIGHUP)
        while not (line := it.line()).startswith("worker"):
            assert line == "reloaded: 3 endpoints"
        assert line.endswith("keeps its old routes: no model")
        assert it.get("/ready") == (503, {"problems": ["no model"]})
        assert it.get("/x")[0] == 200


@pytest.mark.slow
def test_running_requests_end_first_and_readiness_says_no(tmp_path) -> None:
    with gateway(tmp_path) as it:
        it.started()

        async def run() -> None:
            streaming, kept = await asyncio.open_connection("127.0.0.1", it.port)
            kept.write(request("/stream?2"))
            idle, other = await asyncio.open_connection("127.0.0.1", it.port)
            await asyncio.sleep(0.2)
            it.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
            other.write(request("/ready"))
            status, headers, _ = await read_answer(idle)
            assert (status, headers["connection"]) == (503, "close")
            assert (await read_answer(streaming))[2] == b"piece\n" * 10
            kept.close()
            other.close()

        asyncio.run(run())
        assert it.process.wait(5) == 0


@pytest.mark.slow
def test_what_runs_longer_than_the_drain_is_cut_and_the_status_says_so(tmp_path) -> None:
    with gateway(tmp_path, drain=0.3) as it:
        it.started()

        async def run() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            writer.write(request("/slow?60"))
            await asyncio.sleep(0.2)
            it.process.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            with suppress(asyncio.IncompleteReadError, OSError):
                assert (await read_answer(reader))[0] == 500
            assert time.monotonic() - begin < 3
            writer.close()

        asyncio.run(run())
        assert it.process.wait(5) == 1


@pytest.mark.slow
def test_a_second_interrupt_waits_for_nothing(tmp_path) -> None:
    with gateway(tmp_path, drain=60) as it:
        it.started()
        with socket.create_connection(("127.0.0.1", it.port)) as client:
            client.sendall(request("/slow?60"))
            time.sleep(0.2)
            it.process.send_signal(signal.SIGINT)
            time.sleep(0.2)
            begin = time.monotonic()
            it.process.send_signal(signal.SIGINT)
            assert it.process.wait(10) == 1
            assert time.monotonic() - begin < 4


@pytest.mark.slow
def test_workers_of_a_killed_supervisor_finish_and_leave_the_port(tmp_path) -> None:
    with gateway(tmp_path, workers=2) as it:
        it.started()
        assert len(it.workers(2)) == 2

        async def kill() -> None:
            it.process.kill()
            it.process.wait()
            await asyncio.sleep(2)

        found = asyncio.run(load(it.port, kill))
        assert found.failed == []
        assert len(list(tmp_path.glob("ended-*"))) == 2
        with gateway(tmp_path, port=it.port) as other:
            other.started()


@pytest.mark.slow
def test_few_open_files_refuse_connections_and_nothing_else(tmp_path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (110, 110))

    with gateway(tmp_path, preexec_fn=few) as it:
        it.started()
        taken = [socket.create_connection(("127.0.0.1", it.port)) for _ in range(200)]
        time.sleep(0.3)
        refused = 0
        for one in taken:
            one.setblocking(False)
            with suppress(BlockingIOError):
                refused += one.recv(12) == b"HTTP/1.1 503"
        assert refused == 170
        for one in taken:
            one.close()
        time.sleep(0.3)
        assert it.get("/x")[0] == 200
        assert it.end() == 0
