"""Ferrata: GenAIOps maturity from evidence, and the machinery to climb it.

    import ferrata as fr

`fr.flow` and `fr.step` make flows of Python functions, `fr.evaluate` runs a target over data under evaluators. What is offered here is imported when it is first used.
"""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.eval_api import EvalReport, evaluate
    from ferrata.evals import evaluator
    from ferrata.flows import flow, step
else:
    __getattr__ = door(__name__, eval_api=["EvalReport", "evaluate"], evals=["evaluator"], flows=["flow", "step"])

__all__ = ["EvalReport", "__version__", "evaluate", "evaluator", "flow", "step"]

__version__ = "0.1.0"
