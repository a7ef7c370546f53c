"""Keeping up with models: which could take a use case's place, what each is worth, and the change that a switch would be."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.scouts.candidates import Search, find_candidates, id_of, needs_of, unaskable
    from ferrata.scouts.front import judge_front, recommend
    from ferrata.scouts.kept import keep_result
    from ferrata.scouts.measuring import Measurement, Used, measure_run, used_by
    from ferrata.scouts.planning import Plan, Planned, affordable
    from ferrata.scouts.proposal import entry_for, patch_of, switched
    from ferrata.scouts.report import write_report
    from ferrata.scouts.settings import ScoutSettings, parse_span, scout_settings
    from ferrata.scouts.types import Candidate, Measured, Needs, Outcome, PassedOver, ScoutResult, UseCase, grouped
else:
    __getattr__ = door(
        __name__,
        candidates=["Search", "find_candidates", "id_of", "needs_of", "unaskable"],
        front=["judge_front", "recommend"],
        kept=["keep_result"],
        measuring=["Measurement", "Used", "measure_run", "used_by"],
        planning=["Plan", "Planned", "affordable"],
        proposal=["entry_for", "patch_of", "switched"],
        report=["write_report"],
        settings=["ScoutSettings", "parse_span", "scout_settings"],
        types=["Candidate", "Measured", "Needs", "Outcome", "PassedOver", "ScoutResult", "UseCase", "grouped"],
    )

__all__ = [
    "Candidate",
    "Measured",
    "Measurement",
    "Needs",
    "Outcome",
    "PassedOver",
    "Plan",
    "Planned",
    "ScoutResult",
    "ScoutSettings",
    "Search",
    "UseCase",
    "Used",
    "affordable",
    "entry_for",
    "find_candidates",
    "grouped",
    "id_of",
    "judge_front",
    "keep_result",
    "measure_run",
    "needs_of",
    "parse_span",
    "patch_of",
    "recommend",
    "scout_settings",
    "switched",
    "unaskable",
    "used_by",
    "write_report",
]
