"""What is done once over all rows: its inputs are read back from the run's folder, in the order of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.flows.failures import error_of
from ferrata.flows.types import Aggregation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.batch.flow_folder import RunFolder
    from ferrata.flows.types import LineResult

__all__ = ["aggregate"]


async def aggregate(
    loaded: LoadedFlow,
    folder: RunFolder,
    *,
    kept: Mapping[int, LineResult],
) -> Aggregation:
    """Aggregate the completed rows. What goes wrong is in the result.

    Args:
        loaded: the flow.
        folder: the run's.
        kept: rows whose values would not come back from the folder as they were.
    """
    inputs: dict[str, list[Any]] = {name: [] for name in loaded.flow.inputs}
    outputs: dict[str, list[Any]] = {}
    rows = 0
    for number in folder.index.numbers(completed=True):
        result = kept.get(number)
        if result is not None:
            of_row, values = result.inputs, result.aggregation
        else:
            record = folder.line(number) or {}
            of_row, values = record.get("inputs", {}), record.get("aggregation", {})
        for name, column in inputs.items():
            column.append(of_row.get(name))
        for reference, value in values.items():
            # A row in which the node was passed over may lack the reference: the lists stay of one length.
            outputs.setdefault(reference, [None] * rows).append(value)
        rows += 1
        for column in outputs.values():
            if len(column) < rows:
                column.append(None)
    try:
        return await loaded.aggregate(inputs, outputs)
    except Exception as error:  # noqa: BLE001 - it is the user's code: recorded, and the rows are kept
        return Aggregation(error=error_of(error))
