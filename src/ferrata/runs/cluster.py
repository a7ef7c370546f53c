"""The Ray cluster that rows are spread over: the one at RAY_ADDRESS, else one of this machine. Knows nothing of rows."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from ferrata.errors import UsageError

__all__ = ["open_cluster"]


def open_cluster() -> Any:
    """The package ray, connected; nothing is told to its makers.

    Raises:
        UsageError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would hide accelerators from workers that ask for none, and warns that it will stop doing so.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        ray = import_module("ray")
    except ImportError:
        raise UsageError("running on a cluster needs the package ray", hint="pip install 'ferrata[ray]'") from None
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="ERROR")
    return ray
