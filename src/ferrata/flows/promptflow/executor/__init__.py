"""`promptflow.executor`: the tools of assistants."""

from ferrata.flows.promptflow.executor._assistant_tool_invoker import AssistantToolInvoker, ResolvedAssistantTool

__all__ = ["AssistantToolInvoker", "ResolvedAssistantTool"]
