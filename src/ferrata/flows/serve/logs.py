"""What of a row goes into the server's log: what its code printed, and where it failed. Answers nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrata.flows.types import LineResult

__all__ = ["log_line"]

_log = logging.getLogger("ferrata.flows.serve")


def log_line(result: LineResult, request_id: str) -> None:
    """Write it, each line with the request's id."""
    for node in result.nodes.values():
        for line in node.logs.splitlines():
            _log.info("%s %s: %s", request_id, node.name, line)
    if result.error is not None and "details" in result.error:
        _log.warning("%s %s", request_id, result.error["details"]["traceback"].rstrip())
