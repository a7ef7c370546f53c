"""The linter: the system-message framework, and what else goes wrong in prompts."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.prompts.lint.facts import template_parts
    from ferrata.prompts.lint.rules import lint_rules
    from ferrata.prompts.lint.run import covers, is_document, is_untrusted, lint_prompt, lint_text
    from ferrata.prompts.lint.sarif import lint_sarif
    from ferrata.prompts.lint.types import SEVERITIES, Finding, Rule
else:
    __getattr__ = door(
        __name__,
        facts=["template_parts"],
        rules=["lint_rules"],
        run=["covers", "is_document", "is_untrusted", "lint_prompt", "lint_text"],
        sarif=["lint_sarif"],
        types=["SEVERITIES", "Finding", "Rule"],
    )

__all__ = [
    "SEVERITIES",
    "Finding",
    "Rule",
    "covers",
    "is_document",
    "is_untrusted",
    "lint_prompt",
    "lint_rules",
    "lint_sarif",
    "lint_text",
    "template_parts",
]
