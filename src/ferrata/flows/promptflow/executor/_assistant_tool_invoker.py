"""The functions that an assistant may call: their definitions for OpenAI, and the functions themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["AssistantToolInvoker", "ResolvedAssistantTool"]


@dataclass
class ResolvedAssistantTool:
    """One of them.

    Attributes:
        name: by which the assistant calls it.
        openai_definition: what OpenAI is told of it.
        func: the function.
    """

    name: str
    openai_definition: dict[str, Any]
    func: Callable[..., Any]


class AssistantToolInvoker:
    """All of them."""

    def __init__(self, tools: Mapping[str, ResolvedAssistantTool]) -> None:
        self._assistant_tools = tools

    def invoke_tool(self, func_name: str, kwargs: Mapping[str, Any]) -> Any:
        """Call one.

        Raises:
            KeyError: there is none of that name.
        """
        return self._assistant_tools[func_name].func(**kwargs)

    def to_openai_tools(self) -> list[dict[str, Any]]:
        """What OpenAI is told of them."""
        return [tool.openai_definition for tool in self._assistant_tools.values()]
