"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.connections import Connections, HttpLimits
    from ferrata.gateway.places import WorkerOrder
    from ferrata.gateway.protocol import GatewayProtocol
    from ferrata.gateway.server import HttpServer, Served, WorkerContext
    from ferrata.gateway.sockets import listen_for
    from ferrata.gateway.supervisor import GatewayPlan, supervise
else:
    __getattr__ = door(
        __name__,
        connections=["Connections", "HttpLimits"],
        places=["WorkerOrder"],
        protocol=["GatewayProtocol"],
        server=["HttpServer", "Served", "WorkerContext"],
        sockets=["listen_for"],
        supervisor=["GatewayPlan", "supervise"],
    )

__all__ = [
    "Connections",
    "GatewayPlan",
    "GatewayProtocol",
    "HttpLimits",
    "HttpServer",
    "Served",
    "WorkerContext",
    "WorkerOrder",
    "listen_for",
    "supervise",
]
