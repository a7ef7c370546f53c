"""The lock of a run's folder: one process at a time writes to it. Knows nothing else of the folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ferrata.errors import Conflict, StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_locked", "take_lock"]

LOCK = "lock"


def take_lock(path: Path) -> int:
    """Take the lock of a run; held until its file is closed, so that it ends with the process in whatever way.

    Returns:
        The file's descriptor.

    Raises:
        Conflict: another process, or another part of this one, holds it.
        StoreUnavailable: the folder cannot be written.
    """
    try:
        file = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(file, 32, 0).decode(errors="replace").strip()
        os.close(file)
        raise Conflict(f"run {path.name!r} goes on in process {owner or 'of somebody else'}") from None
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
    return file


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of a run."""
    try:
        file = os.open(path / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
