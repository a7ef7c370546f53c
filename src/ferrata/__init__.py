"""Ferrata: GenAIOps maturity from evidence, and the machinery to climb it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
