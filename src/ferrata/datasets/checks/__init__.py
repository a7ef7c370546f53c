"""What can be wrong with a dataset: a module a group of checks, each fed row by row."""

from ferrata.datasets.checks.balance import Balance, Lengths
from ferrata.datasets.checks.base import SEVERITIES, Check, Finding, Places, Roles, Severity
from ferrata.datasets.checks.contents import Contradictions, Personal, References
from ferrata.datasets.checks.duplicates import Duplicates, Known, Leakage
from ferrata.datasets.checks.meaning import Paraphrases
from ferrata.datasets.checks.shape import Broken, Columns, Ids, Size

__all__ = [
    "SEVERITIES",
    "Balance",
    "Broken",
    "Check",
    "Columns",
    "Contradictions",
    "Duplicates",
    "Finding",
    "Ids",
    "Known",
    "Leakage",
    "Lengths",
    "Paraphrases",
    "Personal",
    "Places",
    "References",
    "Roles",
    "Severity",
    "Size",
]
