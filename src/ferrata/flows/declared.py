"""The connections that a project declares in `ferrata.yaml`, and its models in the place of connections.

Each is built when it is asked for, so that a secret that is not needed need not be there. Knows no connections file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferrata.flows.contracts.model_connection import ModelConnection
from ferrata.flows.formats.connections import connection_in
from ferrata.flows.reaching import connection_to
from ferrata.settings import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrata.providers import Models
    from ferrata.settings import Settings

__all__ = ["DeclaredConnections"]


class DeclaredConnections(Mapping[str, Any]):
    """Name -> connection: the section `connections`, then the models, by their names, as VENDOR/MODEL, `default` or `local`.

    Looking one up raises `InvalidDocument` where its entry is wrong or a secret is not there, and what `Models.chat` raises.

    Args:
        settings: the project's.
        models: gives the project's models.
    """

    def __init__(self, settings: Settings, models: Callable[[], Models]) -> None:
        self._settings = settings
        self._models = models
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        file = self._settings.file
        return iter(dict.fromkeys((*file.connections, *file.models)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _build(self, name: str) -> Any:
        file = self._settings.file
        if name in file.connections:
            about = file.connections[name]
            return connection_in(self._settings.root / FILE_NAME, name, about, section="connections")
        if name not in file.models and name not in ("default", "local") and "/" not in name:
            raise KeyError(name)
        models = self._models()
        wanted = None if name == "default" else name
        declared = models.settings(wanted)
        return ModelConnection(
            name,
            declared.vendor,
            declared.model,
            models.chat(wanted),
            models.price(wanted),
            lambda kinds: connection_to(name, declared, kinds),
        )
