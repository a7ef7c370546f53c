"""`promptflow._sdk`: errors and entities of the client."""

from ferrata.flows.promptflow._sdk._errors import InvalidRunStatusError, RunNotFoundError, SDKError

__all__ = ["InvalidRunStatusError", "RunNotFoundError", "SDKError"]
