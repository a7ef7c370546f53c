"""Connections declared in a file: name -> what it holds. Secrets may be references, `${env:NAME}` or `${file:PATH}`.

    chat:
      type: azure_open_ai
      api_base: https://example.openai.azure.com
      api_key: ${env:AZURE_OPENAI_API_KEY}

Read as well: promptflow's file of one connection (`name` and `type` at the top) and its connections.json. No message has a secret.
"""

from __future__ import annotations

import inspect
import os
import re
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake
from ferrata.flows.contracts.bing import BingConnection
from ferrata.flows.contracts.connections import Connection
from ferrata.flows.contracts.constants import ConnectionAuthMode
from ferrata.flows.contracts.custom_connections import CustomConnection
from ferrata.redaction import tell_secret
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["connection_in", "read_connections"]

_REFERENCE = re.compile(r"\$\{(env|file):(.+)\}")
_OF_ANY = {"$schema", "name", "type", "module", "created_date", "last_modified_date", "expiry_time"}
_OF_STRONG = ("custom_type", "module", "package", "package_version")
_SECRETS = {"api_key"}
_MOST_BYTES = 1_000_000


def read_connections(path: Path) -> Mapping[str, Any]:
    """The connections in a file, by name.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is wrong, a reference leads nowhere, or a placeholder stands for a value; all mistakes at once.
    """
    return _File(path).read()


def connection_in(path: Path, name: str, about: Mapping[str, Any], *, section: str) -> Any:
    """One connection of a file that holds more than connections; whether others of it could be made does not matter.

    Args:
        path: the file, for what messages say and where `${file:PATH}` begins.
        name: the connection's.
        about: what the file says of it.
        section: the key under which the connections stand.

    Raises:
        NotFound, InvalidDocument: as `read_connections`.
    """
    return _File(path).one(name, about, (section, name))


class _File:
    """A file of connections while it is read; gathers the mistakes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = read_text(path)
        self._mistakes: list[Mistake] = []

    def read(self) -> dict[str, Any]:
        document = read_yaml(self._text, file=str(self._path))
        if not isinstance(document, dict) or not document:
            self._wrong((), "it holds no connection; write `name: {type: open_ai, ...}`")
        about = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        found: dict[str, Any] = {}
        if isinstance(about.get("type"), str):
            name = str(about.get("name") or self._path.stem)
            self._add(found, name, about, ())
        else:
            for name, value in about.items():
                if not str(name).startswith("$"):
                    self._add(found, str(name), value, (name,))
        if self._mistakes:
            raise InvalidDocument(self._mistakes)
        return found

    def one(self, name: str, about: Mapping[str, Any], where: tuple[str, ...]) -> Any:
        """The connection that `about`, which stands at `where`, says."""
        found: dict[str, Any] = {}
        self._add(found, name, about, where)
        if self._mistakes:
            raise InvalidDocument(self._mistakes)
        return found[name]

    def _add(self, found: dict[str, Any], name: str, value: Any, where: tuple[str, ...]) -> None:
        if not isinstance(value, dict):
            self._wrong(where, "must be a mapping with a `type`")
            return
        about = cast("dict[str, Any]", value)
        kind = self._kind(about, where)
        if kind is None:
            return
        before = len(self._mistakes)
        if kind is BingConnection:
            fields = self._fields(about.get("value", about), where, {"api_key"}, {"url"})
            made: Any = BingConnection(**fields) if len(self._mistakes) == before else None
        elif kind is CustomConnection:
            made = self._custom(name, about, where)
        else:
            made = self._plain(name, kind, about, where)
        if len(self._mistakes) == before:
            found[name] = made
            held = [made.api_key] if kind is BingConnection else made.secrets.values()
            for secret in held:
                tell_secret(str(secret))

    def _kind(self, about: dict[str, Any], where: tuple[str, ...]) -> type[Any] | None:
        kinds: dict[str, type[Any]] = {_bare(name): kind for name, kind in Connection.SUPPORTED_TYPES.items()}
        kinds["bing"] = BingConnection
        given = about.get("type")
        if not isinstance(given, str):
            self._wrong((*where, "type"), "missing; as `open_ai` or `azure_open_ai`")
            return None
        kind = kinds.get(_bare(given))
        if kind is None:
            close = get_close_matches(_bare(given), kinds, n=1)
            spelled = {key: _snake(key) for key in kinds}
            hint = (
                f"did you mean {spelled[close[0]]!r}?" if close else f"known are {', '.join(sorted(spelled.values()))}"
            )
            self._wrong((*where, "type"), f"unknown type {given!r}; {hint}")
        return kind

    def _plain(self, name: str, kind: type[Connection], about: dict[str, Any], where: tuple[str, ...]) -> Any:
        parameters = inspect.signature(kind.__init__).parameters.values()
        named = [one for one in parameters if one.name != "self" and one.kind is not one.VAR_KEYWORD]
        required = {one.name for one in named if one.default is one.empty}
        optional = {one.name for one in named} - required
        inner, place = about, where
        if isinstance(about.get("value"), dict):  # connections.json
            inner, place = cast("dict[str, Any]", about["value"]), (*where, "value")
        if "api_key" in optional and inner.get("auth_mode") in (None, ConnectionAuthMode.KEY):
            required, optional = required | {"api_key"}, optional - {"api_key"}
        if (mode := inner.get("auth_mode")) not in (None, "key", "meid_token"):
            self._wrong((*place, "auth_mode"), f"must be key or meid_token, not {mode!r}")
        fields = self._fields(inner, place, required, optional)
        return kind(name=name, **fields) if required <= fields.keys() else None

    def _custom(self, name: str, about: dict[str, Any], where: tuple[str, ...]) -> CustomConnection:
        if isinstance(about.get("value"), dict):
            values = self._values(about["value"], (*where, "value"))
            keys = cast("list[str]", about.get("secret_keys") or [])
            secrets = {key: value for key, value in values.items() if key in keys}
            rest = {key: value for key, value in values.items() if key not in keys}
            return CustomConnection(secrets, rest, name=name)
        for key in about:
            if key not in {*_OF_ANY, *_OF_STRONG, "configs", "secrets"}:
                self._unknown((*where, key), {"configs", "secrets", *_OF_STRONG})
        if not isinstance(about.get("secrets"), dict):
            self._wrong(
                (*where, "secrets"), "missing; a custom connection has a mapping of secrets, which may be empty"
            )
        secrets = self._values(about.get("secrets"), (*where, "secrets"))
        configs = self._values(about.get("configs"), (*where, "configs"))
        if about.get("custom_type"):
            if not about.get("module"):
                self._wrong((*where, "module"), "missing; where the class `custom_type` is defined")
            configs |= {f"promptflow.connection.{key}": str(about[key]) for key in _OF_STRONG if about.get(key)}
        return CustomConnection(secrets, configs, name=name)

    def _fields(
        self, about: dict[str, Any], where: tuple[str, ...], required: set[str], optional: set[str]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in about.items():
            if key in required | optional:
                if value is not None and (given := self._value(value, (*where, key))) is not None:
                    found[key] = given
            elif key not in _OF_ANY:
                self._unknown((*where, key), required | optional)
        for key in sorted(required):
            if about.get(key) in (None, ""):
                secret = key in _SECRETS
                advice = "; as ${env:NAME}, so that the key is not in the file" if secret else ""
                self._wrong((*where, key), f"missing{advice}")
        return found

    def _values(self, given: Any, where: tuple[str, ...]) -> dict[str, Any]:
        if given is None or not isinstance(given, dict):
            if given is not None:
                self._wrong(where, "must be a mapping")
            return {}
        pairs = cast("dict[str, Any]", given).items()
        found = {str(key): self._value(value, (*where, key)) for key, value in pairs}
        return {key: value for key, value in found.items() if value is not None}

    def _value(self, value: Any, where: tuple[str, ...]) -> Any:
        """A value with its reference resolved; None if it is wrong."""
        if isinstance(value, date):  # a version that YAML reads as a date
            return value.isoformat()
        if isinstance(value, dict | list):
            self._wrong(where, "must be a text")
            return None
        if not isinstance(value, str):
            return value if value is None or isinstance(value, bool) else str(value)
        match = _REFERENCE.fullmatch(value.strip())
        if match is not None:
            return self._referred(match[1], match[2].strip(), where)
        if value == "<user-input>":
            self._wrong(where, "the placeholder <user-input> asks for a value; write ${env:NAME} and set that variable")
            return None
        if value == "<no-change>" or (value and not value.strip("*")):
            self._wrong(where, "stands for a value that is kept elsewhere; write ${env:NAME} and set that variable")
            return None
        return value

    def _referred(self, kind: str, name: str, where: tuple[str, ...]) -> str | None:
        if kind == "env":
            found = os.environ.get(name)
            if not found:
                self._wrong(where, f"the variable {name!r} is {'empty' if found == '' else 'not set'}; export it")
                return None
            return found
        path = self._path.parent / name
        try:
            with path.open("rb") as opened:
                data = opened.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                self._wrong(where, f"the file {name!r} is too large for a value")
                return None
            return data.decode("utf-8-sig").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            self._wrong(where, f"the file {name!r} cannot be read: {why}")
            return None

    def _unknown(self, where: tuple[str, ...], known: set[str]) -> None:
        close = get_close_matches(str(where[-1]), known, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"the keys here are {', '.join(sorted(known))}"
        self._wrong(where, f"unknown key {where[-1]!r}; {advice}")

    def _wrong(self, where: tuple[str, ...], problem: str) -> None:
        key = ".".join(str(part) for part in where)
        self._mistakes.append(Mistake(str(self._path), line_of(self._text, where), key, problem))


def _bare(kind: str) -> str:
    """A type without its spelling: `azure_open_ai`, `AzureOpenAI` and `AzureOpenAIConnection` are one."""
    return re.sub(r"[\s_-]", "", kind).lower().removesuffix("connection")


def _snake(bare: str) -> str:
    names = {
        _bare(name): re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
        for name in Connection.SUPPORTED_TYPES
    }
    # As Prompt Flow writes them.
    odd = {"azureopenai": "azure_open_ai", "openai": "open_ai"}
    return odd.get(bare) or names.get(bare, bare)
