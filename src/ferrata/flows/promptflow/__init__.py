"""Prompt Flow's Python API on Ferrata: what user code imports from `promptflow`, where that is not installed.

Importable as `promptflow` by `ferrata.flows.compat`. The names and where they lie are Prompt Flow's; what they do is Ferrata's.
"""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.promptflow._core.metric_logger import log_flow_metric, log_metric
    from ferrata.flows.promptflow._core.tool import ToolProvider, tool
    from ferrata.flows.promptflow._version import VERSION, __version__
    from ferrata.flows.promptflow.client import PFClient, load_flow, load_run
else:
    __getattr__ = door(
        __name__,
        _core__metric_logger=["log_flow_metric", "log_metric"],
        _core__tool=["ToolProvider", "tool"],
        _version=["VERSION", "__version__"],
        client=["PFClient", "load_flow", "load_run"],
    )

__all__ = [
    "VERSION",
    "PFClient",
    "ToolProvider",
    "__version__",
    "load_flow",
    "load_run",
    "log_flow_metric",
    "log_metric",
    "tool",
]
