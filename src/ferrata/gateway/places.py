"""A worker's place: its socket, who has it now, and when a dead one's successor starts. Knows no signal and no other place."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["Place", "WorkerOrder"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_LIVED = 10.0  # seconds after which a death is no part of a row of deaths


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """What a worker is told at its start.

    Attributes:
        root: the project's folder.
        application: `module:function` that takes the root and a `WorkerContext` and makes what is served.
        listening: number of the open file that is the socket to listen on.
        channel: likewise, that goes to the supervisor.
        index: the worker's place, from 0.
        workers: how many places there are.
        generation: how many had this place before.
        drain: seconds for what runs when the worker is to end.
    """

    root: str
    application: str
    listening: int
    channel: int
    index: int = 0
    workers: int = 1
    generation: int = 0
    drain: float = 25.0

    def command(self) -> list[str]:
        """The command line that starts the worker. The working folder is nowhere that modules are looked for."""
        return [sys.executable, "-P", "-m", "ferrata.gateway.worker", json.dumps(asdict(self))]


@dataclass
class Place:
    """One worker after the other.

    Attributes:
        order: for the next one.
        listening: the socket that all of them have.
        process: who has the place, or had it last.
        channel: what it says comes from here; None: nothing more comes.
        ready: it answers.
        deaths: in a row, each soon after its start.
        helper: who answers at its socket until the next one does.
        due: the time at which the next one starts; None: none is to.
    """

    order: WorkerOrder
    listening: socket.socket
    process: subprocess.Popen[bytes] | None = None
    channel: socket.socket | None = None
    ready: bool = False
    deaths: int = 0
    helper: Place | None = None
    due: float | None = 0.0
    _started: float = 0.0
    _rest: bytes = field(default=b"", repr=False)

    def start(self, now: float) -> socket.socket:
        """Start a worker; returns the channel from it."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        order = replace(self.order, listening=self.listening.fileno(), channel=theirs.fileno())
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - this program's own command
                order.command(), stdin=subprocess.DEVNULL, pass_fds=(order.listening, order.channel)
            )
        self.order = replace(self.order, generation=order.generation + 1)
        self.channel, self.ready, self.due = ours, False, None
        self._started, self._rest = now, b""
        return ours

    def messages(self) -> Sequence[dict[str, Any]]:
        """What the worker has said since the last look; closes the channel where nothing more comes."""
        if self.channel is None:
            return []
        while True:
            try:
                piece = self.channel.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            if not piece:
                self.channel.close()
                self.channel = None
                break
            self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines]

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Give the worker a signal, if it is there."""
        if self.process is not None and self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def help(self, other: Place) -> None:
        """Let the worker of this place answer at another's socket too."""
        self._tell(b"+%03d" % other.order.index, [other.listening.fileno()])
        other.helper = self

    def leave(self, other: Place) -> None:
        """Let it answer there no more."""
        self._tell(b"-%03d" % other.order.index, [])
        other.helper = None

    def _tell(self, what: bytes, files: list[int]) -> None:
        if self.channel is not None:
            with suppress(OSError):  # who does not listen is about to die
                socket.send_fds(self.channel, [what], files)

    def died(self, now: float) -> float:
        """Note a death; returns the seconds until the successor starts: none after a long life, else more each time."""
        status = self.process.returncode if self.process is not None else 0
        if status == 0 or now - self._started > _LIVED:
            self.deaths = 0
        self.deaths += status != 0
        pause = 0.0 if self.deaths < 2 else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (self.deaths - 2))
        self.due = now + pause
        self.ready = False
        return pause

    def how_it_ended(self) -> str:
        """In words: a signal or an exit status."""
        status = self.process.returncode if self.process is not None else 0
        if status < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-status).name}"
            return f"was ended by signal {-status}"
        return f"ended with status {status}"

    def close(self) -> None:
        """Listen no more, here; a worker that runs goes on to."""
        self.listening.close()
        self.due = None
