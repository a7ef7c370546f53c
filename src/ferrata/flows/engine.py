"""A graph that is ready to run: one row at a time, nodes side by side where the graph lets them.

Knows no files and no kinds of nodes; a step is something to call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.code import captured
from ferrata.flows.data import checked_output
from ferrata.flows.failures import FlowError, NodeError, row_error
from ferrata.flows.formats.references import property_of, value_of
from ferrata.flows.inputs import take_inputs, take_lists
from ferrata.flows.known import using_connections
from ferrata.flows.metrics import collect_metrics
from ferrata.flows.openai_calls import watch_openai
from ferrata.flows.streams import is_stream, joined, watched
from ferrata.flows.types import Aggregation, LineResult, NodeResult, Reference, Status
from ferrata.runs import Threads, cancellable
from ferrata.telemetry import open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ferrata.flows.nodes import Step
    from ferrata.flows.types import Flow

__all__ = ["GraphFlow"]

# Seconds for nodes to end that are cancelled because another one failed.
_PATIENCE = 1.0
_log = logging.getLogger("ferrata.flows")


class GraphFlow:
    """A loaded graph.

    Args:
        flow: what its file says; nodes in an order in which they can run.
        steps: a step for each node.
        folder: where the user's code is.
        connections: those that user code may look up by their names.
        strict: what is a warning otherwise is an error.
        closing: called by `close`.
    """

    def __init__(
        self,
        flow: Flow,
        steps: Sequence[Step],
        folder: Path,
        *,
        connections: Mapping[str, Any] | None = None,
        strict: bool = False,
        closing: Callable[[], None] | None = None,
    ) -> None:
        self._flow = flow
        self._folder = folder
        self._strict = strict
        self._connections: Mapping[str, Any] = {} if connections is None else connections
        self._closing = closing
        self._threads = Threads()
        self._of_lines = [step for step in steps if not step.node.aggregation]
        self._of_all = [step for step in steps if step.node.aggregation]
        self._collected = {
            str(reference): reference
            for step in self._of_all
            for reference in step.inputs.values()
            if reference.kind == "node" and any(reference.value == one.node.name for one in self._of_lines)
        }
        self._streaming = [self._streamed(step) for step in self._of_lines]

    @property
    def flow(self) -> Flow:
        """What its file says."""
        return self._flow

    @property
    def has_aggregation(self) -> bool:
        """Whether it has aggregation nodes."""
        return bool(self._of_all)

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
        watch_openai()
        limit = asyncio.timeout(timeout)
        result = LineResult(Status.FAILED, inputs, started=time.time())
        attributes: dict[str, Any] = {} if number is None else {"ferrata.line": number}
        try:
            with using_connections(self._connections), open_span(self._flow.name, "flow", attributes) as span:
                async with limit:
                    taken = take_inputs(self._flow.inputs, inputs, number=number)
                    result.inputs = attributes["inputs"] = await self._with_images(taken)
                    walk = Walk(self, self._streaming if stream else self._of_lines, result.inputs, result.nodes)
                    await walk.run()
                    result.output = await self._output(walk, stream=stream)
                result.aggregation = {
                    key: value_of(reference, result.inputs, walk.outputs) for key, reference in self._collected.items()
                }
                result.status = Status.COMPLETED
                attributes["output"] = result.output
                span.attributes = attributes
        except Exception as error:  # noqa: BLE001 - a row's failure is the row's
            result.error = row_error(error, timeout if limit.expired() else None)
        if result.status is not Status.COMPLETED:
            result.output = {}
        result.ended = time.time()
        return result

    async def aggregate(self, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]]) -> Aggregation:
        """Run the aggregation nodes; as `LoadedFlow.aggregate`."""
        found = Aggregation()
        rows = len(next(iter([*inputs.values(), *outputs.values()]), ()))
        steps = [self._over_lists(step, outputs) for step in self._of_all]
        with (
            using_connections(self._connections),
            collect_metrics() as metrics,
            open_span(f"{self._flow.name} aggregation", "flow"),
        ):
            try:
                lists = take_lists(self._flow.inputs, inputs, rows)
                await Walk(self, steps, lists, found.nodes).run()
            except FlowError as error:
                found.error = error.as_json()
        found.metrics = dict(metrics)
        return found

    def _over_lists(self, step: Step, outputs: Mapping[str, Sequence[Any]]) -> Step:
        inputs = {
            name: Reference("value", list(outputs[str(reference)])) if str(reference) in outputs else reference
            for name, reference in step.inputs.items()
        }
        return replace(step, inputs=inputs)

    def _streamed(self, step: Step) -> Step:
        """The step as it is where outputs may stream: a model's answer that is an output and no node's input comes in pieces."""
        if step.streams is None:
            return step
        name = step.node.name
        used = any(
            reference.kind == "node" and reference.value == name
            for other in self._of_lines
            for reference in other.inputs.values()
        )
        shown = any(
            output.reference is not None and output.reference.kind == "node" and output.reference.value == name
            for output in self._flow.outputs.values()
        )
        return step.streams() if shown and not used else step

    async def _with_images(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        specs = self._flow.inputs
        if not any(spec.type == "image" for spec in specs.values()) and not any(
            isinstance(value, dict | list) for value in inputs.values()
        ):
            return inputs
        from ferrata.flows.images import load_inputs

        vision = self._flow.message_format == "openai-vision"
        if not _has_url(inputs):
            return load_inputs(specs, inputs, self._folder, vision=vision)
        # A picture may take long to come, and other rows go on meanwhile.
        return await self._threads.run(lambda: load_inputs(specs, inputs, self._folder, vision=vision))

    async def _output(self, walk: Walk, *, stream: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, output in self._flow.outputs.items():
            reference = output.reference
            if reference is None or reference.kind == "value":
                found[name] = None if reference is None else reference.value
            elif reference.kind == "input":
                found[name] = value_of(reference, walk.inputs, {})
            else:
                value = property_of(reference.value, walk.outputs[reference.value], reference.property)
                found[name] = value if stream or not is_stream(value) else await self._joined(value)
        checked_output(found)
        return found

    async def _joined(self, value: Any) -> Any:
        if hasattr(value, "__anext__"):
            return await joined(value)
        return await self._threads.run(lambda: "".join(map(str, value)))

    async def call(self, step: Step, given: dict[str, Any]) -> Any:
        """Call a step's function.

        Raises:
            Exception: whatever it raises.
        """
        if step.is_async:
            return await cancellable(step.call(**given), name=f"the node {step.node.name!r}")
        return await self._threads.run(lambda: step.call(**given))

    @property
    def folder(self) -> Path:
        """Where the user's code is."""
        return self._folder

    @property
    def strict(self) -> bool:
        """Whether warnings are errors."""
        return self._strict


class Walk:
    """One way through a graph.

    Args:
        graph: calls the steps.
        steps: what is to be run.
        inputs: the flow's.
        results: where the nodes' results go.

    Attributes:
        outputs: of the nodes that have ended; None of those that were passed over.
    """

    def __init__(
        self, graph: GraphFlow, steps: Sequence[Step], inputs: Mapping[str, Any], results: dict[str, NodeResult]
    ) -> None:
        self._graph = graph
        self._results = results
        self.inputs = inputs
        self.outputs: dict[str, Any] = {}
        self._bypassed: set[str] = set()
        self._waiting: dict[str, int] = {}
        self._followers: dict[str, list[Step]] = {}
        self._ready: deque[Step] = deque()
        names = {step.node.name for step in steps}
        for step in steps:
            needs = _needs(step) & names
            self._waiting[step.node.name] = len(needs)
            for need in needs:
                self._followers.setdefault(need, []).append(step)
            if not needs:
                self._ready.append(step)

    async def run(self) -> None:
        """Run all steps.

        Raises:
            FlowError: a node failed; those that were running are cancelled.
        """
        running: set[asyncio.Task[None]] = set()
        try:
            while self._ready or running:
                while self._ready:
                    step = self._ready.popleft()
                    if self._passed_over(step):
                        self._end(step.node.name, None)
                    elif not self._ready and not running:
                        await self._run(step)  # alone: a task of its own would only take time
                    else:
                        running.add(asyncio.ensure_future(self._run(step)))
                if running:
                    done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    failures = [error for task in done if (error := task.exception()) is not None]
                    if failures:
                        raise failures[0]
        finally:
            for task in running:
                task.cancel()
            if running:  # a node that does not let itself be cancelled is not waited for
                await asyncio.wait(running, timeout=_PATIENCE)

    def _end(self, name: str, output: Any) -> None:
        self.outputs[name] = output
        for follower in self._followers.get(name, ()):
            self._waiting[follower.node.name] -= 1
            if not self._waiting[follower.node.name]:
                self._ready.append(follower)

    async def _run(self, step: Step) -> None:
        node = step.node
        result = NodeResult(node.name, Status.RUNNING, started=time.time())
        self._results[node.name] = result
        printed: list[str] = []
        attributes: dict[str, Any] = {"ferrata.node": node.name}
        try:
            given = self._inputs_of(step, printed)
            result.inputs = {name: value for name, value in given.items() if name not in step.hidden}
            attributes["inputs"] = result.inputs
            with captured(printed.append), open_span(node.name, "node", attributes) as span:
                try:
                    output = watched(await self._graph.call(step, given))
                    attributes["output"] = output
                finally:
                    result.usage, result.cost = span.usage, span.cost
            result.output = output
            result.status = Status.COMPLETED
        except asyncio.CancelledError:
            result.status = Status.CANCELED
            raise
        except FlowError as error:
            result.status, result.error = Status.FAILED, error.as_json()
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            failure = NodeError(node.name, error, folder=self._graph.folder)
            result.status, result.error = Status.FAILED, failure.as_json()
            raise failure from error
        finally:
            result.ended = time.time()
            result.logs = "".join(printed)
        self._end(node.name, output)

    def _inputs_of(self, step: Step, printed: list[str]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, reference in step.inputs.items():
            if reference.kind == "value":
                given[name] = reference.value
            elif reference.kind == "node" and reference.value in self._bypassed:
                if name not in step.defaults:
                    printed.append(f"the node {reference.value!r} was passed over, so {name!r} is None\n")
                    given[name] = None
            else:
                given[name] = value_of(reference, self.inputs, self.outputs)
        return given

    def _passed_over(self, step: Step) -> bool:
        activate = step.node.activate
        if activate is not None:
            when = activate.when
            over = when.kind == "node" and when.value in self._bypassed
            if not over:
                found = value_of(when, self.inputs, self.outputs)
                over = found != activate.value
                if over and type(found) is not type(activate.value) and str(found) == str(activate.value):
                    self._compared(step, found, activate.value)
        else:
            needs = [reference.value for reference in step.inputs.values() if reference.kind == "node"]
            over = bool(needs) and all(need in self._bypassed for need in needs)
        if over:
            self._bypassed.add(step.node.name)
            now = time.time()
            self._results[step.node.name] = NodeResult(step.node.name, Status.BYPASSED, started=now, ended=now)
        return over

    def _compared(self, step: Step, found: Any, wanted: Any) -> None:
        """Two values that look alike and are not equal."""
        problem = (
            f"activate of the node {step.node.name!r} compares {found!r} ({type(found).__name__}) with {wanted!r} "
            f"({type(wanted).__name__}), which are not equal"
        )
        if self._graph.strict:
            raise FlowError("ActivateTypeMismatch", problem, hint="write the value in the other type")
        _log.warning("%s", problem)


def _has_url(value: Any) -> bool:
    """Whether a value may hold an image by URL, however deep."""
    if isinstance(value, str):
        return "://" in value[:20]
    if isinstance(value, Mapping):
        return any(map(_has_url, cast("Mapping[str, Any]", value).values()))
    return isinstance(value, list) and any(map(_has_url, cast("list[Any]", value)))


def _needs(step: Step) -> set[str]:
    found = {reference.value for reference in step.inputs.values() if reference.kind == "node"}
    activate = step.node.activate
    if activate is not None and activate.when.kind == "node":
        found.add(activate.when.value)
    return found
