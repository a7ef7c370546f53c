"""Evaluators of people's own: a function, a class, an instance, in this process or in a file of the project."""

from ferrata.evals.evaluators.custom.loading import load_evaluator
from ferrata.evals.evaluators.custom.making import evaluator_of
from ferrata.evals.evaluators.custom.marks import evaluator
from ferrata.evals.evaluators.custom.results import scores_of

__all__ = ["evaluator", "evaluator_of", "load_evaluator", "scores_of"]
