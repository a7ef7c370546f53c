"""The handler that makes spans of what LangChain does; needs LangChain."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.flows.traced_values import shown
from ferrata.redaction import hide_secrets
from ferrata.telemetry import open_span

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ferrata.telemetry import Span
else:
    try:
        from langchain_core.callbacks import BaseCallbackHandler
    except ImportError:
        from langchain.callbacks.base import BaseCallbackHandler

__all__ = ["PromptFlowCallbackHandler"]

if TYPE_CHECKING:

    class BaseCallbackHandler:
        """LangChain's."""


class _Event(NamedTuple):
    context: Context
    manager: AbstractContextManager[Span]
    span: Span


class PromptFlowCallbackHandler(BaseCallbackHandler):
    """Give it to LangChain as a callback: each model, chain, tool and retriever that runs is a span."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[Any, _Event] = {}

    def _begin(self, kind: str, serialized: Any, inputs: Any, kwargs: dict[str, Any]) -> None:
        about = cast("dict[str, Any]", serialized) if isinstance(serialized, dict) else {}
        name = str(kwargs.get("name") or about.get("name") or kind)
        around = self._open.get(kwargs.get("parent_run_id"))
        # Begin and end may come from different tasks, so that each event has a context of its own.
        context = around.context.copy() if around else copy_context()
        manager = open_span(name, kind, {"inputs": shown(inputs)})
        self._open[kwargs.get("run_id")] = _Event(context, manager, context.run(manager.__enter__))

    def _end(self, output: Any, kwargs: dict[str, Any], error: BaseException | None = None) -> None:
        found = self._open.pop(kwargs.get("run_id"), None)
        if found is None:
            return
        if error is None:
            found.span.attributes["output"] = shown(output)
        else:
            found.span.error = hide_secrets(f"{type(error).__name__}: {error}")
        found.context.run(found.manager.__exit__, None, None, None)

    def on_llm_start(self, serialized: Any, prompts: Any, **kwargs: Any) -> None:
        """A model is asked."""
        self._begin("llm", serialized, prompts, kwargs)

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        """A chat model is asked."""
        self._begin("llm", serialized, messages, kwargs)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        """It answered."""
        self._end(response, kwargs)

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        """It did not."""
        self._end(None, kwargs, error)

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        """A chain begins."""
        self._begin("function", serialized, inputs, kwargs)

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        """It ended."""
        self._end(outputs, kwargs)

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        """It failed."""
        self._end(None, kwargs, error)

    def on_tool_start(self, serialized: Any, input_str: Any, **kwargs: Any) -> None:
        """A tool begins."""
        self._begin("tool", serialized, input_str, kwargs)

    def on_tool_end(self, output: Any, **kwargs: Any) -> None:
        """It ended."""
        self._end(output, kwargs)

    def on_tool_error(self, error: BaseException, **kwargs: Any) -> None:
        """It failed."""
        self._end(None, kwargs, error)
