"""From a prompt and its inputs to messages."""

from ferrata.prompts.rendering.compile import check_template, variables_of
from ferrata.prompts.rendering.render import inputs_of, render_prompt, render_request, request_of

__all__ = ["check_template", "inputs_of", "render_prompt", "render_request", "request_of", "variables_of"]
