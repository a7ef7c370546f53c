"""`start_trace`: here spans are always made, so there is nothing to start; no service is started and nothing is sent."""

from __future__ import annotations

from typing import Any

__all__ = ["setup_exporter_from_environ", "start_trace"]


def start_trace(
    *, resource_attributes: dict[str, Any] | None = None, collection: str | None = None, **kwargs: Any
) -> None:
    """Does nothing: whoever runs the flow says where its spans go."""
    _ = resource_attributes, collection, kwargs


def setup_exporter_from_environ() -> None:
    """Does nothing, likewise."""
