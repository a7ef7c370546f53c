"""The garbage collector of a process that runs many rows. Knows nothing of rows."""

from __future__ import annotations

import gc

__all__ = ["spare_collector"]

_THRESHOLDS = (20_000, 20, 20)


def spare_collector() -> None:
    """Keep the collector from looking, again and again, at what was loaded at the start and stays.

    Measured on a run of 5,000 rows that ask a model: a quarter of the processor's time.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
