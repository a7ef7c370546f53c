"""Gates: rules over an evaluation, against a baseline or a limit; pass, fail or inconclusive."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
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
        types=["Change", "Distribution", "GateResult", "Rule", "RuleKind", "RuleResult", "Side", "Standing", "Verdict"],
    )

__all__ = ["Change", "Distribution", "GateResult", "Rule", "RuleKind", "RuleResult", "Side", "Standing", "Verdict"]
