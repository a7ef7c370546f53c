"""The connections of the flow that runs here, for code that looks one up by its name."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["connection_of", "known_connections", "using_connections"]

_around: ContextVar[Mapping[str, Any] | None] = ContextVar("ferrata_connections", default=None)


def connection_of(name: str, connections: Mapping[str, Any]) -> Any:
    """The connection of a name.

    Raises:
        FlowError: `ConnectionNotFoundError`: there is none.
    """
    if name in connections:
        return connections[name]
    having = ", ".join(connections) or "none"
    raise FlowError(
        "ConnectionNotFoundError",
        f"there is no connection {name!r}",
        hint=f"declare it in connections.yaml in the project's folder, or give a file by --connections; there are: {having}",
    )


def known_connections() -> Mapping[str, Any]:
    """Name -> connection; nothing outside of a flow."""
    found = _around.get()
    return {} if found is None else found


@contextmanager
def using_connections(connections: Mapping[str, Any]) -> Generator[None]:
    """Let code that runs in this block, and in tasks and threads with its context, find these by their names."""
    token = _around.set(connections)
    try:
        yield
    finally:
        _around.reset(token)
