"""`promptflow.contracts.multimedia`."""

from __future__ import annotations

from ferrata.flows.contracts.multimedia import (
    Image,
    PFBytes,
    Text,
)

__all__ = [
    "Image",
    "PFBytes",
    "Text",
]
