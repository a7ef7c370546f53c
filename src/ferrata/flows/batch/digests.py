"""Digests of data and of flows, so that a run is resumed only with what it was begun with."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.datasets import data_files

if TYPE_CHECKING:
    from ferrata.flows.types import Flow

__all__ = ["digest_of_data", "digest_of_flow"]

_CODE = (".py", ".jinja2", ".jinja", ".j2", ".md", ".prompty")
_NOT_CODE = {"__pycache__", "node_modules", "site-packages"}


def digest_of_data(path: Path) -> tuple[str, int]:
    """SHA-256 over the files that hold rows, as hexadecimal digits, and their size in bytes.

    Raises:
        NotFound: there is no such file.
    """
    files, size = data_files(path), 0
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
        size += file.stat().st_size
    return total.hexdigest(), size


def digest_of_flow(flow: Flow) -> str:
    """SHA-256 over the flow's file and the code and templates in its folder, as hexadecimal digits.

    Folders whose names begin with a dot and virtual environments are passed over; of a function in Python, only its file counts.
    """
    total = hashlib.sha256()
    files = {flow.file, *(flow.folder / n.source.path for n in flow.nodes if n.source is not None and n.source.path)}
    if flow.kind != "python":
        files |= _code_in(flow.folder)
    for file in sorted(files):
        if file.is_file():
            total.update(f"{os.path.relpath(file, flow.folder)}\0{file.stat().st_size}\0".encode())
            total.update(file.read_bytes())
    return total.hexdigest()


def _code_in(folder: Path) -> set[Path]:
    found: set[Path] = set()
    for place, folders, names in os.walk(folder):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_CODE]
        found |= {Path(place) / name for name in names if name.endswith(_CODE)}
    return found
