"""A run.yaml: which flow is to be run over which data. Paths in it are relative to its folder.

Knows nothing of how a run is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake, UsageError
from ferrata.flows.types import Notice
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["RunFile", "read_run_file"]

_TEXTS = ("name", "display_name", "description", "run", "variant")
_MAPPINGS = ("tags", "properties", "column_mapping", "connections")
# Of the cloud, or written by Prompt Flow itself: they mean nothing for a run on this machine.
_WITHOUT_EFFECT = ("$schema", "resources", "identity", "runtime", "status", "command", "outputs")
_KEYS = (*_TEXTS, *_MAPPINGS, "flow", "data", "environment_variables", "init", *_WITHOUT_EFFECT)


@dataclass(frozen=True)
class RunFile:
    """What a run.yaml says.

    Attributes:
        path: of the file.
        flow: folder or file of the flow; None where it is left out.
        data: file or folder of rows.
        run: an earlier run.
        name: of the run.
        display_name: for people.
        description: likewise.
        variant: `${node.variant}`.
        column_mapping: input -> reference or value.
        tags: name -> value.
        properties: likewise.
        environment: variables; a value may be `${connection.key}`.
        init: arguments of a class flow.
        connections: node -> what its connection and deployment are instead.
        notices: what looks like a mistake.
    """

    path: Path
    flow: Path | None = None
    data: Path | None = None
    run: str = ""
    name: str = ""
    display_name: str = ""
    description: str = ""
    variant: str = ""
    column_mapping: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    init: Mapping[str, Any] = field(default_factory=dict[str, Any])
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    notices: tuple[Notice, ...] = ()


def read_run_file(path: Path, *, changes: Sequence[str] = ()) -> RunFile:
    """Read a run.yaml.

    Args:
        path: of the file.
        changes: `key=value` to set in it first; a key may be `tags.owner`.

    Raises:
        NotFound: no such file.
        UsageError: a change is not `key=value`.
        InvalidDocument: the file is wrong; all mistakes are listed.
    """
    text = read_text(path)
    document = read_yaml(text, file=str(path))
    if not isinstance(document, dict):
        raise InvalidDocument([Mistake(str(path), 1, "", "must be a mapping")])
    values = cast("dict[str, Any]", document)
    for change in changes:
        _set(values, change)
    return _Reader(path, text, values).read()


def _set(values: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    if not equals or not key.strip("."):
        raise UsageError(f"not key=value: {change!r}", hint="as in --set display_name=nightly")
    *parents, last = key.split(".")
    for parent in parents:
        inner = values.get(parent)
        if inner is None:
            inner = values[parent] = {}
        if not isinstance(inner, dict):
            raise UsageError(f"cannot set {key!r}: {parent!r} is no mapping")
        values = cast("dict[str, Any]", inner)
    values[last] = value


class _Reader:
    """Reads one file and gathers what is wrong with it."""

    def __init__(self, path: Path, text: str, values: Mapping[str, Any]) -> None:
        self._path, self._text, self._values = path, text, values
        self._mistakes: list[Mistake] = []

    def read(self) -> RunFile:
        values = self._values
        found = RunFile(
            path=self._path,
            run=self._text_at("run"),
            name=self._text_at("name"),
            display_name=self._text_at("display_name"),
            description=self._text_at("description"),
            variant=self._text_at("variant"),
            column_mapping=self._mapping_at("column_mapping"),
            tags=self._mapping_at("tags"),
            properties=self._mapping_at("properties"),
            connections=self._mapping_at("connections"),
            flow=self._path_at("flow"),
            data=self._path_at("data"),
            environment=self._loaded("environment_variables", _read_environment),
            init=self._loaded("init", _read_init),
            notices=tuple(self._notices()),
        )
        for node, connection in found.connections.items():
            if not isinstance(cast("Any", connection), dict):
                self._mistake(f"connections.{node}", "must be a mapping with `connection` or `deployment_name`")
        if values.get("flow") is None:
            self._mistake("flow", "missing: the flow's folder or file")
        if self._mistakes:
            raise InvalidDocument(self._mistakes)
        return found

    def _mistake(self, key: str, problem: str) -> None:
        self._mistakes.append(Mistake(str(self._path), line_of(self._text, key.split(".")), key, problem))

    def _text_at(self, key: str) -> str:
        value = self._values.get(key)
        if isinstance(value, bool | dict | list):
            self._mistake(key, "must be text")
            return ""
        return "" if value is None else str(value)

    def _mapping_at(self, key: str) -> dict[str, Any]:
        value = self._values.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._mistake(key, "must be a mapping")
            return {}
        found = {str(name): item for name, item in cast("dict[Any, Any]", value).items()}
        return {name: str(item) for name, item in found.items()} if key in ("tags", "properties") else found

    def _path_at(self, key: str) -> Path | None:
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            problem = "must be the path of one file or folder" if key == "data" else "must be a path"
            self._mistake(key, problem)
            return None
        if "://" in value or value.startswith("azureml:"):
            self._mistake(key, f"{value!r} is not on this machine; copy it here and name the copy")
            return None
        return self._path.parent / value

    def _loaded(self, key: str, read: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """A mapping, or the path of a file with one."""
        value = self._values.get(key)
        if isinstance(value, str):
            file = self._path.parent / value
            if not file.is_file():
                self._mistake(key, f"no such file: {str(file)!r}")
                return {}
            return read(file)
        found = self._mapping_at(key)
        return {name: str(item) for name, item in found.items()} if key == "environment_variables" else found

    def _notices(self) -> list[Notice]:
        notices: list[Notice] = []
        for key in self._values:
            if key in _KEYS:
                continue
            near = get_close_matches(str(key), _KEYS, n=1)
            advice = f"did you mean {near[0]!r}?" if near else "it is passed over"
            line = line_of(self._text, [key])
            notices.append(Notice(str(self._path), line, str(key), f"unknown key {key!r}; {advice}"))
        return notices


def _read_environment(path: Path) -> dict[str, Any]:
    """A file of `NAME=value` lines, with comments, `export` and quotes."""
    found: dict[str, Any] = {}
    for raw in read_text(path).splitlines():
        line = raw.strip().removeprefix("export ").lstrip()
        name, equals, value = line.partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        else:
            value = value.partition(" #")[0].rstrip()
        found[name.strip()] = value
    return found


def _read_init(path: Path) -> dict[str, Any]:
    """The arguments in a JSON or YAML file, or in the first row of JSON lines."""
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    text = lines[0] if path.suffix == ".jsonl" and lines else "\n".join(lines)
    value = read_yaml(text, file=str(path))
    if not isinstance(value, dict):
        raise InvalidDocument([Mistake(str(path), 1, "", "must be a mapping of arguments")])
    return cast("dict[str, Any]", value)
