"""Connections whose settings and secrets the user names."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from ferrata.flows.contracts.connections import Connection
from ferrata.flows.contracts.exceptions import UserErrorException
from ferrata.flows.contracts.types import Secret

__all__ = ["CustomConnection", "CustomStrongTypeConnection"]

# Under these names a custom connection's settings say which class it is to become.
_TYPE, _MODULE = "promptflow.connection.custom_type", "promptflow.connection.module"
_PACKAGE, _VERSION = "promptflow.connection.package", "promptflow.connection.package_version"


class CustomConnection(Connection):
    """Any settings and secrets; each is an attribute too."""

    TYPE = "Custom"

    def __init__(self, secrets: dict[str, Any], configs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(secrets=secrets, configs=configs, **kwargs)

    def __getattr__(self, item: str) -> Any:
        # Copying asks before the dictionaries are there.
        for values in (self.__dict__.get("secrets", {}), self.__dict__.get("configs", {})):
            if item in values:
                return values[item]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {item!r}")

    def is_secret(self, item: str) -> bool:
        """Whether a name is one of the secrets'."""
        return item in self.secrets

    def _is_custom_strong_type(self) -> bool:
        return bool(self.configs.get(_TYPE))

    def _convert_to_custom_strong_type(
        self, module: ModuleType | str | None = None, to_class: str | None = None
    ) -> Connection:
        """The same connection as one of the user's own class.

        Args:
            module: where the class is, if the settings do not say so.
            to_class: its name, likewise.

        Raises:
            UserErrorException: neither says which class it is.
        """
        if to_class == type(self).__name__:
            return self
        if _MODULE in self.configs and _TYPE in self.configs:
            module, to_class = self.configs[_MODULE], self.configs[_TYPE]
        if isinstance(module, str):
            module = import_module(module)
        if not isinstance(module, ModuleType) or not isinstance(to_class, str):
            error = ValueError(
                f"Failed to convert to custom strong type connection because of invalid module or class: {module}, {to_class}"
            )
            raise UserErrorException(str(error), error=error)
        return getattr(module, to_class)(configs=self.configs, secrets=self.secrets)


class CustomStrongTypeConnection(Connection):
    """The base of a user's own class of connections; its annotations say what is a setting and what a `Secret`."""

    def __init__(self, secrets: dict[str, Any], configs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        kind, module = kwargs.get("custom_type"), kwargs.get("module")
        configs = {} if configs is None else configs
        if kind:
            configs[_TYPE] = kind
        if module:
            configs[_MODULE] = module
        self.kwargs = kwargs
        super().__init__(configs=configs, secrets=secrets, **kwargs)
        self.module = module or type(self).__module__
        self.custom_type = kind or type(self).__name__
        self.package = kwargs.get("package")
        self.package_version = kwargs.get("package_version")

    def __getattribute__(self, item: str) -> Any:
        # Not `__getattr__`: an annotation may have a default, which would hide the connection's own value.
        values = _home(self, item)
        return super().__getattribute__(item) if values is None else values[item]

    def __setattr__(self, key: str, value: Any) -> None:
        values = _home(self, key)
        if values is not None:
            values[key] = value
        super().__setattr__(key, value)

    def _convert_to_custom(self) -> CustomConnection:
        """The same connection as a custom one, which says the class in its settings."""
        self.configs |= {_TYPE: self.custom_type, _MODULE: self.module}
        if self.package and self.package_version:
            self.configs |= {_PACKAGE: self.package, _VERSION: self.package_version}
        return CustomConnection(configs=self.configs, secrets=self.secrets, **self.kwargs)


def _home(connection: CustomStrongTypeConnection, name: str) -> dict[str, Any] | None:
    """Where an annotated attribute lies: in the settings or in the secrets; None if it is not annotated."""
    annotations: dict[str, Any] = getattr(object.__getattribute__(connection, "__class__"), "__annotations__", {})
    if name not in annotations:
        return None
    # Under `from __future__ import annotations` an annotation is its text.
    is_secret = annotations[name] is Secret or annotations[name] == "Secret"
    return object.__getattribute__(connection, "secrets" if is_secret else "configs")
