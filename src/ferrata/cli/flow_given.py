"""What commands on flows are given: inputs, variants, connections, variables. Imports little, so that a flow starts at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["Connections", "given_pairs", "given_values", "given_variants", "project_root"]

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
        from ferrata.documents import read_yaml

        found = read_yaml(text, file=str(path))
    else:
        try:
            found = json.loads(text.strip().partition("\n")[0] if path.suffix == ".jsonl" else text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{option}: {str(path)!r} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{option}: {str(path)!r} must hold a mapping from names to values")
    return {str(name): value for name, value in cast("dict[Any, Any]", found).items()}


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


class Connections(Mapping[str, Any]):
    """Connections by name: those of a file, else those that the project declares. Read when the first one is asked for.

    Args:
        file: as `--connections` gives it.
        root: the project's folder.
    """

    def __init__(self, file: Path | None, root: Path) -> None:
        # Read late, when the working directory is the flow's.
        self._file = None if file is None else file.absolute()
        self._root = root.absolute()
        self._found: Mapping[str, Any] | None = None

    def _read(self) -> Mapping[str, Any]:
        if self._found is None:
            from ferrata.flows import read_connections

            if self._file is not None:
                self._found = read_connections(self._file)
            elif (self._root / "connections.yaml").is_file():
                self._found = read_connections(self._root / "connections.yaml")
            else:
                self._found = {}
        return self._found

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())
