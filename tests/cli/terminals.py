"""Commands on a pseudo-terminal, typed at as a person does."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time

import pytest

FERRATA = [sys.executable, "-m", "ferrata"]


def typed_on_a_terminal(words, steps):
    """Runs a command on a pseudo-terminal; types each step's text when its prompt is there; the status and the screen."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [*FERRATA, *words], {**os.environ, "TERM": "xterm", "COLUMNS": "100"})
    screen = b""
    waiting = [*steps, (None, b"")]
    seen = 0
    while waiting:
        if not select.select([terminal], [], [], 60)[0]:
            os.kill(child, signal.SIGKILL)
            pytest.fail(f"no {waiting[0][0]!r} in {screen!r}")
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            data = b""
        screen += data
        if not data:
            break
        prompt, text = waiting[0]
        if prompt is not None and prompt in screen[seen:]:
            seen = len(screen)
            time.sleep(0.3)  # as a person does: a signal between the prompt and the reading would wait for the next key
            os.write(terminal, text)
            waiting.pop(0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), screen.decode().replace("\r\n", "\n")
