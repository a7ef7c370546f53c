"""The checks, each a function from facts to hits."""

from ferrata.prompts.lint.checks.family import check_family
from ferrata.prompts.lint.checks.fewshot import check_examples
from ferrata.prompts.lint.checks.framework import check_framework
from ferrata.prompts.lint.checks.structure import check_structure
from ferrata.prompts.lint.checks.trust import check_trust
from ferrata.prompts.lint.checks.variables import check_variables
from ferrata.prompts.lint.checks.wording import check_wording

__all__ = [
    "check_examples",
    "check_family",
    "check_framework",
    "check_structure",
    "check_trust",
    "check_variables",
    "check_wording",
]
