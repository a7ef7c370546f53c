"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.mcp import McpServer, Tool, ToolResult
else:
    __getattr__ = door(__name__, mcp=["McpServer", "Tool", "ToolResult"])

__all__ = ["McpServer", "Tool", "ToolResult"]
