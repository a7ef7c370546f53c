"""One flow over HTTP, in the words of Prompt Flow's served app."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.serve.server import ServeLimits, listen, serve_flow
else:
    __getattr__ = door(__name__, server=["ServeLimits", "listen", "serve_flow"])

__all__ = ["ServeLimits", "listen", "serve_flow"]
