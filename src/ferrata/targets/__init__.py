"""Whatever can be evaluated, by name: a prompt on a model, a flow, a model alone, a function in Python, a URL.

    prompts/support.prompty    prompt/support@production    flows/support    flow.dag.yaml
    model:fast                 src/bot.py:answer            package.module:answer     https://host/score

Knows no dataset and no evaluator.
"""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.targets.find import Around, target_of
    from ferrata.targets.kinds import FlowTarget, FunctionTarget, ModelTarget, PromptTarget
    from ferrata.targets.urls import UrlTarget
    from ferrata.targets.values import values_of
else:
    __getattr__ = door(
        __name__,
        find=("Around", "target_of"),
        kinds=("FlowTarget", "FunctionTarget", "ModelTarget", "PromptTarget"),
        urls=("UrlTarget",),
        values=("values_of",),
    )

__all__ = [
    "Around",
    "FlowTarget",
    "FunctionTarget",
    "ModelTarget",
    "PromptTarget",
    "UrlTarget",
    "target_of",
    "values_of",
]
