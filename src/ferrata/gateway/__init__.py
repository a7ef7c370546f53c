"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.answering import Opened, Whole
    from ferrata.gateway.application import Gateway
    from ferrata.gateway.attempts import Attempted, AttemptPolicy, Limits, Tried, run_attempts
    from ferrata.gateway.breaker import Breaker
    from ferrata.gateway.deadlines import DeadlineWatch, Watched
    from ferrata.gateway.doorkeeper import Doorkeeper
    from ferrata.gateway.endpoints import Backend, Endpoint, Endpoints
    from ferrata.gateway.picking import Picker
    from ferrata.gateway.retrying import RetryBudget
    from ferrata.gateway.routes import Route, Routes, build_routes
else:
    __getattr__ = door(
        __name__,
        answering=["Opened", "Whole"],
        application=["Gateway"],
        attempts=["AttemptPolicy", "Attempted", "Limits", "Tried", "run_attempts"],
        breaker=["Breaker"],
        deadlines=["DeadlineWatch", "Watched"],
        doorkeeper=["Doorkeeper"],
        endpoints=["Backend", "Endpoint", "Endpoints"],
        picking=["Picker"],
        retrying=["RetryBudget"],
        routes=["Route", "Routes", "build_routes"],
    )

__all__ = [
    "AttemptPolicy",
    "Attempted",
    "Backend",
    "Breaker",
    "DeadlineWatch",
    "Doorkeeper",
    "Endpoint",
    "Endpoints",
    "Gateway",
    "Limits",
    "Opened",
    "Picker",
    "RetryBudget",
    "Route",
    "Routes",
    "Tried",
    "Watched",
    "Whole",
    "build_routes",
    "run_attempts",
]
