"""Ferrata: GenAIOps maturity from evidence, and the machinery to climb it.

    import ferrata as fr

`fr.flow` and `fr.step` make flows of Python functions, `fr.evaluator` says how the score of an own evaluator is read. What is offered here is imported when it is first used.
"""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals import evaluator
    from ferrata.flows import flow, step
else:
    __getattr__ = door(__name__, evals=["evaluator"], flows=["flow", "step"])

__all__ = ["__version__", "evaluator", "flow", "step"]

__version__ = "0.1.0"
