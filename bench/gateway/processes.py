"""Processes that a measurement starts: pinned to cores, watched, and ended with all their children.

Linux alone: reads `/proc`. Each process is the leader of a group of its own, which is ended by its number.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

__all__ = ["Failed", "Request", "Started", "ask", "clean_environment", "free_port", "need", "note", "started"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Failed(Exception):
    """A measurement that would mean nothing."""


class Request(NamedTuple):
    """What is asked of an entry point, over and over.

    Attributes:
        port: on loopback.
        path: of the chat completions.
        headers: without Content-Length.
        body: JSON.
    """

    port: int
    path: str
    headers: dict[str, str]
    body: bytes


def free_port() -> int:
    """One that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need(program: str) -> str:
    """The path of a program.

    Raises:
        Failed: it is not installed; with what to do.
    """
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        hint = {
            "wrk": "apt-get install wrk",
            "nginx": "apt-get install nginx-light",
            "npm": "apt-get install nodejs npm; Node 20 or later",
            "taskset": "apt-get install util-linux",
        }.get(program, "install it")
        raise Failed(f"there is no {program!r} on the PATH: {hint}")
    return found


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a measured process sees: nothing of a developer's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, **(more or {})}


class Started:
    """A process and its children.

    Attributes:
        pid: of the first.
        log: what they wrote.
    """

    def __init__(
        self, command: Sequence[str], *, cores: Sequence[int], log: Path, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.log = log
        self.began = time.perf_counter()
        pinned = [need("taskset"), "-c", ",".join(map(str, cores)), *command]
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                pinned, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=dict(environment), cwd=folder,
                start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def family(self) -> list[int]:
        """It and all its descendants that live."""
        parents = dict[int, int]()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _stat(int(entry.name))):
                parents[int(entry.name)] = int(fields[1])
        found, seen = [self.pid], {self.pid}
        for pid in found:
            for child in (child for child, parent in parents.items() if parent == pid and child not in seen):
                found.append(child)
                seen.add(child)
        return found

    def processor(self) -> float:
        """Seconds of the processor that the family has used, ended children included; 10 ms fine."""
        return sum(sum(map(int, fields[11:15])) for pid in self.family() if (fields := _stat(pid))) / _TICKS

    def memory(self) -> float:
        """Resident MB of the family; what two processes share counts twice."""
        return sum(int(fields[21]) * _PAGE for pid in self.family() if (fields := _stat(pid))) / 1e6

    def stop(self) -> None:
        """End the whole group: first kindly, after 10 s by force."""
        for sign, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:
                break
            until = time.monotonic() + seconds
            while time.monotonic() < until and _group_lives(self.pid, self._process):
                time.sleep(0.02)
        self._process.wait()

    def tail(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-2000:]


def _group_lives(group: int, leader: subprocess.Popen[bytes]) -> bool:
    leader.poll()
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _stat(pid: int) -> list[str] | None:
    # the fields after the name: state, parent, ...; 11 to 14 are processor time of it and of ended children, 21 resident pages
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def ask(request: Request, *, timeout: float = 30.0) -> tuple[int, bytes]:
    """One request on a connection of its own: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", request.port, timeout=timeout)
    try:
        connection.request("POST", request.path, request.body, request.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def started(
    command: Sequence[str],
    request: Request,
    *,
    cores: Sequence[int],
    folder: Path,
    name: str,
    environment: Mapping[str, str] | None = None,
    seconds: float = 120.0,
) -> Generator[tuple[Started, float]]:
    """A process that answers, and the seconds from its start to the first answer; ended on leaving.

    Args:
        command: program and arguments.
        request: that must be answered with 200.
        cores: that it may use.
        folder: where it runs, and where its log is written.
        name: of its log.
        environment: beside what every process gets.
        seconds: that it may take.

    Raises:
        Failed: it ended, or did not answer with 200 in that time.
    """
    process = Started(
        command, cores=cores, log=folder / f"{name}.log", environment=clean_environment(environment), folder=folder
    )
    try:
        yield process, _first_answer(process, request, name, seconds)
    finally:
        process.stop()


def _first_answer(process: Started, request: Request, name: str, seconds: float) -> float:
    last = "nothing listens"
    while (waited := time.perf_counter() - process.began) < seconds:
        if process.ended():
            raise Failed(f"{name} ended while it started:\n{process.tail()}")
        try:
            status, body = ask(request)
        except (OSError, http.client.HTTPException) as error:
            last = repr(error)
        else:
            if status == 200:
                return time.perf_counter() - process.began
            last = f"{status} {body[:500]!r}"
        time.sleep(0.005 if waited < 5 else 0.1)
    raise Failed(f"{name} gave no answer in {seconds:g} s; last: {last}\n{process.tail()}")


def note(text: str) -> None:
    """Tell whoever waits, apart from the results."""
    print(text, file=sys.stderr, flush=True)
