"""`promptflow.constants`."""

from __future__ import annotations

from ferrata.flows.contracts.constants import (
    ConnectionAuthMode,
    ConnectionDefaultApiVersion,
    ConnectionType,
)

__all__ = [
    "ConnectionAuthMode",
    "ConnectionDefaultApiVersion",
    "ConnectionType",
]
