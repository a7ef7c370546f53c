"""A function or a class that is ready to run: a flex flow, or a flow in plain Python.

Knows no files; the callable is given.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import time
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.code import as_tool, captured, parameters_of
from ferrata.flows.data import checked_output
from ferrata.flows.failures import FlowError, NodeError, row_error
from ferrata.flows.inputs import take_inputs
from ferrata.flows.known import using_connections
from ferrata.flows.metrics import collect_metrics
from ferrata.flows.openai_calls import watch_openai
from ferrata.flows.streams import is_stream, joined, watched
from ferrata.flows.types import Aggregation, InputSpec, LineResult, NodeResult, Status
from ferrata.runs import Threads, cancellable
from ferrata.telemetry import open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ferrata.flows.types import Flow

__all__ = ["CallableFlow", "inputs_of_signature"]


class CallableFlow:
    """A loaded flow that is one call.

    Args:
        flow: what its file says.
        call: takes the inputs by name; a coroutine function is awaited.
        folder: where the user's code is.
        aggregate: what runs once, over the list of all results; None if nothing does.
        code: the code's name for what goes wrong in it.
        connections: those that user code may look up by their names.
        closing: called by `close`.
    """

    def __init__(
        self,
        flow: Flow,
        call: Callable[..., Any],
        folder: Path,
        *,
        aggregate: Callable[..., Any] | None = None,
        code: str = "ScriptExecutionError",
        connections: Mapping[str, Any] | None = None,
        closing: Callable[[], None] | None = None,
    ) -> None:
        signature = inputs_of_signature(call)
        takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters_of(call).values())
        self._flow = dataclasses.replace(flow, inputs={**signature, **flow.inputs} if signature or flow.inputs else {})
        self._takes = None if takes_any else frozenset(signature)
        self._typed = {name: spec for name, spec in flow.inputs.items() if takes_any or name in signature}
        self._optional = frozenset(as_tool(call).defaults)
        self._call = call
        self._folder = folder
        self._aggregate = aggregate
        self._code = code
        self._closing = closing
        self._connections: Mapping[str, Any] = {} if connections is None else connections
        self._threads = Threads()
        self._name = _name_of(call)

    @property
    def flow(self) -> Flow:
        """What its file and its signature say."""
        return self._flow

    @property
    def folder(self) -> Path:
        """Where the user's code is."""
        return self._folder

    @property
    def has_aggregation(self) -> bool:
        """Whether the class has `__aggregate__`."""
        return self._aggregate is not None

    def close(self) -> None:
        """Let go of threads and modules."""
        self._threads.close()
        if self._closing is not None:
            self._closing()

    async def line(
        self,
        inputs: Mapping[str, Any],
        *,
        number: int | None = None,
        stream: bool = False,
        timeout: float | None = None,
    ) -> LineResult:
        """Run one row; as `LoadedFlow.line`."""
        sample = self._flow.sample.get("inputs")
        given = inputs or (cast("Mapping[str, Any]", sample) if isinstance(sample, dict) else inputs)
        watch_openai()
        limit = asyncio.timeout(timeout)
        result = LineResult(Status.FAILED, given, started=time.time())
        printed: list[str] = []
        node = NodeResult(self._name, Status.RUNNING, given, started=result.started)
        try:
            attributes: dict[str, Any] = {} if number is None else {"ferrata.line": number}
            with (
                using_connections(self._connections),
                captured(printed.append),
                open_span(self._flow.name, "flow", attributes) as span,
            ):
                try:
                    taken = self._taken(given, number)
                    node.inputs = result.inputs = attributes["inputs"] = taken
                    async with limit:
                        found = await self._ran(taken)
                        output = await self._whole(_as_outputs(found), stream=stream)
                    checked_output(output)
                    result.output, node.output = output, watched(found) if is_stream(found) else found
                    result.aggregation = {"output": found if not is_stream(found) else output.get("output")}
                    result.status = node.status = Status.COMPLETED
                    attributes["output"] = output
                finally:
                    node.usage, node.cost = span.usage, span.cost
        except Exception as error:  # noqa: BLE001 - a row's failure is the row's
            result.error = row_error(error, timeout if limit.expired() else None)
        result.ended = node.ended = time.time()
        node.logs = "".join(printed)
        if result.error is not None:
            result.output, node.status, node.error = {}, Status.FAILED, result.error
        result.nodes[self._name] = node
        return result

    async def aggregate(self, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]]) -> Aggregation:
        """Call `__aggregate__`; as `LoadedFlow.aggregate`."""
        found = Aggregation()
        if self._aggregate is None:
            return found
        aggregate = self._aggregate
        results = list(outputs.get("output", ()))
        with (
            using_connections(self._connections),
            collect_metrics() as metrics,
            open_span(f"{self._flow.name} aggregation", "flow"),
        ):
            try:
                found.output = await self._called(lambda: aggregate(results), aggregate)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a failed aggregation is data
                failure = NodeError(_name_of(aggregate), error, folder=self._folder, code=self._code)
                found.error = failure.as_json()
        if isinstance(found.output, dict):
            metrics.update(cast("dict[str, Any]", found.output))
        found.metrics = dict(metrics)
        return found

    def _taken(self, given: Mapping[str, Any], number: int | None) -> dict[str, Any]:
        known = {name: value for name, value in given.items() if self._takes is None or name in self._takes}
        specs = {
            name: spec
            for name, spec in self._typed.items()
            if name in known or spec.default is not None or name not in self._optional
        }
        taken = take_inputs(specs, known, number=number)
        missing = [name for name in self._takes or () if name not in taken and name not in self._optional]
        if missing:
            raise FlowError(
                "InputNotFound", f"the input {missing[0]!r} is not given", hint=f"give it, as --inputs {missing[0]}=..."
            )
        return taken

    async def _ran(self, given: dict[str, Any]) -> Any:
        try:
            return await self._called(lambda: self._call(**given), self._call)
        except (asyncio.CancelledError, FlowError):
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> NodeError:
        """The failure of the call; Prompt Flow has those of asynchronous flex flows under their own names and in their own words."""
        if self._flow.kind == "flex" and _is_async(self._call):
            return NodeError(self._name, error, folder=self._folder, code=type(error).__name__, message=str(error))
        return NodeError(self._name, error, folder=self._folder, code=self._code)

    async def _called(self, call: Callable[[], Any], function: Callable[..., Any]) -> Any:
        if _is_async(function):
            found = call()
        else:
            found = await self._threads.run(call)
        return watched(await cancellable(found, name=f"{self._name!r}") if inspect.isawaitable(found) else found)

    async def _whole(self, output: dict[str, Any], *, stream: bool) -> dict[str, Any]:
        if stream or not any(is_stream(value) for value in output.values()):
            return {name: watched(value) for name, value in output.items()}
        try:
            return {name: await self._read(value) for name, value in output.items()}
        except asyncio.CancelledError:
            raise
        except (Exception, SystemExit) as error:
            raise self._failed(error) from error

    async def _read(self, value: Any) -> Any:
        if not is_stream(value) or hasattr(value, "__anext__"):
            return await joined(value)
        return await self._threads.run(lambda: "".join(map(str, value)))


def inputs_of_signature(call: Callable[..., Any]) -> dict[str, InputSpec]:
    """The inputs that a function's parameters are."""
    tool = as_tool(call)
    parameters = parameters_of(call)
    found: dict[str, InputSpec] = {}
    for name, kinds in tool.types.items():
        default = parameters[name].default
        found[name] = InputSpec(kinds[0], None if default is inspect.Parameter.empty else default)
    return found


def _as_outputs(found: Any) -> dict[str, Any]:
    if isinstance(found, dict):
        return dict(cast("dict[str, Any]", found))
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    return {"output": found}


def _is_async(function: Callable[..., Any]) -> bool:
    original = getattr(function, "__original_function", function)
    while isinstance(original, functools.partial):
        original = original.func
    call = original if inspect.isroutine(original) else type(original).__call__
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in (original, call))


def _name_of(call: Callable[..., Any]) -> str:
    original = getattr(call, "__original_function", call)
    while isinstance(original, functools.partial):
        original = original.func
    name = str(getattr(original, "__qualname__", type(call).__name__))
    return name.removesuffix(".__call__")
