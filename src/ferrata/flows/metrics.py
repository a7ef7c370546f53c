"""What `log_metric` is told, for whoever collects it here. Knows no flow."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["collect_metrics", "log_metric"]

_metrics: ContextVar[dict[str, Any] | None] = ContextVar("ferrata_metrics", default=None)


@contextmanager
def collect_metrics() -> Generator[dict[str, Any]]:
    """The metrics that are logged in this block, and in tasks and threads with its context."""
    found: dict[str, Any] = {}
    token = _metrics.set(found)
    try:
        yield found
    finally:
        _metrics.reset(token)


def log_metric(key: str, value: Any, variant_id: str | None = None) -> None:
    """Note a metric of the run; outside of one it goes nowhere, as in Prompt Flow."""
    found = _metrics.get()
    if found is not None:
        found[key] = value
