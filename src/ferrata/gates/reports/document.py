"""A gate's result as JSON, for programs; `docs/gate.schema.json` describes it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ferrata.gates.reports.base import Place
    from ferrata.gates.types import GateResult

__all__ = ["write_json"]


def write_json(result: GateResult, _place: Place) -> str:
    """The whole result, indented. An end of an interval without a bound, and what is no number, is null."""
    return json.dumps(_plain(result.as_json()), indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    return value
