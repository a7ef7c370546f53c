"""The folder of a run that begins: made and locked, or what a run that never began has left of it. Knows nothing of what goes into it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from ferrata.errors import StoreUnavailable
from ferrata.runs.document import DOCUMENT
from ferrata.runs.locks import LOCK, take_lock

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_folder", "remove_folder"]


def make_folder(path: Path) -> int | None:
    """Make the folder of a run and take its lock.

    Args:
        path: the folder, which is not there, or was left by a run that ended before it had written anything: then it is taken.

    Returns:
        The lock; None where there is a run.

    Raises:
        Conflict: another process begins it.
        StoreUnavailable: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
    except FileExistsError:
        if not _is_remnant(path):
            return None
    except OSError as error:
        raise StoreUnavailable(f"cannot make {str(path)!r}: {error.strerror or error}") from None
    lock = take_lock(path)
    if _is_remnant(path):
        return lock
    os.close(lock)  # another process has begun the run, and ended it
    return None


def remove_folder(path: Path) -> None:
    """Remove what was made of a run that could not begin, so that its name is free."""
    with suppress(OSError):
        shutil.rmtree(path)


def _is_remnant(path: Path) -> bool:
    """Whether nothing is in it but what a run makes before its first word is written."""
    try:
        files = [one for one in path.iterdir() if one.name != LOCK]
        return all(
            one.is_file() and one.name != DOCUMENT and (one.stat().st_size == 0 or one.suffix == ".part")
            for one in files
        )
    except OSError:
        return False
