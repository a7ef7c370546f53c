"""`promptflow._core`: tools and metrics."""

from ferrata.flows.promptflow._core.metric_logger import (
    add_metric_logger,
    collect_metrics,
    log_metric,
    remove_metric_logger,
)
from ferrata.flows.promptflow._core.tool import DynamicList, GeneratedBy, InputSetting, ToolProvider, ToolType

__all__ = [
    "DynamicList",
    "GeneratedBy",
    "InputSetting",
    "ToolProvider",
    "ToolType",
    "add_metric_logger",
    "collect_metrics",
    "log_metric",
    "remove_metric_logger",
]
