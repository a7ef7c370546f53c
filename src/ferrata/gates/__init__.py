"""Gates: rules over an evaluation, against a baseline or a limit; pass, fail or inconclusive."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gates.reports import FORMATS, Place, render, tell_github, write_report
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
        reports=["FORMATS", "Place", "render", "tell_github", "write_report"],
        types=["Change", "Distribution", "GateResult", "Rule", "RuleKind", "RuleResult", "Side", "Standing", "Verdict"],
    )

__all__ = [
    "FORMATS",
    "Change",
    "Distribution",
    "GateResult",
    "Place",
    "Rule",
    "RuleKind",
    "RuleResult",
    "Side",
    "Standing",
    "Verdict",
    "render",
    "tell_github",
    "write_report",
]
