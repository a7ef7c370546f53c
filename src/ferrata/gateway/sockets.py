"""Listening sockets of one port for several processes, and how many files a process may have open. Knows no process and no HTTP."""

from __future__ import annotations

import resource
import socket
import sys
from contextlib import ExitStack, suppress

from ferrata.errors import UsageError

__all__ = ["listen_for", "raise_open_files"]

_MOST_FILES = 1_048_576


def listen_for(host: str, port: int, *, workers: int, backlog: int = 4096) -> list[socket.socket]:
    """A socket for each worker on one port, among which Linux shares new connections; elsewhere all have the same one.

    Args:
        host: an address of this machine.
        port: 0 takes a free one.
        workers: how many.
        backlog: connections that wait to be accepted, for each.

    Raises:
        UsageError: the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shared = sys.platform.startswith("linux")
    with ExitStack() as made:
        try:
            # Sockets that share a port may be opened by anybody of the same user: only one that shares nothing shows that it is free.
            with _bound(family, host, port) as probe:
                port = probe.getsockname()[1]
            found = [
                made.enter_context(_bound(family, host, port, shared=shared)) for _ in range(workers if shared else 1)
            ]
            for one in found:
                one.listen(backlog)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"cannot listen on {host} port {port}: {why}", hint="choose another by --port; 0 takes a free one"
            ) from None
        made.pop_all()
    return found if shared else [found[0] if index == 0 else found[0].dup() for index in range(workers)]


def _bound(family: socket.AddressFamily, host: str, port: int, *, shared: bool = False) -> socket.socket:
    # With the protocol named, asyncio sends an answer's parts at once; else each would wait for the client to confirm the last.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


def raise_open_files() -> None:
    """As many open files as the system allows without asking; processes started after this have it too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
