"""Evaluation: what is measured of outputs. So far the computed metrics, behind the door `ferrata.evals.metrics`."""

__all__ = []
