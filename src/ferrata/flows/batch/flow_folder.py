"""The folder of a flow's run: beside what every run has, spans, and metrics of the aggregation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata import runs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RunFolder"]

_METRICS = "metrics.json"
_MAPPINGS = ("data", "column_mapping", "tags", "properties", "metrics", "aggregation", "error")
_LISTS = ("init", "environment")
_TEXTS = ("flow", "flow_name", "run", "variant", "created", "file", "connections", "display_name", "description")
_NUMBERS = ("seconds", "total", "completed", "failed")


class RunFolder(runs.RunFolder):
    """The folder of one run of a flow; as `runs.RunFolder`."""

    kinds: ClassVar[Mapping[str, type | tuple[type, ...]]] = {
        **dict.fromkeys(_MAPPINGS, dict),
        **dict.fromkeys(_LISTS, list),
        **dict.fromkeys(_TEXTS, str),
        **dict.fromkeys(_NUMBERS, (int, float)),
    }
    go_on: ClassVar[str] = "ferrata flow run --resume"
    show_all: ClassVar[str] = "ferrata flow runs list"

    def save_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write `metrics.json`.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        self.replace(_METRICS, json.dumps(metrics, ensure_ascii=False, indent=2, default=repr) + "\n")

    def output(self, number: int) -> dict[str, Any] | None:
        """The output of a row with its number; None where it was not completed."""
        if not self.index.is_completed(number):
            return None
        record = self.line(number)
        return None if record is None else {"line_number": number, **record["output"]}
