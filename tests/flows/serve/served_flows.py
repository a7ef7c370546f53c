"""A process that serves a flow, and how to ask it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

import ferrata

if TYPE_CHECKING:
    from collections.abc import Callable


class Served:
    """A process that serves a flow."""

    def __init__(self, folder: Path, *words: str, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        source = str(Path(ferrata.__file__).parents[1])
        self._log = (folder.parent / f"{folder.name}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "ferrata", "flow", "serve", folder, "--port", "0", *words],
            env={**os.environ, "PYTHONPATH": source, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert " on http://" in line, self.log
        self.url = line.split()[-1]
        self.client = httpx2.Client(base_url=self.url, timeout=20, trust_env=False)

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    def score(self, headers: dict[str, str] | None = None, /, **inputs: Any) -> httpx2.Response:
        return self.client.post("/score", json=inputs, headers=headers)

    def until(self, name: str) -> None:
        """Wait until the flow has written a file."""
        wait(lambda: (self.folder / name).exists(), f"{name}: {self.log}")

    def end(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()
        return status


def wait(condition: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends, what
        time.sleep(0.01)
