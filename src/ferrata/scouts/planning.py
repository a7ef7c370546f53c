"""Who would be asked for a use case, and for how much; whom a budget pays for. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import UsageError
from ferrata.scouts.types import PassedOver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.scouts.measuring import Used
    from ferrata.scouts.types import Candidate, UseCase

__all__ = ["Plan", "Planned", "affordable"]


class Planned(NamedTuple):
    """A model that would be asked.

    Attributes:
        candidate: which; of the incumbent, it has no reasons.
        calls: rows that nobody answered yet, repeats counted.
        cost: US dollars at most, judges included; None where there is no price.
    """

    candidate: Candidate
    calls: int
    cost: float | None


@dataclass(frozen=True)
class Plan:
    """Who would be asked for a use case.

    Attributes:
        use_case: for which.
        models: the incumbent first.
        passed_over: who would not, and why.
        used: what requests took in the last run.
        guessed: nobody has measured that yet.
        rows: of the data, repeats counted.
        retires: why the incumbent cannot stay; empty where it can.
    """

    use_case: UseCase
    models: Sequence[Planned]
    passed_over: Sequence[PassedOver]
    used: Used
    guessed: bool
    rows: int
    retires: str = ""

    @property
    def cost(self) -> float:
        """US dollars of all whose price is known."""
        return sum(one.cost or 0.0 for one in self.models)


def affordable(plan: Plan, budget: float | None) -> tuple[list[Planned], list[PassedOver]]:
    """Whom a budget pays for, the incumbent first.

    Raises:
        UsageError: nobody but the incumbent.
    """
    others = plan.models[1:]
    if not others:
        hint = "; ".join(f"{one.id}: {one.why}" for one in plan.passed_over[:5]) or "name one: --include VENDOR/MODEL"
        raise UsageError(f"{plan.use_case.name}: there is no model to try", hint=hint)
    if budget is None:
        return list(plan.models), []
    left, chosen, passed = budget - (plan.models[0].cost or 0.0), [plan.models[0]], list[PassedOver]()
    for one in others:
        if one.cost is None:
            passed.append(
                PassedOver(one.candidate.id, "no price is known, so that no budget holds: give it under `prices`")
            )
        elif one.cost > left:
            passed.append(
                PassedOver(one.candidate.id, f"about ${one.cost:.4f}, and ${max(left, 0):.4f} of the budget is left")
            )
        else:
            chosen.append(one)
            left -= one.cost
    if len(chosen) == 1:
        known = [one.cost for one in others if one.cost is not None]
        least = (plan.models[0].cost or 0.0) + min(known, default=0.0)
        raise UsageError(
            f"{plan.use_case.name}: the budget of ${budget:g} does not pay for one candidate",
            hint=f"give about ${least:.4f} and more, or fewer --rows" if known else passed[0].why,
        )
    return chosen, passed
