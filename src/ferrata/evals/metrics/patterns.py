"""Regular expressions over many texts, in a process that can be ended.

Some patterns take longer than the universe is old on a text that does not match, and nothing in this process can stop a
search that has begun. A process for each search costs 20 ms; here one process answers search after search, and is ended and
started anew when one takes too long. Knows no data sets.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Matched", "PatternSearch"]

How = Literal["search", "fullmatch"]

# Alone in its process: no module of the project, no site packages. `re` remembers compiled patterns.
_PROGRAM: Final = """\
import json, re, sys
for line in sys.stdin.buffer:
    how, pattern, text = json.loads(line)
    try:
        found = getattr(re, how)(pattern, text)
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        answer = {"wrong": str(error) or type(error).__name__}
    else:
        answer = {} if found is None else {"span": found.span(), "groups": found.groups()}
    sys.stdout.write(json.dumps(answer) + "\\n")
    sys.stdout.flush()
"""


class Matched(NamedTuple):
    """Where a pattern matched.

    Attributes:
        start: index of the first character.
        end: index behind the last one.
        groups: text of each group, None where it took no part.
    """

    start: int
    end: int
    groups: tuple[str | None, ...]


class PatternSearch:
    """Searches with a time limit; a context manager, as it holds a process. May be used from several threads, one at a time.

    Args:
        seconds: what one search may take, and with the first one the start of the process.
    """

    def __init__(self, *, seconds: float = 3.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process; a later search starts another."""
        with self._lock:
            self._end()

    def find(self, pattern: str, text: str, *, how: How = "search") -> Matched | None:
        """Where a pattern matches in a text; None where it does not.

        Args:
            pattern: a regular expression of Python's `re`.
            text: what is searched.
            how: anywhere in the text (`search`), or all of it (`fullmatch`).

        Raises:
            UsageError: the pattern is no regular expression.
            TimeoutError: the search took too long.
            ChildProcessError: the process ended by itself.
        """
        with self._lock:
            answer = self._ask(json.dumps([how, pattern, text]).encode() + b"\n")
        if "wrong" in answer:
            raise UsageError(
                f"{pattern!r} is no regular expression: {answer['wrong']}",
                hint="See the documentation of Python's `re`.",
            )
        if not answer:
            return None
        start, end = answer["span"]
        return Matched(start, end, tuple(answer["groups"]))

    def _ask(self, question: bytes) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - for the type checker
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(question)
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        except BaseException:
            # Interrupted: what the process still answers would be taken for the answer to the next question.
            self._end()
            raise
        finally:
            timer.cancel()
        if line.endswith(b"\n") and not late.is_set():
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._end()
        if late.is_set():
            raise TimeoutError(f"not found out within {self._seconds:g} s")
        raise ChildProcessError(f"the search ended with status {process.returncode}")

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, with the program above
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
