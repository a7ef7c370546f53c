"""Metrics that aggregation code logs, kept apart for each run by a context variable."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

from ferrata.flows.metrics import collect_metrics
from ferrata.flows.metrics import log_metric as collect

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add_metric_logger", "collect_metrics", "log_flow_metric", "log_metric", "remove_metric_logger"]

_loggers: list[Callable[..., object]] = []


def log_metric(key: str, value: Any, variant_id: str | None = None) -> None:
    """Log a metric of the run that goes on here; where none does, nothing happens.

    Args:
        key: its name.
        value: its value.
        variant_id: of the variant that it is about, for loggers that take three arguments.
    """
    collect(key, value, variant_id)
    for logger in tuple(_loggers):
        if len(signature(logger).parameters) == 2:
            logger(key, value)
        else:
            logger(key, value, variant_id)


log_flow_metric = log_metric  # its older name


def add_metric_logger(logger_func: Callable[..., object]) -> None:
    """Call a function of two or three arguments for every metric; anything else is passed over."""
    if callable(logger_func) and logger_func not in _loggers and len(signature(logger_func).parameters) in (2, 3):
        _loggers.append(logger_func)


def remove_metric_logger(logger_func: Callable[..., object]) -> None:
    """Call it no longer."""
    _loggers.remove(logger_func)
