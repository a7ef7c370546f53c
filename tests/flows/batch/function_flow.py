"""A loaded flow over plain functions, so that batch runs are tested without a format, a graph or a model."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING

from ferrata.flows import Aggregation, Flow, InputSpec, LineResult, NodeResult, OutputSpec, Status, Variant, error_of
from ferrata.flows.failures import NodeError
from ferrata.flows.types import Node
from ferrata.messages import Usage

if TYPE_CHECKING:
    from pathlib import Path


class FunctionFlow:
    """Runs `line(**inputs) -> dict`, sync or async, and `total(values) -> metrics` over `${work.output}` of all rows."""

    def __init__(
        self, folder: Path, line, *, inputs=("x",), total=None, variants=(), defaults=None, tokens=None
    ) -> None:
        file = folder / "flow.dag.yaml"
        if not file.exists():
            file.write_text("nodes: []\n")
        node = Node("work", "python")
        self.flow = Flow(
            kind="dag",
            folder=folder,
            file=file,
            name=folder.name,
            inputs={name: InputSpec("object", (defaults or {}).get(name)) for name in inputs},
            outputs={"y": OutputSpec("object")},
            nodes=(node,),
            variants={"work": {one: Variant(node) for one in variants}} if variants else {},
        )
        self._line, self._total, self._tokens = line, total, tokens
        self.folder = folder
        self.has_aggregation = total is not None
        self.running = self.most_running = 0
        self.begun: list[int | None] = []
        self.closed = False

    async def line(self, inputs, *, number=None, stream=False, timeout=None):
        started = time.time()
        self.begun.append(number)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        node = NodeResult("work", Status.COMPLETED, started=started)
        result = LineResult(Status.COMPLETED, inputs=dict(inputs), nodes={"work": node}, started=started)
        try:
            known = {name: inputs[name] for name in self.flow.inputs if name in inputs}
            found = self._line(**known)
            if inspect.isawaitable(found):
                found = await asyncio.wait_for(found, timeout)
            result.output = {"y": found}
            if self.has_aggregation:
                result.aggregation = {"${work.output}": found}
            if self._tokens:
                node.usage, node.cost = Usage(*self._tokens), 0.5
            if isinstance(found, str):
                node.logs = f"made {found}\n"
        except Exception as error:  # noqa: BLE001
            node.status = result.status = Status.FAILED
            node.error = result.error = error_of(NodeError("work", error))
        finally:
            self.running -= 1
        node.ended = result.ended = time.time()
        return result

    async def aggregate(self, inputs, outputs):
        return Aggregation(metrics=self._total(inputs, outputs))

    def close(self) -> None:
        self.closed = True
