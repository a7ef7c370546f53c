"""The one connection that is no `Connection`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferrata.flows.contracts.types import Secret  # noqa: TC001 - read from the annotation at run time

__all__ = ["BingConnection"]


@dataclass
class BingConnection:
    """Bing's search."""

    api_key: Secret = field(repr=False)
    url: str = "https://api.bing.microsoft.com/v7.0/search"
