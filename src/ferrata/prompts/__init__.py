"""Prompts as engineered assets: read, render, check, test, compare and convert `.prompty` files."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.prompts.answers import answer_of
    from ferrata.prompts.compare import Comparison, compare_prompts, prompt_meaning
    from ferrata.prompts.dialects import Converted, convert_prompt, parse_prompt, read_prompt
    from ferrata.prompts.files import meaning_of_files, prompt_files, read_files
    from ferrata.prompts.lint import SEVERITIES, Finding, Rule, lint_prompt, lint_rules, lint_sarif, lint_text
    from ferrata.prompts.rendering import inputs_of, render_prompt, render_request, request_of, variables_of
    from ferrata.prompts.scaffold import Technique, new_prompt, techniques
    from ferrata.prompts.triple import (
        Case,
        CaseResult,
        ChatModel,
        Check,
        is_refusal,
        make_cases,
        read_cases,
        run_cases,
        search_within,
        write_cases,
    )
    from ferrata.prompts.types import DIALECTS, REQUIRED, Dialect, Input, ModelChoice, Output, Prompt
else:
    __getattr__ = door(
        __name__,
        answers=["answer_of"],
        compare=["Comparison", "compare_prompts", "prompt_meaning"],
        dialects=["Converted", "convert_prompt", "parse_prompt", "read_prompt"],
        files=["meaning_of_files", "prompt_files", "read_files"],
        lint=["SEVERITIES", "Finding", "Rule", "lint_prompt", "lint_rules", "lint_sarif", "lint_text"],
        rendering=["inputs_of", "render_prompt", "render_request", "request_of", "variables_of"],
        scaffold=["Technique", "new_prompt", "techniques"],
        triple=[
            "Case",
            "CaseResult",
            "ChatModel",
            "Check",
            "is_refusal",
            "make_cases",
            "read_cases",
            "run_cases",
            "search_within",
            "write_cases",
        ],
        types=["DIALECTS", "REQUIRED", "Dialect", "Input", "ModelChoice", "Output", "Prompt"],
    )

__all__ = [
    "DIALECTS",
    "REQUIRED",
    "SEVERITIES",
    "Case",
    "CaseResult",
    "ChatModel",
    "Check",
    "Comparison",
    "Converted",
    "Dialect",
    "Finding",
    "Input",
    "ModelChoice",
    "Output",
    "Prompt",
    "Rule",
    "Technique",
    "answer_of",
    "compare_prompts",
    "convert_prompt",
    "inputs_of",
    "is_refusal",
    "lint_prompt",
    "lint_rules",
    "lint_sarif",
    "lint_text",
    "make_cases",
    "meaning_of_files",
    "new_prompt",
    "parse_prompt",
    "prompt_files",
    "prompt_meaning",
    "read_cases",
    "read_files",
    "read_prompt",
    "render_prompt",
    "render_request",
    "request_of",
    "run_cases",
    "search_within",
    "techniques",
    "variables_of",
    "write_cases",
]
