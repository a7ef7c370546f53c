"""`promptflow.tracing`: spans of user code."""

from ferrata.flows.promptflow._version import __version__
from ferrata.flows.promptflow.tracing._start_trace import start_trace
from ferrata.flows.promptflow.tracing.threads import ThreadPoolExecutorWithContext
from ferrata.flows.traced import trace

__all__ = ["ThreadPoolExecutorWithContext", "__version__", "start_trace", "trace"]
