"""The tool of an installed package that a node names. Knows nothing of how it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.flows.code import as_tool
from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.flows.code import Tool
    from ferrata.flows.types import Node

__all__ = ["packaged_tool"]


def packaged_tool(node: Node) -> tuple[Callable[..., Any], type | None, Tool]:
    """The function, its class where it is a method, and what it takes.

    Raises:
        FlowError: `PackageToolNotFoundError`, `ToolLoadError`.
    """
    from ferrata.flows.packages import package_tools

    name = node.source.tool if node.source else None
    tools = package_tools()
    if name is None or name not in tools:
        raise FlowError(
            "PackageToolNotFoundError",
            f"no installed package has the tool {name!r}",
            hint="install the package that has it beside Ferrata",
        )
    about = tools[name]
    try:
        module = import_module(about["module"])
        owner = getattr(module, about["class_name"]) if about.get("class_name") else None
        function = getattr(owner or module, about["function"])
    except (ImportError, AttributeError) as error:
        raise FlowError("ToolLoadError", f"the tool {name!r} cannot be loaded: {error}") from error
    return function, owner, as_tool(function, also=owner.get_initialize_inputs() if owner else None)
