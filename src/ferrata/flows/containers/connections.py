"""Connections as a container has them: every value but the plainest is a variable of the environment, so no secret is in a file."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import UsageError
from ferrata.flows.contracts.connections import Connection
from ferrata.yamls import read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Variable", "connections_for", "declared_in"]

_ENV = re.compile(r"\$\{env:(.+)\}")
# What is neither secret nor different from place to place.
_PLAIN = ("type", "auth_mode", "api_type", "api_version", "custom_type", "module", "package", "package_version")
_ABOUT = ("$schema", "name", "value", "configs", "secrets", "secret_keys", "created_date", "last_modified_date")


class Variable(NamedTuple):
    """A variable that a container needs, and the key of a connection that it is."""

    name: str
    purpose: str


def declared_in(file: Path) -> dict[str, dict[str, Any]]:
    """Name -> what a file says of a connection, references as they are written.

    Raises:
        NotFound, InvalidDocument: there is no such file; it is no YAML.
    """
    document = read_yaml(read_text(file), file=str(file))
    if not isinstance(document, dict):
        return {}
    about = cast("dict[str, Any]", document)
    if isinstance(about.get("type"), str):
        return {str(about.get("name") or file.stem): about}
    return {str(name): cast("dict[str, Any]", one) for name, one in about.items() if isinstance(one, dict)}


def connections_for(
    named: Mapping[str, str], declared: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, dict[str, Any]], list[Variable]]:
    """The container's connections, and the variables that they need.

    Args:
        named: the flow's connections: name -> type, or empty.
        declared: as `declared_in` gives it.

    Raises:
        UsageError: nothing says what a connection holds.
    """
    found: dict[str, dict[str, Any]] = {}
    variables: dict[str, Variable] = {}
    for name, kind in named.items():
        about = declared.get(name) or _by_type(name, kind)
        found[name] = _with_variables(name, about, variables)
    return found, list(variables.values())


def _by_type(name: str, kind: str) -> dict[str, Any]:
    made = Connection.SUPPORTED_TYPES.get(kind)
    if made is None or kind == "Custom":
        raise UsageError(
            f"the flow names the connection {name!r}, and nothing says what it holds",
            hint="give the file that declares it by --connections; its secrets are not copied",
        )
    parameters = inspect.signature(made.__init__).parameters.values()
    required = [one.name for one in parameters if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    keys = [key for key in dict.fromkeys([*required, "api_key"]) if key != "self"]
    return {"type": kind, **dict.fromkeys(keys, "")}


def _with_variables(name: str, about: dict[str, Any], variables: dict[str, Variable]) -> dict[str, Any]:
    value = about.get("value")
    inner = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    made: dict[str, Any] = {
        key: one if key in _PLAIN else _variable(name, key, one, variables)
        for key, one in {**about, **inner}.items()
        if key not in _ABOUT and one is not None
    }
    if "configs" in about or "secrets" in about or str(about.get("type", "")).lower().startswith("custom"):
        return _custom(name, about, inner, variables)
    return made


def _custom(name: str, about: dict[str, Any], inner: dict[str, Any], variables: dict[str, Variable]) -> dict[str, Any]:
    """A custom connection: settings and secrets apart, in the form of a file of one's own."""
    secret = cast("list[str]", about.get("secret_keys") or [])
    groups: dict[str, dict[str, Any]] = {
        "configs": dict(about.get("configs") or {key: one for key, one in inner.items() if key not in secret}),
        "secrets": dict(about.get("secrets") or {key: one for key, one in inner.items() if key in secret}),
    }
    made: dict[str, Any] = {key: about[key] for key in _PLAIN if about.get(key) is not None} | {"type": "custom"}
    for group, values in groups.items():
        made[group] = {key: _variable(name, key, one, variables) for key, one in values.items()}
    return made


def _variable(connection: str, key: str, value: Any, variables: dict[str, Variable]) -> str:
    """A reference to a variable: the one that is referred to already, or one named after connection and key."""
    match = _ENV.fullmatch(value.strip()) if isinstance(value, str) else None
    name = match[1].strip() if match else re.sub(r"\W", "_", f"{connection}_{key}").upper()
    variables.setdefault(name, Variable(name, f"{key} of the connection {connection}"))
    return f"${{env:{name}}}"
