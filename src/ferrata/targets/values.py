"""What a target gave, by names. Knows no target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["values_of"]


def values_of(output: Any) -> dict[str, Any]:
    """An output by names, the answer itself under `response`."""
    if not isinstance(output, Mapping):
        return {"response": output}
    values = dict(cast("Mapping[str, Any]", output))
    if "response" not in values:
        usual = next((name for name in ("answer", "output", "output_text", "result") if name in values), None)
        if usual is None and len(values) == 1:
            usual = next(iter(values))
        if usual is not None:
            values["response"] = values[usual]
    return values
