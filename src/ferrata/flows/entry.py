"""The entry of a flex flow: `module:function` or `module:Class` into a call, connections and model configurations in place."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.code import as_tool, parameters_of, undecorated
from ferrata.flows.contracts.model_connection import ModelConnection
from ferrata.flows.failures import FlowError, place_in
from ferrata.flows.flex import CallableFlow
from ferrata.flows.inputs import coerce
from ferrata.flows.known import connection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ferrata.flows.code import CodeSpace
    from ferrata.flows.types import Flow

__all__ = ["open_entry"]

_CONFIGURATIONS = ("AzureOpenAIModelConfiguration", "OpenAIModelConfiguration")


def open_entry(
    flow: Flow,
    folder: Path,
    space: CodeSpace,
    connections: Mapping[str, Any],
    init: Mapping[str, Any] | None,
    *,
    closing: Callable[[], None],
) -> CallableFlow:
    """The flow that an entry is.

    Raises:
        FlowError: `PythonLoadError`, `FlowEntryInitializationError`, `InvalidAggregationFunction`.
    """
    module_name, name = flow.entry.split(":")
    where = _place_of(flow)
    try:
        module = space.load_module(module_name)
    except (Exception, SystemExit) as error:
        place = place_in(error, folder)
        raise FlowError(
            "PythonLoadError",
            f"the module {module_name!r} cannot be loaded{place}: ({type(error).__name__}) {error}",
            file=flow.file,
            where=where,
        ) from error
    found = getattr(module, name, None)
    aggregate: Callable[..., Any] | None = None
    if inspect.isclass(found):
        if "__call__" not in dir(found):
            raise FlowError("PythonLoadError", f"the class {name!r} has no __call__", file=flow.file, where=where)
        instance = _instance(flow, cast("type", found), connections, init)
        aggregate = _aggregate_of(instance, flow)
        found = instance.__call__
    elif not inspect.isfunction(found):
        raise FlowError(
            "PythonLoadError",
            f"the module {module_name!r} has no function or class {name!r}",
            hint="write `entry: module:function` or `module:Class`",
            file=flow.file,
            where=where,
        )
    code = "ToolExecutionError" if flow.kind == "python" else "ScriptExecutionError"
    return CallableFlow(
        flow, undecorated(found), folder, aggregate=aggregate, code=code, connections=connections, closing=closing
    )


def _instance(flow: Flow, owner: type, connections: Mapping[str, Any], init: Mapping[str, Any] | None) -> Any:
    sample = flow.sample.get("init")
    given = dict(init or (cast("Mapping[str, Any]", sample) if isinstance(sample, dict) else {}))
    for name, spec in flow.init.items():
        if name not in given and spec.default is not None:
            given[name] = spec.default
    try:
        tool = as_tool(owner.__init__)
        for name, parameter in parameters_of(owner.__init__).items():
            if name not in given:
                continue
            kinds = tool.types.get(name, ())
            wanted = getattr(parameter.annotation, "__name__", "")
            if any(kind.endswith("Connection") for kind in kinds) and isinstance(given[name], str):
                given[name] = _connection(given[name], kinds, connections)
            elif wanted in _CONFIGURATIONS:
                given[name] = _configuration(given[name], parameter.annotation, connections)
            elif isinstance(given[name], str):  # as a command line has it
                given[name] = _typed(name, given[name], kinds[0] if kinds else "object")
        return owner(**given)
    except (Exception, SystemExit) as error:
        place = place_in(error, flow.folder.resolve())
        raise FlowError(
            (
                "FlowEntryInitializationError",
                *(error.codes if isinstance(error, FlowError) else (type(error).__name__,)),
            ),
            f"the class {owner.__name__!r} cannot be made{place}: ({type(error).__name__}) {error}",
            hint="give its arguments by --init NAME=VALUE",
            file=flow.file,
            where=_place_of(flow),
        ) from error


def _connection(name: str, kinds: Sequence[str], connections: Mapping[str, Any]) -> Any:
    found = connection_of(name, connections)
    return found.as_one_of(kinds) if isinstance(found, ModelConnection) else found


def _typed(name: str, value: str, kind: str) -> Any:
    try:
        return coerce(value, kind) if kind in ("int", "double", "bool") else value
    except (ValueError, TypeError):
        raise FlowError("InvalidInitValue", f"the argument {name!r} is {value!r}, which is no {kind}") from None


def _configuration(value: Any, kind: Any, connections: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        value = kind(**value)
    if not isinstance(value, kind):
        raise FlowError("InvalidModelConfigValueType", f"{value!r} is no {kind.__name__}")
    named = getattr(value, "connection", None)
    if not named:
        return value
    wanted = kind.__name__.replace("ModelConfiguration", "Connection")
    held = named if not isinstance(named, str) else _connection(named, (wanted,), connections)
    if kind.__name__ == "OpenAIModelConfiguration":
        return kind.from_connection(connection=held, model=value.model)
    return kind.from_connection(connection=held, azure_deployment=value.azure_deployment)


def _place_of(flow: Flow) -> tuple[str, ...]:
    """Where a flow's file names the entry; a function's own file does not."""
    return ("entry",) if flow.kind == "flex" else ()


def _aggregate_of(instance: Any, flow: Flow) -> Callable[..., Any] | None:
    aggregate = getattr(instance, "__aggregate__", None)
    if aggregate is not None and len(inspect.signature(aggregate).parameters) != 1:
        problem = "__aggregate__ takes one argument, the list of all results"
        raise FlowError("InvalidAggregationFunction", problem, file=flow.file, where=_place_of(flow))
    return aggregate
