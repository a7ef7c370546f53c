"""Gates: rules over an evaluation, against a baseline or a limit; pass, fail or inconclusive."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gates.changes import changes_of, with_distributions
    from ferrata.gates.deciding import Decision, conclude, decide
    from ferrata.gates.drawing import drawn, looks_of
    from ferrata.gates.kept import Decided, keep_result, kind_of, last_pass, record_of, verdict_of
    from ferrata.gates.looking import Looking, before_run
    from ferrata.gates.measuring import Measured, measure
    from ferrata.gates.planning import How
    from ferrata.gates.reading import read_file, read_run, save_scores
    from ferrata.gates.reports import FORMATS, Place, check_ending, place_of, render, tell_github, write_report
    from ferrata.gates.settings import GateSettings, RuleSettings, changed_gate, gate_of, gates_of
    from ferrata.gates.sides import Scored, counted, resolve_metric
    from ferrata.gates.telling import foreign, looked_words, other_data
    from ferrata.gates.types import (
        Change,
        Distribution,
        GateResult,
        Rule,
        RuleKind,
        RuleResult,
        Side,
        Standing,
        Verdict,
    )
    from ferrata.gates.watching import Ends, Watch
else:
    __getattr__ = door(
        __name__,
        changes=["changes_of", "with_distributions"],
        deciding=["Decision", "conclude", "decide"],
        drawing=["drawn", "looks_of"],
        kept=["Decided", "keep_result", "kind_of", "last_pass", "record_of", "verdict_of"],
        looking=["Looking", "before_run"],
        measuring=["Measured", "measure"],
        planning=["How"],
        reading=["read_file", "read_run", "save_scores"],
        reports=["FORMATS", "Place", "check_ending", "place_of", "render", "tell_github", "write_report"],
        settings=["GateSettings", "RuleSettings", "changed_gate", "gate_of", "gates_of"],
        sides=["Scored", "counted", "resolve_metric"],
        telling=["foreign", "looked_words", "other_data"],
        types=["Change", "Distribution", "GateResult", "Rule", "RuleKind", "RuleResult", "Side", "Standing", "Verdict"],
        watching=["Ends", "Watch"],
    )

__all__ = [
    "FORMATS",
    "Change",
    "Decided",
    "Decision",
    "Distribution",
    "Ends",
    "GateResult",
    "GateSettings",
    "How",
    "Looking",
    "Measured",
    "Place",
    "Rule",
    "RuleKind",
    "RuleResult",
    "RuleSettings",
    "Scored",
    "Side",
    "Standing",
    "Verdict",
    "Watch",
    "before_run",
    "changed_gate",
    "changes_of",
    "check_ending",
    "conclude",
    "counted",
    "decide",
    "drawn",
    "foreign",
    "gate_of",
    "gates_of",
    "keep_result",
    "kind_of",
    "last_pass",
    "looked_words",
    "looks_of",
    "measure",
    "other_data",
    "place_of",
    "read_file",
    "read_run",
    "record_of",
    "render",
    "resolve_metric",
    "save_scores",
    "tell_github",
    "verdict_of",
    "with_distributions",
    "write_report",
]
