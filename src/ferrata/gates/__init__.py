"""Gates: rules over an evaluation, against a baseline or a limit; pass, fail or inconclusive."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gates.changes import changes_of, with_distributions
    from ferrata.gates.deciding import Decision, conclude, decide
    from ferrata.gates.kept import Decided, keep_result, last_pass, verdict_of
    from ferrata.gates.measuring import How, Measured, measure
    from ferrata.gates.reading import read_file, read_run, save_scores
    from ferrata.gates.reports import FORMATS, Place, check_ending, place_of, render, tell_github, write_report
    from ferrata.gates.settings import GateSettings, RuleSettings, changed_gate, gate_of, gates_of
    from ferrata.gates.sides import Scored, resolve_metric
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
else:
    __getattr__ = door(
        __name__,
        changes=["changes_of", "with_distributions"],
        deciding=["Decision", "conclude", "decide"],
        kept=["Decided", "keep_result", "last_pass", "verdict_of"],
        measuring=["How", "Measured", "measure"],
        reading=["read_file", "read_run", "save_scores"],
        reports=["FORMATS", "Place", "check_ending", "place_of", "render", "tell_github", "write_report"],
        settings=["GateSettings", "RuleSettings", "changed_gate", "gate_of", "gates_of"],
        sides=["Scored", "resolve_metric"],
        types=["Change", "Distribution", "GateResult", "Rule", "RuleKind", "RuleResult", "Side", "Standing", "Verdict"],
    )

__all__ = [
    "FORMATS",
    "Change",
    "Decided",
    "Decision",
    "Distribution",
    "GateResult",
    "GateSettings",
    "How",
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
    "changed_gate",
    "changes_of",
    "check_ending",
    "conclude",
    "decide",
    "gate_of",
    "gates_of",
    "keep_result",
    "last_pass",
    "measure",
    "place_of",
    "read_file",
    "read_run",
    "render",
    "resolve_metric",
    "save_scores",
    "tell_github",
    "verdict_of",
    "with_distributions",
    "write_report",
]
