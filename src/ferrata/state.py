"""The folder for local state, `.ferrata/`: made, kept out of git, and not trusted where it came with the repository.

Knows nothing of what is kept in it.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ferrata.errors import StoreUnavailable
from ferrata.maturity import tracks

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LocalState", "Place"]

_ELSEWHERE = "set FERRATA_STORE to a database elsewhere, or keep nothing with --no-save"


class Place(Protocol):
    """As much of a project's settings as says where its local state is."""

    @property
    def root(self) -> Path:
        """The project's folder."""
        ...

    @property
    def state(self) -> Path:
        """The folder for local state."""
        ...


class LocalState:
    """A project's folder for local state.

    It is Ferrata's own and kept out of git. One that came with the repository is a stranger's: its links could lead
    anywhere, its rules and records say anything.
    """

    def __init__(self, settings: Place) -> None:
        self._root = settings.root
        self.path = settings.state

    @property
    def usable(self) -> Path | None:
        """The folder, where there is one that may be used."""
        return self.path if self.path.is_dir() and not self._distrust else None

    def make(self) -> None:
        """Make the folder, with a file that keeps it out of git.

        Raises:
            StoreUnavailable: it cannot be made, or is not to be trusted.
        """
        if self._distrust:
            raise StoreUnavailable(f"local state is not kept: {self._distrust}", hint=f"remove it; or {_ELSEWHERE}")
        try:
            self.path.mkdir(exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise StoreUnavailable(f"cannot write {str(self.path)!r}: {error.strerror}", hint=_ELSEWHERE) from None

    def write(self, name: str, text: str) -> Path:
        """Write a whole file or nothing; a link in its place is replaced, not followed.

        Raises:
            OSError: it cannot be written.
        """
        path = self.path / name
        partial = path.with_name(f"{name}.{os.getpid()}.part")
        try:
            with partial.open("x", encoding="utf-8", errors="replace") as file:
                file.write(text)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    @cached_property
    def _distrust(self) -> str:
        """Why the folder is not used; empty where it is."""
        path = self.path
        try:
            links = [found for found in (path, *(path.iterdir() if path.is_dir() else ())) if found.is_symlink()]
        except OSError as error:
            return f"cannot read {str(path)!r}: {error.strerror}"
        if links:
            return f"{str(links[0])!r} is a symbolic link"
        if path.is_dir() and tracks(self._root, path.name):
            return f"{str(path)!r} is under version control, so it came with the repository"
        return ""
