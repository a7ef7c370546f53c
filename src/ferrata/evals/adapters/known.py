"""Which other packages' evaluators can be used. Knows of each package only its file here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.evals.adapters.autoevals import AutoevalsAdapter
from ferrata.evals.adapters.azure import AzureAdapter
from ferrata.evals.adapters.deepeval import DeepevalAdapter
from ferrata.evals.adapters.ragas import RagasAdapter

if TYPE_CHECKING:
    from ferrata.evals.adapters.base import Adapter
    from ferrata.evals.types import Evaluator

__all__ = ["adapted"]

_ADAPTERS: tuple[Adapter, ...] = (AzureAdapter(), RagasAdapter(), DeepevalAdapter(), AutoevalsAdapter())


def adapted(thing: Any, *, alias: str = "", threshold: float | None = None, **init: Any) -> Evaluator | None:
    """The evaluator of another package; None where the thing is of none of those that are known.

    Args:
        thing: `azure:NAME`, `ragas:NAME`, `deepeval:NAME` or `autoevals:NAME`, NAME a class of the package's; or a class
            or an instance of it, or of a class that is based on one of its.
        alias: its name in a run and the key of its score; usual: the class's name.
        threshold: of the score, in the place of the class's usual one.
        init: arguments for the class.

    Raises:
        UsageError: the package is not installed, or the class cannot be made with these arguments.
        NotFound: the package has no such class.
    """
    for adapter in _ADAPTERS:
        if isinstance(thing, str):
            prefix, _, name = thing.partition(":")
            if prefix == adapter.prefix and name:
                return adapter.adapt(adapter.find(name), alias or name, threshold, init)
        elif adapter.owns(thing):
            kind = thing if isinstance(thing, type) else type(thing)
            return adapter.adapt(thing, alias or kind.__name__, threshold, init)
    return None
