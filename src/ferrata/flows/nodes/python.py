"""A `python` node: the one tool in a script of the flow's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.flows.code import as_tool, find_tool
from ferrata.flows.failures import FlowError, place_in
from ferrata.flows.nodes.assistant import with_assistants
from ferrata.flows.nodes.base import source_path, step_of
from ferrata.flows.nodes.literals import literal_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.flows.nodes.base import Around, Step
    from ferrata.flows.types import Node, Reference

__all__ = ["method_of", "python_step"]


def python_step(node: Node, around: Around) -> Step:
    """The step of a script.

    Raises:
        FlowError: `InvalidSource`, `PythonLoadError`, `NoToolDefined`, `MultipleToolsDefined`, `NodeInputValidationError`,
            `GetConnectionError`, `InputTypeMismatch`, `MissingRequiredInputs`, `ToolLoadError`.
    """
    path = source_path(node, around)
    try:
        module = around.space.load_file(path)
    except FerrataError:
        raise
    except (Exception, SystemExit) as error:
        place = place_in(error, around.folder)
        raise FlowError(
            "PythonLoadError",
            f"{path.name!r} cannot be loaded{place}: ({type(error).__name__}) {error}",
            where=("source", "path"),
        ) from error
    function, owner = find_tool(module)
    tool = as_tool(function, also=owner.get_initialize_inputs() if owner is not None else None)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    inputs, hidden = literal_inputs(node, tool, around)
    inputs = with_assistants(node, tool, inputs, around)
    if owner is None:
        return step_of(node, function, inputs, hidden=hidden)
    call, inputs = method_of(owner, function.__name__, inputs)
    return step_of(node, call, inputs, hidden=hidden)


def method_of(
    owner: Any, name: str, inputs: Mapping[str, Reference]
) -> tuple[Callable[..., Any], dict[str, Reference]]:
    """The method of an instance that is made of the inputs that `__init__` takes, and the inputs that are left.

    Raises:
        FlowError: `InputTypeMismatch`, `MissingRequiredInputs`, `ToolLoadError`.
    """
    wanted = owner.get_initialize_inputs()
    given: dict[str, Any] = {}
    for key, reference in inputs.items():
        if key not in wanted:
            continue
        if reference.kind != "value":
            raise FlowError(
                "InputTypeMismatch",
                f"the input {key!r} makes the class {owner.__name__!r} and must be a literal, not {str(reference)!r}",
                where=("inputs", key),
            )
        given[key] = reference.value
    missing = [key for key in owner.get_required_initialize_inputs() if key not in given]
    if missing:
        raise FlowError("MissingRequiredInputs", f"the class {owner.__name__!r} needs {', '.join(map(repr, missing))}")
    try:
        instance = owner(**given)
    except Exception as error:
        raise FlowError(
            "ToolLoadError", f"the class {owner.__name__!r} cannot be made: ({type(error).__name__}) {error}"
        ) from error
    return getattr(instance, name), {key: reference for key, reference in inputs.items() if key not in wanted}
