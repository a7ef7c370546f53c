"""Maturity: the model, evidence, assessments, the roadmap and reports."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.maturity.advice import evidence_of, roadmap_steps
    from ferrata.maturity.answers import changed_answers, check_answers, merge_answers, read_answers, write_answers
    from ferrata.maturity.assess import Inputs, make_assessment
    from ferrata.maturity.assessor import Assessor
    from ferrata.maturity.built_in import built_in_rules
    from ferrata.maturity.compare import Comparison, PracticeChange, compare_assessments, read_assessment
    from ferrata.maturity.evidence import Answer, Evidence, LedgerRecord, RecordSource
    from ferrata.maturity.git import head_commit, is_bare, line_links, tracks
    from ferrata.maturity.model import MaturityModel, Practice, built_in_model, load_model
    from ferrata.maturity.repo import AssessmentRow, MaturityRepo
    from ferrata.maturity.reports import HistoryPoint, ReportWriter, formats, print_assessment
    from ferrata.maturity.scan import Finding, Rule, RuleSet, ScanResult, check_examples, load_rules, scan_repository
    from ferrata.maturity.types import Assessment, RoadmapStep
else:
    __getattr__ = door(
        __name__,
        advice=["evidence_of", "roadmap_steps"],
        answers=["changed_answers", "check_answers", "merge_answers", "read_answers", "write_answers"],
        assess=["Inputs", "make_assessment"],
        assessor=["Assessor"],
        built_in=["built_in_rules"],
        compare=["Comparison", "PracticeChange", "compare_assessments", "read_assessment"],
        evidence=["Answer", "Evidence", "LedgerRecord", "RecordSource"],
        git=["head_commit", "is_bare", "line_links", "tracks"],
        model=["MaturityModel", "Practice", "built_in_model", "load_model"],
        repo=["AssessmentRow", "MaturityRepo"],
        reports=["HistoryPoint", "ReportWriter", "formats", "print_assessment"],
        scan=["Finding", "Rule", "RuleSet", "ScanResult", "check_examples", "load_rules", "scan_repository"],
        types=["Assessment", "RoadmapStep"],
    )

__all__ = [
    "Answer",
    "Assessment",
    "AssessmentRow",
    "Assessor",
    "Comparison",
    "Evidence",
    "Finding",
    "HistoryPoint",
    "Inputs",
    "LedgerRecord",
    "MaturityModel",
    "MaturityRepo",
    "Practice",
    "PracticeChange",
    "RecordSource",
    "ReportWriter",
    "RoadmapStep",
    "Rule",
    "RuleSet",
    "ScanResult",
    "built_in_model",
    "built_in_rules",
    "changed_answers",
    "check_answers",
    "check_examples",
    "compare_assessments",
    "evidence_of",
    "formats",
    "head_commit",
    "is_bare",
    "line_links",
    "load_model",
    "load_rules",
    "make_assessment",
    "merge_answers",
    "print_assessment",
    "read_answers",
    "read_assessment",
    "roadmap_steps",
    "scan_repository",
    "tracks",
    "write_answers",
]
