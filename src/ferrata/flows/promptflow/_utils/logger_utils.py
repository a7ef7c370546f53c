"""Loggers, by the names that Prompt Flow gives them."""

from __future__ import annotations

import logging
import sys

__all__ = ["LoggerFactory", "bulk_logger", "flow_logger", "get_cli_sdk_logger", "get_logger", "logger"]


def get_logger(name: str) -> logging.Logger:
    """A logger that writes to standard output, which a node's logs hold."""
    found = logging.getLogger(name)
    found.setLevel(logging.INFO)
    found.propagate = False
    if not any(isinstance(handler, _Printed) for handler in found.handlers):
        handler = _Printed()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)-18s %(levelname)-8s %(message)s"))
        found.addHandler(handler)
    return found


class LoggerFactory:
    """Makes loggers."""

    @staticmethod
    def get_logger(name: str, verbosity: int = logging.INFO, target_stdout: bool = False) -> logging.Logger:
        """A logger of a name."""
        _ = target_stdout
        found = get_logger(name)
        found.setLevel(verbosity)
        return found


def get_cli_sdk_logger() -> logging.Logger:
    """The one of the command line."""
    return LoggerFactory.get_logger("promptflow", verbosity=logging.WARNING)


class _Printed(logging.Handler):
    """Prints to what standard output is at that moment, so that it can be captured."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record) + "\n")


flow_logger = logging.getLogger("execution.flow")
bulk_logger = logging.getLogger("execution.bulk")
logger = logging.getLogger("execution")
