"""The tool of prompt nodes."""

from typing import Any

from ferrata.flows.chat_prompts import PromptResult, render_prompt_node
from ferrata.flows.promptflow._core.tool import INPUTS_TO_ESCAPE_PARAM_KEY, tool

__all__ = ["render_template_jinja2"]


@tool
def render_template_jinja2(template: str, **kwargs: Any) -> PromptResult:
    """The template with values filled in; roles in the flow's inputs stay guarded for the node that is given the text."""
    escape = kwargs.pop(INPUTS_TO_ESCAPE_PARAM_KEY, None) or ()
    return render_prompt_node(template, kwargs, escape=escape)
