"""Files that a configuration names, inside the folder that it may name. Knows no format of a source.

A configuration may be a stranger's: what it names is copied into the project, so it chooses no file outside of the root.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.errors import InvalidDocument, Mistake, UsageError
from ferrata.listing import repository_of
from ferrata.yamls import read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LocalFiles", "read_json_file"]

_MOST_BYTES = 50_000_000
_MOST_FILES = 1_000


class LocalFiles:
    """The files below a root, by names that are relative to a folder in it.

    Args:
        folder: names are relative to it.
        root: nothing outside of it is read; None: the nearest folder above with `.git`, or else `folder`.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.root = (root or repository_of(self.folder)).resolve()

    def find(self, name: str) -> list[Path]:
        """The files of a name, which may be a pattern with `*`.

        Raises:
            UsageError: there is none, or it lies outside of the root.
        """
        name = name.removeprefix("file://")
        if not any(sign in name for sign in "*?["):
            found = [self.folder / name]
        else:
            found = sorted(self._matching(name))[:_MOST_FILES]
        files = [path.resolve() for path in found if path.is_file()]
        if not files:
            raise UsageError(f"no such file: {name!r}")
        outside = next((path for path in files if not path.is_relative_to(self.root)), None)
        if outside is not None:
            raise UsageError(f"{name!r} lies outside of {str(self.root)!r}", hint="copy it there")
        return files

    def _matching(self, pattern: str) -> list[Path]:
        try:
            return list(self.folder.glob(pattern))
        except (RuntimeError, ValueError, OSError) as error:
            raise UsageError(f"no pattern of files: {pattern!r}: {error}") from None

    def text(self, path: Path) -> str:
        """The text of a file.

        Raises:
            UsageError: it is larger than 50 MB.
            InvalidDocument: it cannot be read.
        """
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{self.shown(path)!r} is larger than 50 MB")
        return read_text(path)

    def value(self, path: Path) -> Any:
        """The value of a YAML or JSON file.

        Raises:
            InvalidDocument: it is none.
        """
        if path.suffix.lower() == ".json":
            return read_json_file(path, self.text(path))
        return read_yaml(self.text(path), file=str(path))

    def values(self, name: str) -> Iterator[tuple[Path, Any]]:
        """The values of all files of a name."""
        for path in self.find(name):
            yield path, self.value(path)

    def shown(self, path: Path) -> str:
        """A path for people, relative to the root."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def read_json_file(path: Path, text: str) -> Any:
    """The value of a JSON text.

    Raises:
        InvalidDocument: it is none; with the line.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidDocument([Mistake(str(path), error.lineno, "", f"not valid JSON: {error.msg}")]) from None
    except (ValueError, RecursionError) as error:
        raise InvalidDocument([Mistake(str(path), 1, "", f"not valid JSON: {error}")]) from None
