"""What the ledger keeps of a run over data: which flow on which rows, and what came of it. Knows no rows.

Loads nothing until a run has ended.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.words import printable
from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ferrata.flows import RunSummary

__all__ = ["record_run"]


def record_run(project: Path, document: Mapping[str, Any], summary: RunSummary) -> None:
    """Note a run that has come to its end; where that cannot be, say why, for the run is there all the same.

    Args:
        project: the project's folder.
        document: of the run, as its `run.json`.
        summary: what came of it.
    """
    from ferrata.assets import draft_record
    from ferrata.shortcut import write_record

    try:
        payload = _payload(document, summary)
        write_record(project, draft_record("flow.ran", subjects=[f"run/{summary.name}"], payload=payload, id=None))
    except FerrataError as error:
        click.echo(f"warning: the run is not in the ledger: {printable(error.message)}", err=True)


def _payload(document: Mapping[str, Any], summary: RunSummary) -> dict[str, object]:
    data = cast("Mapping[str, Any]", document.get("data") or {})
    results = {str(name): _plain(value) for name, value in summary.metrics.items()}
    return {
        "flow": document["flow_name"],
        "flow_digest": document["flow_digest"],
        "rows": summary.completed,
        "failed": summary.failed,
        "data_digest": data.get("digest"),
        "of": document.get("run"),
        "variant": document.get("variant"),
        "declared": document.get("file") is not None,
        "metrics": list(results),
        "results": results or None,
        "tokens": summary.input_tokens + summary.output_tokens,
        "cost": summary.cost,
    }


def _plain(value: Any) -> Any:
    """A metric as the ledger takes it: JSON, without the numbers that are none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value
