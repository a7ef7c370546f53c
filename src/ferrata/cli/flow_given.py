"""What commands on flows are given: inputs, variants, connections, variables. Imports little, so that a flow starts at once."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import FerrataError, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from ferrata.app import App
    from ferrata.providers import Price

__all__ = [
    "Connections",
    "GivenConnections",
    "given_connections",
    "given_pairs",
    "given_values",
    "given_variants",
    "project_root",
]

_log = logging.getLogger("ferrata.flows")
_VARIANT = re.compile(r"\$\{(?P<node>[^.}]+)\.(?P<variant>[^}]+)\}\Z")


def given_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE`, several times.

    Raises:
        UsageError: one has no `=`.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {pair!r} is not NAME=VALUE", hint=f"as {option} question='How are you?'")
        found[name] = value
    return found


def given_values(values: Sequence[str], option: str) -> dict[str, Any]:
    """`NAME=VALUE`, several times, or one file: JSON, YAML, or JSON lines, of which the first is taken.

    Raises:
        UsageError: it is neither, or the file holds no mapping.
        NotFound: there is no such file.
    """
    if len(values) == 1 and ("=" not in values[0] or Path(values[0]).is_file()):
        return _from_file(Path(values[0]), option)
    return dict(given_pairs(values, option))


def _from_file(path: Path, option: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"{option}: no such file: {str(path)!r}", hint=f"or give {option} NAME=VALUE") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{option}: {str(path)!r} cannot be read: {error}") from None
    if path.suffix in (".yaml", ".yml"):
        from ferrata.yamls import read_yaml

        found = read_yaml(text, file=str(path))
    else:
        try:
            found = json.loads(text.strip().partition("\n")[0] if path.suffix == ".jsonl" else text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{option}: {str(path)!r} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{option}: {str(path)!r} must hold a mapping from names to values")
    return {str(name): value for name, value in cast("dict[Any, Any]", found).items()}


class GivenConnections(NamedTuple):
    """What `--connections` says.

    Attributes:
        file: of connections; None where none is given.
        nodes: node -> what its connection, deployment or model is instead.
    """

    file: Path | None
    nodes: dict[str, dict[str, Any]]


def given_connections(values: Sequence[str]) -> GivenConnections:
    """A file, and `NODE.connection=NAME` several times: what has a `=` in it and is no file.

    Raises:
        UsageError: there are two files, or what stands before a `=` is not `NODE.KEY`.
    """
    files = [value for value in values if "=" not in value or Path(value).is_file()]
    if len(files) > 1:
        raise UsageError(f"--connections names {len(files)} files: {', '.join(map(repr, files))}", hint="give one file")
    nodes: dict[str, dict[str, Any]] = {}
    for pair in (value for value in values if value not in files):
        name, _, value = pair.partition("=")
        node, dot, key = name.partition(".")
        if not (node and dot and key):
            raise UsageError(
                f"--connections {pair!r} is no file and not NODE.KEY=VALUE",
                hint="as --connections answer.connection=my_connection answer.deployment_name=gpt-4o",
            )
        nodes.setdefault(node, {})[key] = value
    return GivenConnections(Path(files[0]) if files else None, nodes)


def given_variants(variants: Sequence[str]) -> dict[str, str]:
    """`${node.variant}`, or `node.variant`, several times.

    Raises:
        UsageError: one is neither.
    """
    found: dict[str, str] = {}
    for one in variants:
        match = _VARIANT.match(one) or _VARIANT.match(f"${{{one}}}")
        if match is None:
            raise UsageError(f"--variant {one!r} names no node and variant", hint="as --variant '${answer.variant_1}'")
        found[match["node"]] = match["variant"]
    return found


def project_root(path: Path) -> Path:
    """The nearest folder above with a `ferrata.yaml` or a `.git`; the folder itself if there is none."""
    start = path.resolve() if path.is_dir() else path.resolve().parent
    for folder in (start, *start.parents):
        if (folder / "ferrata.yaml").is_file() or (folder / ".git").exists():
            return folder
    return start


class FlowPlace(NamedTuple):
    """Where a flow is that a command names.

    Attributes:
        path: its folder or file.
        root: the folder of the project whose connections and models it uses.
        version: of the registry, as `flow/support@3`; empty where it is none.
    """

    path: Path
    root: Path
    version: str = ""


@contextmanager
def flow_place(path: Path, project: Path = Path()) -> Generator[FlowPlace]:
    """The flow at a path, or of a version, as `flow/support@production`, in a folder of its own for as long as the block.

    Args:
        path: as the command line says it.
        project: whose registry it is.

    Raises:
        NotFound: there is no such asset, version or alias.
        StoreUnavailable: the registry cannot be read.
    """
    if path.parts[:1] != ("flow",):  # it cannot be a version, and starts at once
        yield FlowPlace(path, project_root(path))
        return
    from ferrata.shortcut import open_registry
    from ferrata.versions import flow_at, flow_ref

    ref = flow_ref(path, Path())
    if ref is None:
        yield FlowPlace(path, project_root(path))
        return
    with ExitStack() as stack:
        with open_registry(project) as registry:
            folder, version = stack.enter_context(flow_at(registry, ref))
        yield FlowPlace(folder, project, version)


class Connections(Mapping[str, Any]):
    """Connections by name: those of a file, then those that `ferrata.yaml` declares, then the project's models.

    Read when the first one is asked for; `ferrata.yaml` only when the file does not have it.

    Args:
        file: as `--connections` gives it; `connections.yaml` in the project's folder if None.
        root: the project's folder.
    """

    def __init__(self, file: Path | None, root: Path) -> None:
        self._file = None if file is None else file.absolute()  # it is read later, from the folder of the flow
        self._root = root.absolute()

    def __reduce__(self) -> tuple[type[Connections], tuple[Path | None, Path]]:
        """What has been opened stays in this process."""
        return Connections, (self._file, self._root)

    def price(self, vendor: str, model: str) -> Price | None:
        """What a model's tokens cost, as the catalogue knows it; None where it does not, or the project's file is wrong."""
        try:
            return self._app.catalog.price_of(vendor, model)
        except FerrataError as error:
            _log.warning("what calls cost is not known: %s", error.message)
            return None

    def close(self) -> None:
        """Unload the local model, if a flow has asked it."""
        if "_app" in self.__dict__:
            if "models" in self._app.__dict__:
                self._app.models.close()
            self._app.close()

    @cached_property
    def _app(self) -> App:
        from ferrata.app import open_app

        return open_app(self._root)

    @cached_property
    def _of_file(self) -> Mapping[str, Any]:
        from ferrata.flows import read_connections

        own = self._root / "connections.yaml"
        file = self._file or (own if own.is_file() else None)
        return {} if file is None else read_connections(file)

    def __getitem__(self, name: str) -> Any:
        return self._of_file[name] if name in self._of_file else self._app.connections[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._of_file, *self._app.connections)))

    def __len__(self) -> int:
        return len(list(iter(self)))
