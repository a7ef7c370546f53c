"""The literal inputs of a node in the types of the tool's parameters; names of connections become connections."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.flows.contracts.model_connection import ModelConnection
from ferrata.flows.failures import FlowError
from ferrata.flows.inputs import coerce
from ferrata.flows.types import Reference

if TYPE_CHECKING:
    from ferrata.flows.code import Tool
    from ferrata.flows.nodes.base import Around
    from ferrata.flows.types import Node

__all__ = ["connection_named", "literal_inputs"]


def literal_inputs(node: Node, tool: Tool, around: Around) -> tuple[dict[str, Reference], frozenset[str]]:
    """A node's inputs with literals as the tool takes them, and the names of those that are connections.

    Empty literals are left out, so that the parameter's default stands, as in Prompt Flow.

    Raises:
        FlowError: `NodeInputValidationError`, `GetConnectionError`.
    """
    made: dict[str, Reference] = {}
    hidden: set[str] = set()
    for name, reference in node.inputs.items():
        if reference.kind != "value":
            made[name] = reference
            continue
        if reference.value is None or reference.value == "":
            continue
        kinds = tool.types.get(name)
        value = reference.value
        if kinds is not None and any(kind.endswith("Connection") for kind in kinds):
            value = _connection(node, name, tool, around)
            hidden.add(name)
        elif kinds is not None:
            value = _typed(node, name, value, kinds[0], around)
        made[name] = Reference("value", value)
    return made, frozenset(hidden)


def connection_named(name: Any, node: Node, around: Around, *where: str) -> Any:
    """The connection that a node names, at `where` in it.

    Raises:
        FlowError: `GetConnectionError`.
    """
    try:
        return around.connection(str(name))
    except FerrataError as error:
        raise FlowError(
            ("GetConnectionError", type(error).__name__),
            f"the connection {name!r} of the node {node.name!r} cannot be had: {error.message}",
            hint=error.hint,
            where=where,
        ) from error


def _connection(node: Node, name: str, tool: Tool, around: Around) -> Any:
    kinds = tool.types[name]
    held = connection_named(node.inputs[name].value, node, around, "inputs", name)
    found: Any = held.as_one_of(kinds) if isinstance(held, ModelConnection) else held
    own = tool.custom.get(name)
    if own is not None and type(found).__name__ == "CustomConnection":
        return found._convert_to_custom_strong_type(module=_module_of(own), to_class=own.__name__)
    if own is None and type(found).__name__ not in kinds:
        raise FlowError(
            "NodeInputValidationError",
            f"the input {name!r} is a connection of type {type(found).__name__}; it takes {' or '.join(kinds)}",
            where=("inputs", name),
        )
    return found


def _module_of(kind: type) -> ModuleType:
    """A module that has a class; a script is not among those that Python knows by name."""
    module = ModuleType(kind.__module__)
    setattr(module, kind.__name__, kind)
    return module


def _typed(node: Node, name: str, value: Any, kind: str, around: Around) -> Any:
    if kind == "image":
        return _loaded(name, value, around, image=True)
    if kind == "assistant_definition":
        return value  # `with_assistants` reads it
    try:
        value = coerce(value, kind)
    except (ValueError, TypeError, OverflowError):
        problem = f"the input {name!r} is {value!r}, which is no {kind}"
        raise FlowError("NodeInputValidationError", problem, where=("inputs", name)) from None
    return _loaded(name, value, around) if isinstance(value, dict | list) else value  # pyright: ignore[reportUnknownArgumentType]


def _loaded(name: str, value: Any, around: Around, *, image: bool = False) -> Any:
    from ferrata.flows.images import create_image, load_images

    try:
        if image:
            return create_image(value, around.folder)
        return load_images(value, around.folder, vision=around.flow.message_format == "openai-vision")
    except FerrataError as error:
        problem = f"the image in the input {name!r}: {error.message}"
        raise FlowError("NodeInputValidationError", problem, where=("inputs", name)) from error
