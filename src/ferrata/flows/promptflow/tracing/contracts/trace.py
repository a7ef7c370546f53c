"""The kinds of traces, by Prompt Flow's names."""

from __future__ import annotations

from enum import Enum

__all__ = ["TraceType"]


class TraceType(str, Enum):  # noqa: UP042 - its text is `TraceType.X`, as Prompt Flow's
    """What a span is about."""

    LLM = "LLM"
    FUNCTION = "Function"
    LANGCHAIN = "LangChain"
    FLOW = "Flow"
    EMBEDDING = "Embedding"
    RETRIEVAL = "Retrieval"
