"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.protocol import Connections, GatewayProtocol, HttpLimits
    from ferrata.gateway.server import HttpServer, Served, WorkerContext
else:
    __getattr__ = door(
        __name__,
        protocol=["Connections", "GatewayProtocol", "HttpLimits"],
        server=["HttpServer", "Served", "WorkerContext"],
    )

__all__ = ["Connections", "GatewayProtocol", "HttpLimits", "HttpServer", "Served", "WorkerContext"]
