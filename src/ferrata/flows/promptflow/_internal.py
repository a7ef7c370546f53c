"""What packages of tools import from `promptflow._internal`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.flows.promptflow._core.metric_logger import add_metric_logger
from ferrata.flows.promptflow._core.tool import ToolInvoker, ToolProvider, tool
from ferrata.flows.promptflow._utils.error_utils import ErrorResponse, ExceptionPresenter
from ferrata.flows.promptflow._utils.logger_utils import bulk_logger, flow_logger, get_logger, logger
from ferrata.flows.promptflow.tracing._operation_context import OperationContext

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ErrorResponse",
    "ExceptionPresenter",
    "OperationContext",
    "ToolInvoker",
    "ToolProvider",
    "add_metric_logger",
    "bulk_logger",
    "enable_cache",
    "flow_logger",
    "get_logger",
    "logger",
    "register_api_method",
    "register_apis",
    "register_builtin_method",
    "register_builtins",
    "register_connections",
    "tool",
]


def enable_cache(calculate_cache_func: Callable[..., str]) -> Callable[[Any], Any]:
    """Does nothing to the function: Prompt Flow's cache of tools is the cloud's."""
    _ = calculate_cache_func
    return lambda func: func


def register_apis(cls: Any) -> Any:
    """Does nothing: tools are found by their modules."""
    return cls


register_builtins = register_apis
register_api_method = register_apis
register_builtin_method = register_apis
register_connections = register_apis
