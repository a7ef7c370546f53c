"""Records of inputs and expectations as rows: what is a mapping becomes a column a key. Knows no source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.evals.importing.types import Imported

__all__ = ["Record", "spread_rows"]


class Record(NamedTuple):
    """A record: its inputs (of any kind), what is expected by name, and further columns."""

    id: str
    inputs: Any
    expected: dict[str, Any]
    further: dict[str, Any]


def spread_rows(found: Imported, dataset: str, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The rows: inputs a column a key where all are mappings, else the column `input`; expectations and the rest beside them."""
    spread = all(isinstance(record.inputs, dict) for record in records)
    rows: list[dict[str, Any]] = []
    for record in records:
        row: dict[str, Any] = {"id": record.id}
        inputs = cast("dict[str, Any]", record.inputs) if spread else {"input": record.inputs}
        for prefix, columns in (("input_", inputs), ("expected_", record.expected), ("", record.further)):
            for key, value in columns.items():
                name = key
                if name in row:
                    name = f"{prefix or 'other_'}{key}"
                    found.change(f"dataset {dataset!r}, {key!r}", f"it is called {name!r}; the name was taken")
                row[name] = value
        rows.append(row)
    return rows
