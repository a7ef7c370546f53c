"""Evaluators of other packages, where these are installed."""

from ferrata.evals.adapters.known import adapted

__all__ = ["adapted"]
