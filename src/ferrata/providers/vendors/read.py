"""Vendors by name: one file each in this folder, or in a plugin's.

A file is read when its vendor is asked for.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

from ferrata.documents import read_document
from ferrata.errors import NotFound
from ferrata.plugins import plugin_manager
from ferrata.providers.vendors.types import Vendor

__all__ = ["read_vendor", "vendor_names"]

_HERE = Path(__file__).parent


def vendor_names() -> list[str]:
    """The names of all vendors, sorted."""
    return sorted(_files())


@cache
def read_vendor(name: str) -> Vendor:
    """What is declared of a vendor.

    Raises:
        NotFound: there is none of that name.
        InvalidDocument: its file is wrong.
    """
    files = _files()
    if name not in files:
        close = get_close_matches(name, files, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(sorted(files))}"
        raise NotFound(f"no vendor {name!r}", hint=hint)
    return read_document(files[name], Vendor)


@cache
def _files() -> dict[str, Path]:
    packs = [Path(folder) for folders in plugin_manager().hook.vendor_packs() for folder in folders]
    return {path.stem: path for folder in (_HERE, *packs) for path in folder.glob("*.yaml")}
