"""Connections by their names, for code that looks one up itself. Nothing is kept beyond the process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.flows.known import known_connections
from ferrata.flows.promptflow._sdk._errors import ConnectionNotFoundError
from ferrata.flows.promptflow.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NamedConnections"]

_FILES = ("connections.yaml", "connections.yml", "connections.json")


class NamedConnections:
    """The connections of a file, those of the flow that runs here, and those that code has created; later ones win."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._made: dict[str, Any] = {}

    def all(self) -> dict[str, Any]:
        """All of them, by name."""
        from ferrata.flows.formats.connections import read_connections

        file = self._file or next((Path(name) for name in _FILES if Path(name).is_file()), None)
        return {**(read_connections(file) if file else {}), **known_connections(), **self._made}

    def list(self, *_args: Any, **_kwargs: Any) -> Iterable[Any]:
        """All of them."""
        return [*self.all().values()]

    def get(self, name: str, **_kwargs: Any) -> Any:
        """The one of a name.

        Raises:
            ConnectionNotFoundError: there is none.
        """
        if name not in self._made and name in (known := known_connections()):
            return known[name]  # a model of the project's is known by more names than are listed
        found = self.all()
        if name not in found:
            names = ", ".join(found) or "none"
            raise ConnectionNotFoundError(f"Connection {name!r} is not found; there are: {names}")
        return found[name]

    def create_or_update(self, connection: Any, **_kwargs: Any) -> Any:
        """Keep a connection for this process.

        Raises:
            UserErrorException: it has no name.
        """
        if not connection.name:
            raise UserErrorException("a connection needs a name to be created")
        self._made[connection.name] = connection
        return connection

    def delete(self, name: str) -> None:
        """Forget one that code has created.

        Raises:
            ConnectionNotFoundError: there is none.
        """
        if self._made.pop(name, None) is None:
            raise ConnectionNotFoundError(f"Connection {name!r} was not created here")
