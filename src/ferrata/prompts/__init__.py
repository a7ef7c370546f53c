"""Prompts as engineered assets: read, render, check, compare and convert `.prompty` files."""

from ferrata.prompts.dialects import parse_prompt, read_prompt
from ferrata.prompts.lint import SEVERITIES, Finding, Rule, lint_prompt, lint_rules, lint_sarif, lint_text
from ferrata.prompts.rendering import inputs_of, render_prompt, render_request, request_of, variables_of
from ferrata.prompts.types import DIALECTS, REQUIRED, Dialect, Input, ModelChoice, Output, Prompt

__all__ = [
    "DIALECTS",
    "REQUIRED",
    "SEVERITIES",
    "Dialect",
    "Finding",
    "Input",
    "ModelChoice",
    "Output",
    "Prompt",
    "Rule",
    "inputs_of",
    "lint_prompt",
    "lint_rules",
    "lint_sarif",
    "lint_text",
    "parse_prompt",
    "read_prompt",
    "render_prompt",
    "render_request",
    "request_of",
    "variables_of",
]
