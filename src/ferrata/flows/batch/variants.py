"""Variants of a flow's nodes as runs, and the runs side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.flows.batch.types import RunSummary
    from ferrata.flows.types import Flow

__all__ = ["all_variants", "side_by_side", "variant_id"]

_VARIANT = re.compile(r"\$\{([^.{}]+)\.([^{}]+)\}\Z")


def variant_id(variant: str) -> str:
    """The id in `${node.id}`.

    Raises:
        UsageError: it is written in another way.
    """
    match = _VARIANT.match(variant.strip("'\""))
    if match is None:
        raise UsageError(
            f"not a variant: {variant!r}", hint="write it as '${node.variant}', in single quotes in a shell"
        )
    return match[2]


def all_variants(flow: Flow) -> list[str]:
    """Each variant of each node, as `${node.id}`.

    Raises:
        UsageError: the flow has none.
    """
    found = [f"${{{node}.{one}}}" for node, variants in flow.variants.items() for one in variants]
    if not found:
        raise UsageError(f"the flow {flow.name!r} has no variants", hint="run it without --variant")
    return found


def side_by_side(runs: Iterable[tuple[str, RunSummary]]) -> list[list[Any]]:
    """Variants and their runs as a table: a header, then a row each; None where there is nothing to show.

    Args:
        runs: variant and what came of it.
    """
    found = list(runs)
    metrics = list(dict.fromkeys(name for _, run in found for name in run.metrics))
    header = ["variant", "run", "status", "completed", "failed", "seconds", "tokens", "cost_usd", *metrics]
    return [header, *(_row(variant, run, metrics) for variant, run in found)]


def _row(variant: str, run: RunSummary, metrics: Sequence[str]) -> list[Any]:
    tokens = run.input_tokens + run.output_tokens
    about = [variant, run.name, str(run.status), run.completed, run.failed, round(run.seconds, 3), tokens, run.cost]
    return [*about, *(run.metrics.get(name) for name in metrics)]
