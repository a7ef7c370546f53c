"""`promptflow.tracing.contracts`."""

from ferrata.flows.promptflow.tracing.contracts.trace import TraceType

__all__ = ["TraceType"]
