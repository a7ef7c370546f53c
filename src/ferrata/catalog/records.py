"""The file of model facts, read once.

Knows nothing of how names are spelled or of which day it is.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from ferrata.documents import Document, read_document

__all__ = ["Lifecycle", "Listing", "Record", "read_lifecycle", "vendor_of"]

_FILE = Path(__file__).with_name("lifecycle.yaml")

Url = Annotated[str, StringConstraints(pattern=r"^https://")]


class Record(Document):
    """One line of the file.

    Attributes:
        pinning: whether the name fixes the version.
        stage: where in its life it is, as the vendor says, as long as nothing is announced; None as its name says.
        points_to: the pinned name behind a floating one, where it is known.
        deprecated: the day of an announcement that named no last day.
        retires: the day from which requests fail.
        replacement: the name that the vendor recommends instead.
        source: the page that says so, where it is not the one of the listing.
    """

    pinning: Literal["pinned", "floating"] = "pinned"
    stage: Literal["preview", "ga", "legacy"] | None = None
    points_to: str | None = None
    deprecated: date | None = None
    retires: date | None = None
    replacement: str | None = None
    source: Url | None = None


class Listing(Document):
    """The models of one vendor, or what one host does with the models of others.

    Attributes:
        source: the page on which retirements are announced.
        models: by lower-case name.
    """

    source: Url
    models: dict[str, Record]


class Lifecycle(Document):
    """The whole file.

    Attributes:
        sources: pages that several lines name.
        vendors: what holds at each vendor's own API.
        hosts: the days that differ on `bedrock` and `vertex`.
    """

    sources: tuple[Url, ...]
    vendors: dict[str, Listing]
    hosts: dict[str, Listing]


@cache
def read_lifecycle() -> Lifecycle:
    """The file that Ferrata ships.

    Raises:
        InvalidDocument: it is broken.
    """
    return read_document(_FILE, Lifecycle, own=True)


def vendor_of(name: str) -> str | None:
    """The vendor that lists `name`, or None."""
    return _vendors().get(name)


@cache
def _vendors() -> dict[str, str]:
    return {name: vendor for vendor, listing in read_lifecycle().vendors.items() for name in listing.models}
