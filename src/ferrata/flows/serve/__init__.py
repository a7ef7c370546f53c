"""One flow over HTTP, in the words of Prompt Flow's served app."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.serve.application import FlowApplication
    from ferrata.flows.serve.asked import check_inputs
    from ferrata.flows.serve.logs import log_line
    from ferrata.flows.serve.refusals import Refusal
    from ferrata.flows.serve.server import ServeLimits, listen, serve_flow
    from ferrata.flows.serve.swagger import input_schema
else:
    __getattr__ = door(
        __name__,
        application=["FlowApplication"],
        asked=["check_inputs"],
        logs=["log_line"],
        refusals=["Refusal"],
        server=["ServeLimits", "listen", "serve_flow"],
        swagger=["input_schema"],
    )

__all__ = [
    "FlowApplication",
    "Refusal",
    "ServeLimits",
    "check_inputs",
    "input_schema",
    "listen",
    "log_line",
    "serve_flow",
]
