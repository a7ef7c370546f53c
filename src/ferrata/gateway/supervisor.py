"""The process that keeps a gateway's workers: their starts and ends, and what signals mean for all of them.

It answers no request. Each worker has a listening socket of its own on the same port, which stays open here, so that who has connected
to a worker that dies is answered by the next one. Knows no HTTP and imports nothing that does: the workers start first.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError, StoreUnavailable, UsageError
from ferrata.gateway.places import Place, WorkerOrder
from ferrata.gateway.sockets import listen_for, raise_open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import FrameType

__all__ = ["GatewayPlan", "supervise"]

_TRIES = 3  # of a worker's first start
_GIVE_BACK = 8.0  # seconds that a worker has beyond the drain, to give back what it holds
_HURRY = 2.0
_LAST_JOIN = 10.0  # seconds for what goes on beside the workers to end after them
_AGAIN = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """What is to run.

    Attributes:
        root: the project's folder.
        application: `module:function` that makes what a worker serves, see `WorkerOrder`.
        host: address to listen on.
        port: 0 takes a free one.
        workers: processes.
        drain: seconds for running requests when the gateway ends.
    """

    root: Path
    application: str
    host: str = "127.0.0.1"
    port: int = 4000
    workers: int = 1
    drain: float = 25.0


def supervise(
    plan: GatewayPlan,
    *,
    background: Sequence[Callable[[threading.Event], None]] = (),
    say: Callable[[str], object] = print,
) -> int:
    """Run a gateway until a signal ends it. To be called in the main thread.

    SIGTERM and SIGINT end it after the running requests, a second SIGINT at once; SIGHUP lets every worker read its routes anew.

    Args:
        plan: what to run.
        background: run in threads of this process once the workers answer, each until its event is set; then the workers have ended. One that fails is
            told to `say` and begins again.
        say: takes the lines for the operator: one at the start, one when something happens.

    Returns:
        0, or 1 where requests had to be cut off.

    Raises:
        UsageError: the port is taken, or the application says that it cannot be served as it is declared.
        StoreUnavailable: the application says that it needs a store that does not answer.
        FerrataError: the workers die before they answer.
    """
    raise_open_files()
    with ExitStack() as closing:
        sockets = listen_for(plan.host, plan.port, workers=plan.workers)
        for one in sockets:
            closing.callback(one.close)
        return _Supervisor(plan, sockets, background, say).run(closing)


class _Supervisor:
    def __init__(
        self,
        plan: GatewayPlan,
        sockets: Sequence[socket.socket],
        background: Sequence[Callable[[threading.Event], None]],
        say: Callable[[str], object],
    ) -> None:
        self.plan = plan
        self.port: int = sockets[0].getsockname()[1]
        self.places = [
            Place(WorkerOrder(str(plan.root), plan.application, 0, 0, index, plan.workers, 0, plan.drain), listening)
            for index, listening in enumerate(sockets)
        ]
        self.background = background
        self._say = say
        self.selector = selectors.DefaultSelector()
        self.stop = threading.Event()
        self.threads = list[threading.Thread]()
        self.answering = False  # all workers have answered at least once
        self.ending: float | None = None  # when those that still run are killed
        self.cut = False
        self.reloading = set[int]()
        self.terminal = _has_terminal()

    def say(self, line: str) -> None:
        # Nobody may be reading any more; that is no reason to stop.
        with suppress(OSError, ValueError):
            self._say(line)

    def run(self, closing: ExitStack) -> int:
        closing.callback(self.selector.close)
        closing.callback(self._kill)
        waking = self._take_signals(closing)
        closing.callback(self._end_background)
        while True:
            for place in self.places:
                if place.due is not None and place.due <= time.monotonic():
                    self.selector.register(place.start(time.monotonic()), selectors.EVENT_READ, place)
            for key, _ in self.selector.select(self._pause()):
                if key.data is None:
                    for number in waking.recv(4096):
                        self._signalled(number)
                else:
                    self._listen(key.data)
            self._look_for_dead()
            if self.ending is not None:
                if not any(place.is_alive() for place in self.places):
                    return int(self.cut)
                if time.monotonic() > self.ending:
                    self.cut = True
                    self._send(signal.SIGKILL)

    def _pause(self) -> float | None:
        times = [place.due for place in self.places if place.due is not None]
        if self.ending is not None:
            times.append(self.ending + 0.05)
        return max(0.0, min(times) - time.monotonic()) if times else None

    # What workers say, and their deaths

    def _listen(self, place: Place) -> None:
        channel = place.channel
        if channel is None:
            return
        number = channel.fileno()
        for message in place.messages():
            self._heard(place, message)
        if place.channel is None:
            self.selector.unregister(number)

    def _heard(self, place: Place, message: dict[str, Any]) -> None:
        name = place.order.index + 1
        if "ready" in message:
            place.ready = True
            if place.helper is not None:
                place.helper.leave(place)
            if not self.answering and all(one.ready for one in self.places):
                self._begin(str(message["ready"]))
        elif "reloaded" in message:
            self.reloading.discard(name)
            if not self.reloading:
                self.say(f"reloaded: {message['reloaded']}")
        elif "kept" in message:
            self.say(f"worker {name} keeps its old routes: {message['kept']}")
        elif "failed" in message:
            if not self.answering:
                kind = StoreUnavailable if message["status"] == 503 else UsageError
                raise kind(str(message["failed"]), hint=str(message["hint"]))
            self.say(f"worker {name} cannot start: {message['failed']}")
        elif "crashed" in message:
            self.say(f"worker {name} failed: {message['crashed']}")

    def _begin(self, about: str) -> None:
        self.answering = True
        host = f"[{self.plan.host}]" if ":" in self.plan.host else self.plan.host
        many = f"{len(self.places)} worker{'s' if len(self.places) > 1 else ''}"
        self.say(", ".join(part for part in (f"http://{host}:{self.port}", many, about) if part))
        for one in self.background:
            thread = threading.Thread(target=self._keep, args=(one,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _look_for_dead(self) -> None:
        for place in self.places:
            if place.process is None or place.due is not None or place.is_alive():
                continue
            self._listen(place)
            if self.ending is not None:
                self.cut = self.cut or place.process.returncode != 0
                place.process = None
                continue
            pause = place.died(time.monotonic())
            name = f"worker {place.order.index + 1} (process {place.process.pid}) {place.how_it_ended()}"
            if not self.answering and place.deaths >= _TRIES:
                raise FerrataError(f"{name} {_TRIES} times before it answered", hint="see its words above")
            self.say(f"{name}; the next one starts {f'in {pause:.1f} s' if pause else 'now'}")
            self._find_helpers(place)

    def _find_helpers(self, dead: Place) -> None:
        """Who connects to the socket of a dead worker, or of one that it helped out, does not wait for the successor."""
        helpers = [place for place in self.places if place.ready]
        for place in self.places:
            if helpers and not place.ready and place.helper in (None, dead):
                helpers[place.order.index % len(helpers)].help(place)

    # Signals

    def _take_signals(self, closing: ExitStack) -> socket.socket:
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            one.setblocking(False)
            closing.callback(one.close)
        before = {number: signal.signal(number, _nothing) for number in _SIGNALS}
        closing.callback(lambda: [signal.signal(number, handler) for number, handler in before.items()])
        woken = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        closing.callback(signal.set_wakeup_fd, woken)
        self.selector.register(ours, selectors.EVENT_READ)
        return ours

    def _signalled(self, number: int) -> None:
        if number == signal.SIGHUP and not (self.terminal and not _has_terminal()):
            self.reloading = {place.order.index + 1 for place in self.places if place.ready}
            self._send(signal.SIGHUP, only_ready=True)
        elif number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if self.ending is None:
                self._end()
            elif number == signal.SIGINT:
                self.ending = time.monotonic() + _HURRY
                self._send(signal.SIGQUIT)

    def _end(self) -> None:
        self.ending = time.monotonic() + self.plan.drain + _GIVE_BACK
        for place in self.places:
            place.close()  # before the workers close theirs: who connects between the two would wait for nobody
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals, *, only_ready: bool = False) -> None:
        for place in self.places:
            if place.ready or not only_ready:
                place.send(number)

    def _kill(self) -> None:
        """Leave no worker behind, whatever happened here."""
        for place in self.places:
            place.send(signal.SIGKILL)
            if place.process is not None:
                place.process.wait()
            if place.channel is not None:
                place.channel.close()

    # What goes on beside the workers

    def _keep(self, one: Callable[[threading.Event], None]) -> None:
        while not self.stop.is_set():
            try:
                one(self.stop)
                return
            except Exception as error:  # noqa: BLE001 - the boundary of a thread; told, and begun again
                self.say(f"what runs beside the workers failed, and begins again: {type(error).__name__}: {error}")
                self.stop.wait(_AGAIN)

    def _end_background(self) -> None:
        self.stop.set()
        end = time.monotonic() + _LAST_JOIN
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))


def _nothing(number: int, frame: FrameType | None) -> None:
    """A signal wakes the loop by its own socket; this only keeps it from doing anything else."""


def _has_terminal() -> bool:
    """Whether there is a terminal; when it goes away it sends SIGHUP, which then is no wish to reload."""
    try:
        return sys.stdin is not None and os.tcgetpgrp(sys.stdin.fileno()) >= 0
    except (OSError, ValueError):
        return False
