"""The seam of the room: a flow that is ready to run, whatever it is written in.

Test, batch runs, serving and evaluation know a flow only as this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ferrata.flows.types import Aggregation, Flow, LineResult

__all__ = ["LoadedFlow"]


class LoadedFlow(Protocol):
    """A flow whose code, templates and connections are in place.

    Use `line` and `aggregate` in one event loop; lines may run at the same time.
    """

    @property
    def flow(self) -> Flow:
        """What its file says; inputs and outputs are complete, also where a signature gives them."""
        ...

    @property
    def folder(self) -> Path:
        """Where its code and files are; with `additional_includes` a temporary copy."""
        ...

    @property
    def has_aggregation(self) -> bool:
        """Whether something is to be done once, over all lines."""
        ...

    async def line(
        self,
        inputs: Mapping[str, Any],
        *,
        number: int | None = None,
        stream: bool = False,
        timeout: float | None = None,
    ) -> LineResult:
        """Run one row. What goes wrong in it is in the result; nothing is raised but cancellation.

        Args:
            inputs: by the names of the flow's inputs; others are passed over.
            number: the row's, from 0, in a run over data; None outside of one.
            stream: outputs may be iterators (of text), which the caller reads; else they are joined.
            timeout: seconds after which the row has failed; None: it may take for ever.
        """
        ...

    async def aggregate(self, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]]) -> Aggregation:
        """Run what runs once, over the lines that were completed.

        Args:
            inputs: flow input -> its value in each of them.
            outputs: reference as text -> its value in each of them, as `LineResult.aggregation` has it;
                of a class flow the only key is `output`: each line's result.
        """
        ...

    def close(self) -> None:
        """Let go of the flow's modules and temporary files."""
        ...
