"""The triple of tests: benign, boundary and adversarial cases, made from a prompt's own inputs and run on a model."""

from ferrata.prompts.triple.cases import make_cases, read_cases, write_cases
from ferrata.prompts.triple.checks import is_refusal
from ferrata.prompts.triple.matching import search_within
from ferrata.prompts.triple.run import CaseResult, ChatModel, run_cases
from ferrata.prompts.triple.types import Case, Check, CheckResult

__all__ = [
    "Case",
    "CaseResult",
    "ChatModel",
    "Check",
    "CheckResult",
    "is_refusal",
    "make_cases",
    "read_cases",
    "run_cases",
    "search_within",
    "write_cases",
]
