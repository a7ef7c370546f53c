"""The command line."""

from ferrata.cli.main import main

__all__ = ["main"]
