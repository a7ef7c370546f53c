"""Prompts as engineered assets: read, render, check, compare and convert `.prompty` files."""

from ferrata.prompts.dialects import parse_prompt, read_prompt
from ferrata.prompts.rendering import inputs_of, render_prompt, render_request, request_of, variables_of
from ferrata.prompts.types import DIALECTS, REQUIRED, Dialect, Input, ModelChoice, Output, Prompt

__all__ = [
    "DIALECTS",
    "REQUIRED",
    "Dialect",
    "Input",
    "ModelChoice",
    "Output",
    "Prompt",
    "inputs_of",
    "parse_prompt",
    "read_prompt",
    "render_prompt",
    "render_request",
    "request_of",
    "variables_of",
]
