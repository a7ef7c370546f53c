"""`promptflow.core`: tools, metrics, and flows and prompts that are called like functions."""

from typing import TYPE_CHECKING

from ferrata.doors import door
from ferrata.flows.promptflow._core.metric_logger import log_flow_metric, log_metric
from ferrata.flows.promptflow._core.tool import ToolProvider, tool
from ferrata.flows.promptflow._version import __version__

if TYPE_CHECKING:
    from ferrata.flows.promptflow.core._flow import AsyncFlow, Flow
    from ferrata.flows.promptflow.core._model_configuration import (
        AzureOpenAIModelConfiguration,
        ModelConfiguration,
        OpenAIModelConfiguration,
    )
    from ferrata.flows.promptflow.core._prompty import AsyncPrompty, Prompty
else:
    __getattr__ = door(
        __name__,
        _flow=["AsyncFlow", "Flow"],
        _model_configuration=["AzureOpenAIModelConfiguration", "ModelConfiguration", "OpenAIModelConfiguration"],
        _prompty=["AsyncPrompty", "Prompty"],
    )

__all__ = [
    "AsyncFlow",
    "AsyncPrompty",
    "AzureOpenAIModelConfiguration",
    "Flow",
    "ModelConfiguration",
    "OpenAIModelConfiguration",
    "Prompty",
    "ToolProvider",
    "__version__",
    "log_flow_metric",
    "log_metric",
    "tool",
]
