"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.attempts import Attempted, AttemptPolicy, Limits, Tried, run_attempts
    from ferrata.gateway.breaker import Breaker
    from ferrata.gateway.deadlines import DeadlineWatch, Watched
    from ferrata.gateway.picking import Picker
    from ferrata.gateway.probing import probe_routes
    from ferrata.gateway.retrying import RetryBudget
    from ferrata.gateway.routes import Route, Routes, build_routes
else:
    __getattr__ = door(
        __name__,
        attempts=["AttemptPolicy", "Attempted", "Limits", "Tried", "run_attempts"],
        breaker=["Breaker"],
        deadlines=["DeadlineWatch", "Watched"],
        picking=["Picker"],
        probing=["probe_routes"],
        retrying=["RetryBudget"],
        routes=["Route", "Routes", "build_routes"],
    )

__all__ = [
    "AttemptPolicy",
    "Attempted",
    "Breaker",
    "DeadlineWatch",
    "Limits",
    "Picker",
    "RetryBudget",
    "Route",
    "Routes",
    "Tried",
    "Watched",
    "build_routes",
    "probe_routes",
    "run_attempts",
]
