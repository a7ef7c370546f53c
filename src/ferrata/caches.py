"""The user's cache folder: what is lost without harm and slow to make again, away from the projects that are read.

A cache that cannot be used is no cache; it is never an error. Knows nothing of what is kept in it.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

__all__ = ["UserCache", "cache_folder", "digest_of_texts"]

# What is over this is dropped, the longest unused first.
MOST_FILES = 200
MOST_BYTES = 500_000_000


class UserCache:
    """The files in a cache folder.

    Args:
        folder: made when something is kept, for the user alone; None remembers nothing. One that belongs to somebody else,
            or that others may write to, is not used.
        write: False leaves everything as it is.
    """

    def __init__(self, folder: Path | None, *, write: bool = True) -> None:
        self._path = folder
        self.writes = write

    @classmethod
    def of_user(cls, *, away_from: Path, write: bool = True) -> UserCache:
        """The cache of the user who runs this process; none where it lies in the tree `away_from`, which may have brought it."""
        with suppress(OSError, RuntimeError):  # links in a circle
            folder = cache_folder()
            if folder is not None and not folder.resolve().is_relative_to(away_from.resolve()):
                return cls(folder, write=write)
        return cls(None)

    def find(self, name: str) -> bytes | None:
        """What was kept under a name."""
        path = self.file(name)
        if path is None:
            return None
        with suppress(OSError):
            return path.read_bytes()
        return None

    def keep(self, name: str, data: bytes) -> None:
        """Keep a whole file or nothing, whoever else does the same at once."""
        path = self.file(name)
        if path is None or not self.writes:
            return
        import tempfile

        with suppress(OSError):
            handle, partial = tempfile.mkstemp(prefix="part-", dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                Path(partial).replace(path)
            finally:
                Path(partial).unlink(missing_ok=True)

    def file(self, name: str) -> Path | None:
        """Where a file of that name is or may be made; None where there is no cache."""
        if self._folder is None:
            return None
        path = self._folder / name
        if self.writes:
            with suppress(OSError):
                os.utime(path)  # it is in use
        return path

    @cached_property
    def _folder(self) -> Path | None:
        """The folder, if it can be used."""
        folder = self._path
        if folder is None:
            return None
        try:
            if self.writes:
                folder.parent.mkdir(parents=True, exist_ok=True)
                folder.mkdir(mode=0o700, exist_ok=True)
            info = folder.lstat()
            ours = os.name == "nt" or (info.st_uid == os.geteuid() and not info.st_mode & 0o022)
            if not stat.S_ISDIR(info.st_mode) or not ours:
                return None
            if self.writes:
                _drop_unused(folder)
        except OSError:
            return None
        return folder


def digest_of_texts(texts: list[str]) -> str:
    """A name for a content: 32 hexadecimal digits over several texts and where each ends."""
    data = "".join(f"{len(text)} {text}" for text in texts).encode("utf-8", "surrogateescape")
    return blake2b(data, digest_size=16).hexdigest()


def cache_folder() -> Path | None:
    """The user's folder for what can be made again: `FERRATA_CACHE`, or the system's; None where there is no home."""
    if named := os.environ.get("FERRATA_CACHE"):
        return Path(named).absolute()
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():  # a relative one would lie wherever the process was started
        return base / "ferrata"
    with suppress(RuntimeError):
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "ferrata" / "cache"
        return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ferrata"
    return None


def _drop_unused(folder: Path) -> None:
    found = [(path, path.stat()) for path in folder.iterdir()]
    total = 0
    for number, (path, info) in enumerate(sorted(found, key=lambda item: -item[1].st_mtime_ns)):
        total += info.st_size
        if number >= MOST_FILES or total > MOST_BYTES:
            path.unlink(missing_ok=True)
