"""The scanner: what a repository shows, without running any of it."""

from ferrata.maturity.scan.engine import check_examples, scan_repository, scan_texts
from ferrata.maturity.scan.packs import load_rules
from ferrata.maturity.scan.rules import Rule, RuleSet
from ferrata.maturity.scan.types import Finding, ScanResult, Skipped

__all__ = [
    "Finding",
    "Rule",
    "RuleSet",
    "ScanResult",
    "Skipped",
    "check_examples",
    "load_rules",
    "scan_repository",
    "scan_texts",
]
